//! Amazon's regions and marketplaces, and the part of them in which the demo seller sells.
//!
//! Ids, currencies and domains are those of Amazon's page "Marketplace IDs".

use super::error::Refusal;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::{America, Asia, Australia, Europe, Tz};
use serde_json::{Value, json};

/// The demo seller's id, which Amazon calls merchant token too.
pub(crate) const SELLER: &str = "A1DEMOSELLER00";

/// A region: one host, one authorisation, one set of usage plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Region {
    /// North America and Brazil.
    Na,
    /// Europe, the Middle East, Africa and India.
    Eu,
    /// The Far East and Australia.
    Fe,
}

impl Region {
    /// The region's name in hosts, document ids and the journal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Na => "na",
            Self::Eu => "eu",
            Self::Fe => "fe",
        }
    }

    /// All regions.
    pub(crate) const ALL: [Self; 3] = [Self::Na, Self::Eu, Self::Fe];

    /// The demo seller's marketplaces of this region that accept calls.
    pub(crate) fn marketplaces(self) -> impl Iterator<Item = &'static Marketplace> + Clone {
        MARKETPLACES
            .iter()
            .filter(move |it| it.region == self && it.participation == Participation::Selling)
    }
}

/// How the demo seller stands to a marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Participation {
    /// Sells there.
    Selling,
    /// Is registered, and listed by Sellers, but does not take part.
    Dormant,
    /// Only listed by Sellers: "Non-Amazon" marketplaces, which no other operation accepts
    /// (recorded by callers of searchOrders).
    Pseudo,
}

/// One of Amazon's marketplaces.
#[derive(Debug, PartialEq)]
pub(crate) struct Marketplace {
    /// Amazon's id.
    pub(crate) id: &'static str,
    /// Its region.
    pub(crate) region: Region,
    /// ISO 3166 code; the United Kingdom is `GB` on the wire.
    pub(crate) country: &'static str,
    /// Name in Sellers; also the sales channel of its orders.
    pub(crate) name: &'static str,
    /// ISO 4217 code.
    pub(crate) currency: &'static str,
    /// Default language, such as `de_DE`.
    pub(crate) language: &'static str,
    /// Domain of the shop.
    pub(crate) domain: &'static str,
    /// Where its business days begin: a public table of Amazon's advertising marketplaces; nothing
    /// of the Selling Partner API says it.
    zone: Tz,
    /// Whether the demo seller sells there.
    pub(crate) participation: Participation,
    /// What a US cent costs there, in hundredths of the currency's smallest unit.
    exchange: u64,
}

use Participation::{Dormant, Pseudo, Selling};
use Region::{Eu, Fe, Na};

/// The columns of [`MARKETPLACES`], so that an entry is a line.
#[expect(clippy::too_many_arguments, reason = "the columns of a table, in its order")]
const fn marketplace(
    region: Region,
    country: &'static str,
    id: &'static str,
    name: &'static str,
    currency: &'static str,
    language: &'static str,
    domain: &'static str,
    zone: Tz,
    participation: Participation,
    exchange: u64,
) -> Marketplace {
    Marketplace {
        id,
        region,
        country,
        name,
        currency,
        language,
        domain,
        zone,
        participation,
        exchange,
    }
}

/// Every marketplace that the demo seller's participations name.
#[rustfmt::skip]
static MARKETPLACES: &[Marketplace] = &[
    marketplace(Na, "US", "ATVPDKIKX0DER", "Amazon.com", "USD", "en_US", "www.amazon.com", America::Los_Angeles, Selling, 100),
    marketplace(Na, "CA", "A2EUQ1WTGCTBG2", "Amazon.ca", "CAD", "en_CA", "www.amazon.ca", America::Los_Angeles, Selling, 138),
    marketplace(Na, "MX", "A1AM78C64UM0Y8", "Amazon.com.mx", "MXN", "es_MX", "www.amazon.com.mx", America::Los_Angeles, Selling, 1790),
    marketplace(Na, "BR", "A2Q3Y263D00KWC", "Amazon.com.br", "BRL", "pt_BR", "www.amazon.com.br", America::Sao_Paulo, Dormant, 540),
    marketplace(Na, "US", "A2ZV50J4W1RKNI", "Non-Amazon", "USD", "en_US", "sim1.stores.amazon.com", America::Los_Angeles, Pseudo, 100),
    marketplace(Eu, "GB", "A1F83G8C2ARO7P", "Amazon.co.uk", "GBP", "en_GB", "www.amazon.co.uk", Europe::London, Selling, 80),
    marketplace(Eu, "DE", "A1PA6795UKMFR9", "Amazon.de", "EUR", "de_DE", "www.amazon.de", Europe::Paris, Selling, 92),
    marketplace(Eu, "FR", "A13V1IB3VIYZZH", "Amazon.fr", "EUR", "fr_FR", "www.amazon.fr", Europe::Paris, Selling, 94),
    marketplace(Eu, "IT", "APJ6JRA9NG5V4", "Amazon.it", "EUR", "it_IT", "www.amazon.it", Europe::Paris, Selling, 94),
    marketplace(Eu, "ES", "A1RKKUPIHCS9HS", "Amazon.es", "EUR", "es_ES", "www.amazon.es", Europe::Paris, Selling, 93),
    marketplace(Eu, "NL", "A1805IZSGTT6HS", "Amazon.nl", "EUR", "nl_NL", "www.amazon.nl", Europe::Amsterdam, Selling, 95),
    marketplace(Eu, "TR", "A33AVAJ2PDY3EV", "Amazon.com.tr", "TRY", "tr_TR", "www.amazon.com.tr", Europe::Istanbul, Selling, 3400),
    marketplace(Fe, "JP", "A1VC38T7YXB528", "Amazon.co.jp", "JPY", "ja_JP", "www.amazon.co.jp", Asia::Tokyo, Selling, 150),
    marketplace(Fe, "AU", "A39IBJ37TRP1C6", "Amazon.com.au", "AUD", "en_AU", "www.amazon.com.au", Australia::Sydney, Selling, 152),
    marketplace(Fe, "SG", "A19VAU5U5O7RUS", "Amazon.sg", "SGD", "en_SG", "www.amazon.sg", Asia::Singapore, Selling, 135),
];

