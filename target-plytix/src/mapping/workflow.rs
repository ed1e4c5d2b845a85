//! What a mapping wants of an account beside the values of products: a family, relationships, the
//! seller's own products, a gallery, and how to make what is missing.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use singer::config::ConfigError;

use super::file::refuse;

/// Most pictures of a product; Plytix shows 300 assets, and nobody scrolls through them.
const MOST_IMAGES: usize = 10;

/// The part of a mapping that is the same for all streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workflow {
    /// Family of new products, by name or id; empty for none.
    pub family: String,
    /// Name or label of the relationship from a parent to its children.
    pub hierarchy: Option<String>,
    /// How the seller's own products are found and linked.
    pub listings: Option<Listings>,
    /// Where pictures are shown.
    pub images: Option<Gallery>,
    /// How attributes are made that the account lacks, by label.
    pub definitions: IndexMap<String, Definition>,
}

/// How the seller's own products are found and linked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listings {
    /// Name or label of the relationship from the seller's own product to a product of this target.
    pub relationship: String,
    /// Conditions that tell the seller's own products from others, in Plytix's words.
    #[serde(default)]
    pub candidates: Vec<Condition>,
    /// Attribute that gets the SKU of the seller's own product, where it is empty.
    pub canonical_sku: Option<String>,
    /// By what they are found. The first rule that finds any decides.
    #[serde(rename = "match")]
    pub rules: Vec<Rule>,
}

/// A condition of a search.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// A column, `attributes.` before the label of an attribute.
    pub field: String,
    /// One of Plytix's operators.
    pub operator: String,
    /// What the column is compared with; none for `exists` and `!exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

/// One way to find the seller's own product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What streams call it.
    pub name: String,
    /// Columns of the seller's own products, tried in this order.
    pub with: Vec<String>,
    /// How texts are compared.
    #[serde(default)]
    pub compare: Compare,
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Letter by letter.
    #[default]
    Exact,
    /// As digits, without the zeros in front: a UPC, an EAN and a GTIN of one article are one number.
    BarCode,
}

/// Where pictures are shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallery {
    /// Label of the gallery attribute.
    pub gallery: String,
    /// Whether the first picture is the product's thumbnail too.
    #[serde(default = "yes")]
    pub thumbnail: bool,
    /// What all filenames begin with, if they do; lets existing pictures be found.
    #[serde(default)]
    pub prefix: String,
    /// Most pictures of a product.
    #[serde(default = "most_images")]
    pub most: usize,
}

/// How an attribute is made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Name for people. Plytix makes the label from it.
    pub name: String,
    /// Plytix's `type_class`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Options of a dropdown or multi-select.
    #[serde(default)]
    pub options: Vec<String>,
}

/// The relationship of a hierarchy, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HierarchyFile {
    pub(super) relationship: String,
}

fn yes() -> bool {
    true
}

fn most_images() -> usize {
    MOST_IMAGES
}

impl Workflow {
    /// Columns that a look-up of products asks for because of this.
    pub(super) fn columns(&self) -> usize {
        let canonical = self.listings.as_ref().and_then(|listings| listings.canonical_sku.as_ref());
        let images = self.images.as_ref().map_or(0, |images| 1 + usize::from(images.thumbnail));
        usize::from(self.hierarchy.is_some()) + usize::from(canonical.is_some()) + images
    }

    /// Refuses what cannot work whatever the account has.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(listings) = &self.listings {
            for (place, rule) in listings.rules.iter().enumerate() {
                if rule.with.is_empty() {
                    let member = format!("listings.match.{place}.with");
                    return Err(refuse(&member, "at least one column"));
                }
            }
            let mut names: Vec<&str> =
                listings.rules.iter().map(|rule| rule.name.as_str()).collect();
            names.sort_unstable();
            if names.windows(2).any(|pair| pair.first() == pair.last()) {
                return Err(refuse("listings.match", "a name of its own for every rule"));
            }
        }
        for (label, definition) in &self.definitions {
            if slug(&definition.name) != *label {
                return Err(refuse(
                    &format!("definitions.{label}.name"),
                    "a name of which Plytix makes this label: lower case, underscores between words",
                ));
            }
        }
        Ok(())
    }
}

/// The label that Plytix makes of a name (seen 2026): "Shoe Size" becomes `shoe_size`.
#[must_use]
pub fn slug(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> =
        words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    words.join("_")
}
