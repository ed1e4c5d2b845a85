//! The demo seller's products: everything that catalogue, listings, stock, orders and traffic
//! agree on.
//!
//! Products stand in families of seven: a variation parent, five children, and one product of its
//! own. An ASIN, a SKU and a UPC hold the product's index, scrambled where Amazon's have no visible
//! order, so that a look-up needs no table and the catalogue may have any size.

use super::marketplace::{Marketplace, Region};
use crate::random::Random;

/// The world's size and seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// Fixes every invented value.
    pub(crate) seed: u64,
    /// Number of ASINs, variation parents included.
    pub(crate) asins: u64,
    /// Number of orders in each region.
    pub(crate) orders: u64,
    /// How many days back from the start, that day included, the orders reach.
    pub(crate) order_days: u32,
}

/// How many products a family has.
const FAMILY: u64 = 7;

/// A product's place in its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Joins its children; is never sold itself.
    Parent,
    /// A colour and size of a parent.
    Child {
        /// Index of the parent.
        parent: u64,
    },
    /// A product without variations.
    Single,
}

/// One product of the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    /// Its place in the world.
    pub(crate) index: u64,
    /// Amazon's identifier.
    pub(crate) asin: String,
    /// Its place in its family.
    pub(crate) role: Role,
    /// Brand; the same for a family.
    pub(crate) brand: &'static str,
    /// What it is; the same for a family.
    pub(crate) kind: Kind,
    /// Colour, in English.
    pub(crate) color: &'static str,
    /// Size.
    pub(crate) size: &'static str,
    /// The manufacturer's number.
    pub(crate) model: String,
    /// Price in the United States, in cents.
    cents: u64,
}

/// A kind of product, as the demo seller has them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kind {
    /// Amazon's product type.
    pub(crate) product_type: &'static str,
    /// Browse node, which is also the place of the sales rank.
    pub(crate) node: &'static str,
    /// Name of the browse node.
    pub(crate) node_name: &'static str,
    english: &'static str,
    german: &'static str,
    french: &'static str,
    japanese: &'static str,
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { product_type: "TENT", node: "3400371", node_name: "Camping Tents", english: "Dome Tent", german: "Kuppelzelt für Familien", french: "Tente dôme légère", japanese: "ドームテント" },
    Kind { product_type: "SLEEPING_BAG", node: "3401091", node_name: "Sleeping Bags", english: "Sleeping Bag", german: "Schlafsack für Übergrößen", french: "Sac de couchage d’été", japanese: "寝袋 シュラフ" },
    Kind { product_type: "BACKPACK", node: "3400981", node_name: "Hiking Daypacks", english: "Hiking Daypack", german: "Wanderrucksack mit Regenhülle", french: "Sac à dos de randonnée", japanese: "登山 リュック" },
    Kind { product_type: "DRINKING_CUP", node: "3217321", node_name: "Camping Mugs", english: "Enamel Mug", german: "Emaillebecher, spülmaschinenfest", french: "Tasse émaillée", japanese: "ホーロー マグカップ" },
    Kind { product_type: "FLASHLIGHT", node: "3402031", node_name: "Headlamps", english: "Rechargeable Headlamp", german: "Stirnlampe, wiederaufladbar", french: "Lampe frontale à pile", japanese: "充電式 ヘッドライト" },
    Kind { product_type: "CHAIR", node: "3400391", node_name: "Camping Chairs", english: "Folding Chair", german: "Klappstuhl mit Getränkehalter", french: "Chaise pliante à accoudoirs", japanese: "折りたたみ チェア" },
];

const BRANDS: &[&str] = &["Fjellvind", "Kestrel & Co", "Alpenglut", "Tern Outdoor", "Nordlys"];
const COLORS: &[&str] = &["Moss Green", "Slate", "Ochre", "Night Blue", "Red"];
const SIZES: &[&str] = &["S", "M", "L", "XL", "2-Pack"];

/// Letters of an ASIN: 32, so that eight of them hold 40 bits.
const ASIN_LETTERS: &[u8; 32] = b"0123456789ABCDFGHJKLMNPQRSTVWXYZ";
const ASIN_BITS: u64 = (1 << 40) - 1;
const STRIDE: u64 = 0x6a_09e6_67f3;
const TWIST: u64 = 0x3c_6ef3_72fd;

/// The number that, multiplied with the odd number `odd`, gives 1 in 40 bits (Newton's method).
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut round = 0;
    while round < 6 {
        guess = guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess)));
        round += 1;
    }
    guess & ASIN_BITS
}

/// An offer of a product: a SKU and who ships it.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// The seller's own identifier.
    pub(crate) sku: String,
    /// Who ships it.
    pub(crate) channel: Channel,
    /// 0 for a product's first offer, 1 for its second.
    pub(crate) ordinal: u64,
}

