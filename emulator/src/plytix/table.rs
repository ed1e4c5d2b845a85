//! What Plytix holds, as a table for people.

use super::definition::Definitions;
use super::product::{Product, Products};
use indexmap::IndexMap;

/// Products in the table.
const ROWS: usize = 10;
/// Letters of a label in the table.
const LABEL: usize = 40;
/// Headings of the columns.
const HEADINGS: [&str; 5] = ["SKU", "label", "family", "attributes", "modified"];

/// Draws the totals and the first products by SKU.
pub(super) fn table(products: &Products, definitions: &Definitions) -> String {
    let with_family = products.iter().filter(|product| product.family.is_some()).count();
    let mut sorted: Vec<&Product> = products.iter().collect();
    sorted.sort_by(|a, b| a.sku.cmp(&b.sku));
    let rows = sorted.into_iter().take(ROWS).map(|product| row(product, definitions));
    let rows: Vec<[String; 5]> = std::iter::once(HEADINGS.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [0, 1, 2, 3, 4].map(width);
    let links: usize = products.iter().flat_map(|it| it.links.values()).map(IndexMap::len).sum();
    let pictured = products.iter().filter(|product| product.thumbnail.is_some()).count();
    let mut text = format!(
        "{} products, {with_family} with a family, {pictured} with a thumbnail, {links} links\n",
        products.len()
    );
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The cells of a product.
fn row(product: &Product, definitions: &Definitions) -> [String; 5] {
    let label = product.label.as_deref().unwrap_or_default();
    let family = product.family.as_deref().and_then(|id| definitions.family(id));
    [
        product.sku.clone(),
        label.chars().take(LABEL).collect(),
        family.map(|family| family.name.clone()).unwrap_or_default(),
        product.attributes.len().to_string(),
        product.modified.format("%Y-%m-%d %H:%M:%S").to_string(),
    ]
}
