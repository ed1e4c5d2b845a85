//! Amazon's marketplaces and the regions that serve them.
//!
//! A table and look-ups in it, so that a wrong id or country is found before anything is called.
//! Whether a seller takes part in a marketplace is Amazon's to say, not this module's.

use std::fmt;

use chrono_tz::Tz;

/// A part of the world with its own endpoint, its own sellers and its own refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// North America, and Brazil.
    Na,
    /// Europe, the Middle East, Africa and India.
    Eu,
    /// The Far East and Australia.
    Fe,
}

impl Region {
    /// All regions, in the order of Amazon's documentation.
    pub const ALL: [Self; 3] = [Self::Na, Self::Eu, Self::Fe];

    /// Amazon's code of the region in small letters, as it stands in configurations and records.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Na => "na",
            Self::Eu => "eu",
            Self::Fe => "fe",
        }
    }

    /// Address of the production API, without a slash at its end.
    #[must_use]
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::Na => "https://sellingpartnerapi-na.amazon.com",
            Self::Eu => "https://sellingpartnerapi-eu.amazon.com",
            Self::Fe => "https://sellingpartnerapi-fe.amazon.com",
        }
    }

    /// Address of the sandbox, without a slash at its end.
    #[must_use]
    pub fn sandbox_endpoint(self) -> &'static str {
        match self {
            Self::Na => "https://sandbox.sellingpartnerapi-na.amazon.com",
            Self::Eu => "https://sandbox.sellingpartnerapi-eu.amazon.com",
            Self::Fe => "https://sandbox.sellingpartnerapi-fe.amazon.com",
        }
    }

    /// The region's marketplaces, in the order of the table.
    pub fn marketplaces(self) -> impl Iterator<Item = &'static Marketplace> {
        MARKETPLACES.iter().filter(move |marketplace| marketplace.region == self)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// One of Amazon's retail sites.
#[derive(Debug, PartialEq, Eq)]
pub struct Marketplace {
    /// Amazon's id, as requests and records carry it.
    pub id: &'static str,
    /// ISO 3166 code, as Amazon's API writes it: the United Kingdom is `GB`.
    pub country: &'static str,
    /// English name of the country.
    pub name: &'static str,
    /// The region that serves it.
    pub region: Region,
    /// ISO 4217 code of the site's own currency.
    pub currency: &'static str,
    /// The site's own language; `None` where no public source says it.
    pub locale: Option<&'static str>,
    /// Host name of the site.
    pub domain: &'static str,
    /// Where the site's business days begin and end.
    ///
    /// Amazon publishes no list. These are the zones of Amazon's advertising accounts; Ireland is
    /// our addition.
    pub time_zone: Tz,
}

impl Marketplace {
    /// The marketplace of a country code or a marketplace id, in any case of letters.
    ///
    /// `UK` is accepted beside `GB`: Amazon's documentation prints the one, its API the other.
    #[must_use]
    pub fn find(code: &str) -> Option<&'static Self> {
        let code = code.trim();
        let country = if code.eq_ignore_ascii_case("UK") { "GB" } else { code };
        MARKETPLACES.iter().find(|marketplace| {
            marketplace.country.eq_ignore_ascii_case(country)
                || marketplace.id.eq_ignore_ascii_case(code)
        })
    }

    /// The marketplace that an order report calls by its site, such as `Amazon.co.uk`.
    ///
    /// `None` for `Non-Amazon` and its variants: such orders came in elsewhere and were only sent
    /// by Amazon.
    #[must_use]
    pub fn by_sales_channel(channel: &str) -> Option<&'static Self> {
        let channel = channel.trim();
        MARKETPLACES.iter().find(|marketplace| {
            marketplace
                .domain
                .strip_prefix("www.")
                .is_some_and(|site| site.eq_ignore_ascii_case(channel))
        })
    }

    /// Whether prices on this site are shown without the tax that the buyer pays on top.
    ///
    /// Sales tax is added at the checkout in the United States and in Canada; everywhere else the
    /// price holds it.
    #[must_use]
    pub fn prices_exclude_tax(&self) -> bool {
        matches!(self.country, "US" | "CA")
    }
}

/// Turns the lines of the table below into values.
macro_rules! marketplaces {
    ($($country:literal $id:literal $region:ident $currency:literal $locale:expr, $domain:literal $zone:expr, $name:literal;)*) => {
        &[$(Marketplace {
            id: $id,
            country: $country,
            name: $name,
            region: Region::$region,
            currency: $currency,
            locale: $locale,
            domain: concat!("www.amazon.", $domain),
            time_zone: $zone,
        }),*]
    };
}