/// Who ships an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// Amazon, from its own warehouse.
    Amazon,
    /// The seller.
    Merchant,
}

impl World {
    /// The product at `index`; none beyond the world's size.
    pub(crate) fn product(self, index: u64) -> Option<Product> {
        if index >= self.asins {
            return None;
        }
        let family = index / FAMILY;
        let mut shared = Random::new(self.seed, "family", family);
        let (brand, kind) = (shared.pick(BRANDS), shared.pick(KINDS));
        let cents = shared.between(8, 180) * 100 + 99;
        let mut own = Random::new(self.seed, "product", index);
        let (color, size) = (own.pick(COLORS), own.pick(SIZES));
        let model = format!("{}{}", own.text(b"ABCDEFGHKLMNPRSTUVWXYZ", 3), own.between(100, 9999));
        let cents = cents + own.below(12) * 100;
        let (asin, role) = (self.asin(index), self.role(index));
        Some(Product { index, asin, role, brand, kind, color, size, model, cents })
    }

    /// Every product, parents included.
    pub(crate) fn products(self) -> impl Iterator<Item = Product> + Send {
        (0..self.asins).filter_map(move |index| self.product(index))
    }

    /// The place of the product at `index` in its family. A parent whose children would lie beyond
    /// the world's size is a product of its own.
    fn role(self, index: u64) -> Role {
        let parent = index - index % FAMILY;
        match index % FAMILY {
            0 if index + 1 < self.asins => Role::Parent,
            0 | 6 => Role::Single,
            _ => Role::Child { parent },
        }
    }

    /// Indexes of the children of the parent at `parent`.
    pub(crate) fn children(self, parent: u64) -> std::ops::Range<u64> {
        parent + 1..(parent + FAMILY - 1).min(self.asins)
    }

    /// The seed's part in every ASIN.
    fn salt(self) -> u64 {
        Random::new(self.seed, "asin", 0).number() & ASIN_BITS
    }

    /// The ASIN of the product at `index`.
    pub(crate) fn asin(self, index: u64) -> String {
        let mixed = index.wrapping_mul(STRIDE).wrapping_add(self.salt()) & ASIN_BITS;
        let mixed = (mixed ^ (mixed >> 20)).wrapping_mul(TWIST) & ASIN_BITS;
        let letter = |place: u32| {
            let value = usize::try_from((mixed >> (place * 5)) & 31).unwrap_or(0);
            ASIN_LETTERS.get(value).copied().map_or('0', char::from)
        };
        std::iter::once("B0".to_owned()).chain((0..8).rev().map(|at| letter(at).into())).collect()
    }

    /// The product with the ASIN `asin`.
    pub(crate) fn by_asin(self, asin: &str) -> Option<Product> {
        let letters = asin.strip_prefix("B0").filter(|letters| letters.len() == 8)?;
        let mixed = letters.bytes().try_fold(0_u64, |sum, byte| {
            let value = ASIN_LETTERS.iter().position(|letter| *letter == byte)?;
            Some(sum << 5 | u64::try_from(value).ok()?)
        })?;
        let mixed = mixed.wrapping_mul(inverse(TWIST)) & ASIN_BITS;
        let mixed = (mixed ^ (mixed >> 20)).wrapping_sub(self.salt());
        self.product(mixed.wrapping_mul(inverse(STRIDE)) & ASIN_BITS)
    }

    /// The product that is sold under `sku`.
    pub(crate) fn by_sku(self, sku: &str) -> Option<Product> {
        let product = self.product(sku.split('-').nth(1)?.parse().ok()?)?;
        self.offers(&product).iter().any(|offer| offer.sku == sku).then_some(product)
    }

    /// The products with the 12-digit `upc`: one bar code may belong to several ASINs.
    pub(crate) fn by_upc(self, upc: &str) -> Vec<Product> {
        let Some(index) = upc.get(3..11).and_then(|digits| digits.parse::<u64>().ok()) else {
            return Vec::new();
        };
        (index..index.saturating_add(2))
            .filter_map(|index| self.product(index))
            .filter(|product| self.upc(product).as_deref() == Some(upc))
            .collect()
    }