/// Ids of marketplaces that exist and in which the demo seller does not sell: IE, BE, SE, ZA, PL,
/// EG, SA, AE, IN.
const ELSEWHERE: &[&str] = &[
    "A28R8C7NBKEWEA",
    "AMEN7PMS3EDWL",
    "A2NODRKZP88ZB9",
    "AE08WJ6YKNBMC",
    "A1C3SOZRARQ6R3",
    "ARBP9OOSHTCHU",
    "A17E79C6D8DWNP",
    "A2VIGQ35RCS4UG",
    "A21TJRUUN4KGV",
];

/// What a region's host makes of a marketplace id.
#[derive(Debug)]
pub(crate) enum Standing {
    /// The seller sells there, and the host is the right one.
    Open(&'static Marketplace),
    /// A marketplace that this seller, or this host, may not call.
    Denied,
    /// No marketplace.
    Unknown,
}

/// How the id `id` is received on the host of `region`.
pub(crate) fn standing(region: Region, id: &str) -> Standing {
    match MARKETPLACES.iter().find(|it| it.id == id) {
        Some(found) if found.region == region && found.participation == Selling => {
            Standing::Open(found)
        }
        Some(_) => Standing::Denied,
        None if ELSEWHERE.contains(&id) => Standing::Denied,
        None => Standing::Unknown,
    }
}

impl Marketplace {
    /// The business day that it is there at `moment`.
    pub(crate) fn day(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.zone).date_naive()
    }

    /// What the clocks show there at `moment`.
    pub(crate) fn local(&self, moment: DateTime<Utc>) -> DateTime<Tz> {
        moment.with_timezone(&self.zone)
    }

    /// Whether tax is added to prices at the checkout; elsewhere prices hold it.
    pub(crate) fn adds_tax(&self) -> bool {
        matches!(self.country, "US" | "CA")
    }

    /// What `cents` of US money are here, in the currency's smallest unit.
    pub(crate) fn converted(&self, cents: u64) -> u64 {
        cents.saturating_mul(self.exchange) / 100
    }

    /// Digits after the decimal point in this currency.
    pub(crate) fn decimals(&self) -> u32 {
        if self.currency == "JPY" { 0 } else { 2 }
    }

    /// `minor` units of this currency, as flat files write money.
    pub(crate) fn money(&self, minor: u64) -> String {
        match self.decimals() {
            0 => minor.to_string(),
            _ => format!("{}.{:02}", minor / 100, minor % 100),
        }
    }
}

/// The marketplace of `region` with the id `id`, if the seller may ask for it there.
pub(crate) fn open(region: Region, id: &str) -> Result<&'static Marketplace, Refusal> {
    match standing(region, id) {
        Standing::Open(marketplace) => Ok(marketplace),
        Standing::Denied => Err(Refusal::denied("The seller does not sell in this marketplace.")),
        Standing::Unknown => Err(Refusal::invalid(format!("Invalid marketplaceId: {id}"))),
    }
}

/// The payload of getMarketplaceParticipations in `region`.
pub(crate) fn participations(region: Region) -> Value {
    MARKETPLACES
        .iter()
        .filter(|it| it.region == region)
        .map(|it| {
            json!({
                "marketplace": {
                    "id": it.id,
                    "countryCode": it.country,
                    "name": it.name,
                    "defaultCurrencyCode": it.currency,
                    "defaultLanguageCode": it.language,
                    "domainName": it.domain,
                },
                "storeName": "Northwind Outdoor",
                "participation": {
                    "isParticipating": it.participation != Dormant,
                    "hasSuspendedListings": false,
                },
            })
        })
        .collect()
}