/// Every marketplace that the Selling Partner API serves; China is not one of them.
///
/// Ids as Amazon's page of marketplace ids gives them. France is worth a second look: a list in
/// circulation has an id that ends in `BER`, which no answer of Amazon ever held.
pub const MARKETPLACES: &[Marketplace] = marketplaces! {
    "CA" "A2EUQ1WTGCTBG2" Na "CAD" Some("en_CA"), "ca" Tz::America__Los_Angeles, "Canada";
    "US" "ATVPDKIKX0DER" Na "USD" Some("en_US"), "com" Tz::America__Los_Angeles, "United States";
    "MX" "A1AM78C64UM0Y8" Na "MXN" Some("es_MX"), "com.mx" Tz::America__Los_Angeles, "Mexico";
    "BR" "A2Q3Y263D00KWC" Na "BRL" Some("pt_BR"), "com.br" Tz::America__Sao_Paulo, "Brazil";
    "IE" "A28R8C7NBKEWEA" Eu "EUR" Some("en_IE"), "ie" Tz::Europe__Dublin, "Ireland";
    "ES" "A1RKKUPIHCS9HS" Eu "EUR" Some("es_ES"), "es" Tz::Europe__Paris, "Spain";
    "GB" "A1F83G8C2ARO7P" Eu "GBP" Some("en_GB"), "co.uk" Tz::Europe__London, "United Kingdom";
    "FR" "A13V1IB3VIYZZH" Eu "EUR" Some("fr_FR"), "fr" Tz::Europe__Paris, "France";
    "BE" "AMEN7PMS3EDWL" Eu "EUR" Some("fr_BE"), "com.be" Tz::Europe__Brussels, "Belgium";
    "NL" "A1805IZSGTT6HS" Eu "EUR" Some("nl_NL"), "nl" Tz::Europe__Amsterdam, "Netherlands";
    "DE" "A1PA6795UKMFR9" Eu "EUR" Some("de_DE"), "de" Tz::Europe__Paris, "Germany";
    "IT" "APJ6JRA9NG5V4" Eu "EUR" Some("it_IT"), "it" Tz::Europe__Paris, "Italy";
    "SE" "A2NODRKZP88ZB9" Eu "SEK" Some("sv_SE"), "se" Tz::Europe__Stockholm, "Sweden";
    "ZA" "AE08WJ6YKNBMC" Eu "ZAR" None, "co.za" Tz::Africa__Johannesburg, "South Africa";
    "PL" "A1C3SOZRARQ6R3" Eu "PLN" Some("pl_PL"), "pl" Tz::Europe__Warsaw, "Poland";
    "EG" "ARBP9OOSHTCHU" Eu "EGP" None, "eg" Tz::Africa__Cairo, "Egypt";
    "TR" "A33AVAJ2PDY3EV" Eu "TRY" Some("tr_TR"), "com.tr" Tz::Europe__Istanbul, "Turkey";
    "SA" "A17E79C6D8DWNP" Eu "SAR" None, "sa" Tz::Asia__Riyadh, "Saudi Arabia";
    "AE" "A2VIGQ35RCS4UG" Eu "AED" Some("en_AE"), "ae" Tz::Asia__Dubai, "United Arab Emirates";
    "IN" "A21TJRUUN4KGV" Eu "INR" Some("en_IN"), "in" Tz::Asia__Kolkata, "India";
    "SG" "A19VAU5U5O7RUS" Fe "SGD" Some("en_SG"), "sg" Tz::Asia__Singapore, "Singapore";
    "AU" "A39IBJ37TRP1C6" Fe "AUD" Some("en_AU"), "com.au" Tz::Australia__Sydney, "Australia";
    "JP" "A1VC38T7YXB528" Fe "JPY" Some("ja_JP"), "co.jp" Tz::Asia__Tokyo, "Japan";
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_country_and_domain_stands_once() {
        assert_eq!(MARKETPLACES.len(), 23);
        let distinct = |of: fn(&Marketplace) -> &'static str| {
            MARKETPLACES.iter().map(of).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(distinct(|marketplace| marketplace.id), 23);
        assert_eq!(distinct(|marketplace| marketplace.country), 23);
        assert_eq!(distinct(|marketplace| marketplace.domain), 23);
    }

    #[test]
    fn a_marketplace_is_found_by_country_by_id_and_by_its_british_nickname() {
        let id = |code| Marketplace::find(code).map(|marketplace| marketplace.id);
        assert_eq!(id("GB"), Some("A1F83G8C2ARO7P"));
        assert_eq!(id("UK"), Some("A1F83G8C2ARO7P"));
        assert_eq!(id(" de "), Some("A1PA6795UKMFR9"));
        assert_eq!(id("a1vc38t7yxb528"), Some("A1VC38T7YXB528"));
        assert_eq!(id("FR"), Some("A13V1IB3VIYZZH"));
        assert_eq!(id("A13V1IB3VIYBER"), None);
        assert_eq!(id("CN"), None);
    }

    #[test]
    fn a_sales_channel_names_its_marketplace_unless_it_is_not_amazons() {
        let country =
            |channel: &str| Marketplace::by_sales_channel(channel).map(|found| found.country);
        for marketplace in MARKETPLACES {
            let channel = marketplace.domain.replace("www.amazon", "Amazon");
            assert_eq!(country(&channel), Some(marketplace.country));
        }
        assert_eq!(country("amazon.COM.mx"), Some("MX"));
        assert_eq!(country("Non-Amazon"), None);
        assert_eq!(country("Non-Amazon US"), None);
        assert_eq!(country(""), None);
    }

    #[test]
    fn a_region_has_its_own_endpoints_and_marketplaces() {
        let countries = |region: Region| {
            region.marketplaces().map(|marketplace| marketplace.country).collect::<Vec<_>>()
        };
        assert_eq!(countries(Region::Na), ["CA", "US", "MX", "BR"]);
        assert_eq!(countries(Region::Fe), ["SG", "AU", "JP"]);
        assert_eq!(countries(Region::Eu).len(), 16);
        for region in Region::ALL {
            let host = format!("sellingpartnerapi-{region}.amazon.com");
            assert_eq!(region.endpoint(), format!("https://{host}"));
            assert_eq!(region.sandbox_endpoint(), format!("https://sandbox.{host}"));
        }
    }
}