    /// The product's bar code; variation parents have none.
    pub(crate) fn upc(self, product: &Product) -> Option<String> {
        if product.role == Role::Parent {
            return None;
        }
        let shares = product.index % 43 == 5;
        let index = if shares { product.index - 1 } else { product.index };
        let digits = format!("8{:02}{index:08}", self.seed % 100);
        let sum: u32 = digits
            .bytes()
            .enumerate()
            .map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 0 { 3 } else { 1 })
            .sum();
        Some(format!("{digits}{}", (10 - sum % 10) % 10))
    }

    /// True if `marketplace` has the product. Some families and some children are not sold
    /// everywhere; a parent is everywhere where its family is.
    pub(crate) fn is_sold(self, product: &Product, marketplace: &Marketplace) -> bool {
        let missing = |kind: &str, index: u64, percent| {
            Random::new(self.seed, &format!("{kind} in {}", marketplace.id), index).chance(percent)
        };
        let main = matches!(marketplace.country, "US" | "DE" | "JP");
        if main || product.index == 0 {
            return true;
        }
        !missing("family", product.index / FAMILY, 10)
            && (product.role == Role::Parent || !missing("product", product.index, 8))
    }

    /// The offers of `product`: none for a parent, sometimes two for the others.
    pub(crate) fn offers(self, product: &Product) -> Vec<Offer> {
        if product.role == Role::Parent {
            return Vec::new();
        }
        let mut random = Random::new(self.seed, "offer", product.index);
        let brand: String = product.brand.chars().take(2).collect();
        let color: String = product.color.chars().take(3).collect();
        // Real SKUs hold slashes, spaces and signs that a path must encode.
        let sku = format!("{}-{:05}-{color}/{}", brand.to_uppercase(), product.index, product.size);
        let channel = if random.chance(70) { Channel::Amazon } else { Channel::Merchant };
        let second = random.chance(12).then(|| {
            let sku = format!("{sku} +MFN");
            Offer { sku, channel: Channel::Merchant, ordinal: 1 }
        });
        std::iter::once(Offer { sku, channel, ordinal: 0 }).chain(second).collect()
    }

    /// FBA's own identifier of an offer.
    pub(crate) fn fnsku(self, product: &Product) -> String {
        let mut random = Random::new(self.seed, "fnsku", product.index);
        format!("X00{}{:04}", random.text(ASIN_LETTERS, 3), product.index % 10_000)
    }

    /// The product's title in `marketplace`, with the oddities of real titles.
    pub(crate) fn title(self, product: &Product, marketplace: &Marketplace) -> String {
        let Product { brand, kind, color, size, .. } = product;
        let name = match marketplace.language.get(..2) {
            Some("de") => kind.german,
            Some("fr") => kind.french,
            Some("ja") => kind.japanese,
            _ => kind.english,
        };
        if product.role == Role::Parent {
            return format!("{brand} {name}");
        }
        let is_japanese = marketplace.region == Region::Fe && marketplace.country == "JP";
        let oddity = Random::new(self.seed, "title", product.index).below(14);
        let suffix = match (oddity, is_japanese) {
            // An inch sign: an unescaped quote that is never closed.
            (0, _) => ", 10\" Deluxe",
            (1, false) => " – “Comfort” Edition",
            (2, false) => "™, no. 1 in its class",
            (3, false) => ", saves 5 € a year",
            // Neither windows-1252 nor cp932 has all of these letters.
            (4, _) => " (Łódź), up to 40 ℃",
            // NEC's and IBM's extensions, which strict Shift_JIS lacks.
            (1, true) => " ①②点セット",
            (2, true) => " ㈱髙橋製作所",
            (3, true) => " Ⅲ型 40㎝",
            _ => "",
        };
        format!("{brand} {name}, {color}, {size}{suffix}")
    }
}

impl Product {
    /// Price of the product in `marketplace`, in the currency's smallest unit.
    pub(crate) fn price(&self, marketplace: &Marketplace) -> u64 {
        marketplace.converted(self.cents)
    }
}

#[cfg(test)]
mod tests {
    use super::{Role, World};

    const WORLD: World = World { seed: 5, asins: 200, orders: 0, order_days: 180 };

    #[test]
    fn asins_skus_and_bar_codes_lead_back_to_their_products() {
        for product in WORLD.products() {
            assert_eq!(product.asin.len(), 10);
            assert_eq!(WORLD.by_asin(&product.asin).unwrap().index, product.index);
            for offer in WORLD.offers(&product) {
                assert_eq!(WORLD.by_sku(&offer.sku).unwrap().index, product.index);
            }
            if let Some(upc) = WORLD.upc(&product) {
                let found = WORLD.by_upc(&upc);
                assert!(found.iter().any(|it| it.index == product.index), "{upc}");
            }
        }
        let shared = WORLD.upc(&WORLD.product(5).unwrap()).unwrap();
        assert_eq!(WORLD.by_upc(&shared).len(), 2, "one bar code of two ASINs");
    }

    #[test]
    fn one_product_in_seven_is_a_parent() {
        let parents = WORLD.products().filter(|it| it.role == Role::Parent).count();
        assert_eq!(parents, 29);
        assert_eq!(WORLD.children(196), 197..200);
        let lone = World { asins: 8, ..WORLD };
        assert_eq!(lone.product(7).unwrap().role, Role::Single, "a parent without a child");
    }
}
