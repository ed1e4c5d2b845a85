//! Finding the seller's own product among those that were read; pure.
//!
//! The rules of the mapping are tried one after the other, and within a rule its columns. The first column
//! that finds any decides: one product is the match, several are an ambiguity that a person has to
//! resolve. Nothing is ever guessed.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use crate::mapping::workflow::{Compare, Listings};
use crate::product::Present;
use crate::value::Value;
use crate::wanted::Identifier;

/// Which of the seller's own products a product is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// None is known.
    None,
    /// This one, by its SKU, and the rule that found it; an empty rule if Plytix has it already.
    One {
        /// Its SKU.
        sku: String,
        /// The rule.
        by: String,
    },
    /// One of these.
    Ambiguous {
        /// Their SKUs.
        skus: Vec<String>,
        /// The rule.
        by: String,
    },
}

impl Match {
    /// The SKU of the seller's own product, if it is certain.
    #[must_use]
    pub fn sku(&self) -> Option<&str> {
        match self {
            Self::One { sku, .. } => Some(sku),
            Self::None | Self::Ambiguous { .. } => None,
        }
    }
}

/// The seller's own products, as far as they were read.
#[derive(Debug, Default)]
pub struct Canonicals {
    by_sku: HashMap<String, Present>,
    /// SKUs by column and compared text.
    index: HashMap<(String, String), BTreeSet<String>>,
    /// What was asked for, column and text as they were sent.
    asked: HashSet<(String, String)>,
    /// Whether all of them were read.
    pub complete: bool,
    /// Those that were made since this day were read.
    newest: Option<NaiveDate>,
}

impl Canonicals {
    /// Adds a product.
    pub fn add(&mut self, product: Present, listings: &Listings) {
        for rule in &listings.rules {
            for column in &rule.with {
                for text in texts(&product, column) {
                    let key = (column.clone(), compared(&text, rule.compare));
                    self.index.entry(key).or_default().insert(product.sku.clone());
                }
            }
        }
        self.by_sku.insert(product.sku.clone(), product);
    }

    /// Whether those were read that were made since this day.
    #[must_use]
    pub fn is_read_since(&self, day: NaiveDate) -> bool {
        self.newest.is_some_and(|since| since <= day)
    }

    /// Notes that those were read that were made since this day.
    pub fn read_since(&mut self, day: NaiveDate) {
        self.newest = Some(day);
    }

    /// The product with this SKU.
    #[must_use]
    pub fn get(&self, sku: &str) -> Option<&Present> {
        self.by_sku.get(sku)
    }

    /// Notes that products are now linked to one of them.
    pub fn linked(&mut self, sku: &str, relationship: &str, ids: impl Iterator<Item = String>) {
        if let Some(product) = self.by_sku.get_mut(sku) {
            product.links.entry(relationship.to_owned()).or_default().extend(ids);
        }
    }

    /// Which one a product with these identifiers is.
    #[must_use]
    pub fn find(&self, identifiers: &[Identifier], listings: &Listings) -> Match {
        for (place, rule) in listings.rules.iter().enumerate() {
            let own = identifiers.iter().filter(|identifier| identifier.rule == place);
            let own: Vec<String> =
                own.map(|identifier| compared(&identifier.text, rule.compare)).collect();
            for column in &rule.with {
                let keys = own.iter().map(|text| (column.clone(), text.clone()));
                let found: BTreeSet<&String> =
                    keys.filter_map(|key| self.index.get(&key)).flatten().collect();
                let by = rule.name.clone();
                match found.len() {
                    0 => {}
                    1 => {
                        let sku = found.into_iter().next().cloned().unwrap_or_default();
                        return Match::One { sku, by };
                    }
                    _ => {
                        return Match::Ambiguous { skus: found.into_iter().cloned().collect(), by };
                    }
                }
            }
        }
        Match::None
    }

    /// What has to be asked for these identifiers and was not yet: columns with texts, in order. Only
    /// `columns` exist in the account.
    #[must_use]
    pub fn questions<'i>(
        &self,
        identifiers: impl Iterator<Item = &'i Identifier>,
        listings: &Listings,
        columns: &[String],
    ) -> Vec<(String, String)> {
        let mut questions = Vec::new();
        let mut seen: HashSet<(String, String)> = HashSet::new();
        for identifier in identifiers {
            let Some(rule) = listings.rules.get(identifier.rule) else { continue };
            for column in rule.with.iter().filter(|it| *it == "sku" || columns.contains(it)) {
                for text in spellings(&identifier.text, rule.compare) {
                    let question = (column.clone(), text);
                    if !self.asked.contains(&question) && seen.insert(question.clone()) {
                        questions.push(question);
                    }
                }
            }
        }
        questions
    }

    /// Notes that these were asked.
    pub fn asked(&mut self, questions: &[(String, String)]) {
        self.asked.extend(questions.iter().cloned());
    }
}

/// The texts that a product has in a column.
fn texts(product: &Present, column: &str) -> Vec<String> {
    let value = match column.strip_prefix("attributes.") {
        Some(label) => product.attributes.get(label),
        None if column == "sku" => return vec![product.sku.clone()],
        None if column == "gtin" => return product.gtin.iter().cloned().collect(),
        None if column == "label" => product.label.as_ref(),
        None => None,
    };
    match value {
        Some(Value::Text(text)) => vec![text.trim().to_owned()],
        Some(Value::Number(number)) => vec![number.digits().to_owned()],
        Some(Value::List(texts)) => texts.clone(),
        Some(Value::Boolean(_)) | None => Vec::new(),
    }
}

/// A text in the form in which it is compared. A bar code of zeros alone stands for none.
fn compared(text: &str, compare: Compare) -> String {
    match compare {
        Compare::Exact => text.to_owned(),
        Compare::BarCode => text.trim_start_matches('0').to_owned(),
    }
}

/// The forms in which an identifier may be written. Plytix compares bar codes as texts, so a UPC (12
/// digits), an EAN (13) and a GTIN (14) of one article are three of them.
fn spellings(text: &str, compare: Compare) -> Vec<String> {
    match compare {
        Compare::Exact => vec![text.to_owned()],
        Compare::BarCode => {
            let digits = text.trim_start_matches('0');
            let lengths = [12, 13, 14].into_iter().filter(|length| digits.len() <= *length);
            let mut spellings: Vec<String> =
                lengths.map(|length| format!("{digits:0>length$}")).collect();
            if !spellings.iter().any(|spelling| spelling == text) {
                spellings.push(text.to_owned());
            }
            spellings
        }
    }
}

#[cfg(test)]
mod tests;
