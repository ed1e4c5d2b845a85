//! Financial events, put together by the orders that they name.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Members, Page, PageError, read};

/// Lists of events, by the names that Amazon has for them.
pub(super) type Lists<'a> = IndexMap<Cow<'a, str>, Vec<&'a RawValue>>;

/// The events of all pages of a window.
#[derive(Debug, Default)]
pub(super) struct Events<'a> {
    /// By the order that they name; those that name none are together.
    pub(super) orders: IndexMap<Option<String>, Lists<'a>>,
}

/// The members by which events name an order. Amazon Pay's and solution providers' events have only
/// `SellerOrderId`, those of removals and of EBT cards `OrderId`.
#[derive(Default, Deserialize)]
struct Named {
    #[serde(rename = "AmazonOrderId")]
    amazon: Option<String>,
    #[serde(rename = "OrderId")]
    other: Option<String>,
    #[serde(rename = "SellerOrderId")]
    seller: Option<String>,
}

impl Named {
    fn order(self) -> Option<String> {
        let names = [self.amazon, self.other, self.seller];
        names.into_iter().flatten().find(|name| !name.is_empty())
    }
}

impl<'a> Events<'a> {
    /// Sorts the events of pages, whose elements are objects of lists. Lists and events of kinds that
    /// nobody knows yet are kept like all others.
    pub(super) fn of(pages: &[Page<'a>]) -> Result<Self, PageError> {
        let mut events = Self::default();
        for element in pages.iter().flat_map(|page| &page.elements) {
            let lists: Members<'a> = read(element.get().as_bytes(), "FinancialEvents")?;
            for (name, list) in lists {
                for event in list_of(list)? {
                    let named: Named = serde_json::from_str(event.get()).unwrap_or_default();
                    let order = events.orders.entry(named.order()).or_default();
                    order.entry(name.clone()).or_default().push(event);
                }
            }
        }
        Ok(events)
    }
}

/// The events of a list; what is no list counts as its one event, and null as none.
fn list_of(list: &RawValue) -> Result<Vec<&RawValue>, PageError> {
    match list.get() {
        "null" => Ok(Vec::new()),
        text if text.starts_with('[') => read(text.as_bytes(), "FinancialEvents"),
        _ => Ok(vec![list]),
    }
}
