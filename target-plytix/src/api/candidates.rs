//! Looking for the seller's own products.

use serde_json::{Value, json};

use super::answer::{Data, Row, is_last};
use super::operation::SEARCH_PRODUCTS;
use super::{Api, ApiError, PAGE};
use crate::product::Present;

/// Part of a list of products.
#[derive(Debug, Default)]
pub struct CandidatePage {
    /// The products.
    pub products: Vec<Present>,
    /// How many products the search matches.
    pub count: usize,
    /// Whether there are no more pages.
    pub last: bool,
}

impl Api {
    /// A page, from 1, of the products that pass these filters, with these columns; in the order of
    /// their SKUs if that is asked for, so that none is missed while products are being written.
    ///
    /// # Errors
    /// A call that failed, or a value that cannot be understood. An order is refused with 428 where more
    /// than 10,000 products match (Plytix's documentation).
    pub async fn candidates(
        &self,
        filters: &Value,
        columns: &[String],
        page: usize,
        ordered: bool,
    ) -> Result<CandidatePage, ApiError> {
        let pagination = if ordered {
            json!({"page": page, "page_size": PAGE, "order": "sku"})
        } else {
            json!({"page": page, "page_size": PAGE})
        };
        let body = json!({"filters": filters, "attributes": columns, "pagination": pagination});
        let answer = self.call(&SEARCH_PRODUCTS, |call| call.json(&body)).await?;
        let rows: Data<Row<'_>> = answer.json()?;
        let last = is_last(page, rows.data.len(), rows.pagination.as_ref());
        let count = rows.pagination.as_ref().and_then(|pagination| pagination.count);
        let mut products = Vec::with_capacity(rows.data.len());
        for row in rows.data {
            products.extend(row.product()?);
        }
        Ok(CandidatePage { count: count.unwrap_or(products.len()), products, last })
    }
}
