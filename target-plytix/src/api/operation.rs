//! What can be called, as data.

use api_client::{Method, Operation};

/// An operation without a plan of its own: Plytix counts all requests together.
const fn operation(
    name: &'static str,
    method: Method,
    path: &'static str,
    repeat: Repeat,
) -> Operation {
    Operation { name, method, path, plan: None, idempotent: matches!(repeat, Repeat::Safe) }
}

/// Whether an operation may be repeated when its outcome is unknown.
#[derive(Clone, Copy)]
enum Repeat {
    /// Twice is the same as once.
    Safe,
    /// Twice may not be the same as once.
    Unsafe,
}

/// Gives an access token for the credentials.
pub const GET_TOKEN: Operation =
    operation("get token", Method::Post, "/auth/api/get-token", Repeat::Safe);
/// Lists what can be searched: attributes, their types and options.
pub const PRODUCT_FILTERS: Operation = operation(
    "get available product filters",
    Method::Get,
    "/api/v1/filters/product",
    Repeat::Safe,
);
/// Lists families.
pub const SEARCH_FAMILIES: Operation = operation(
    "search product families",
    Method::Post,
    "/api/v1/product_families/search",
    Repeat::Safe,
);
/// Lists products.
pub const SEARCH_PRODUCTS: Operation =
    operation("search products", Method::Post, "/api/v2/products/search", Repeat::Safe);
/// Gives one product, with its family.
pub const GET_PRODUCT: Operation =
    operation("get product", Method::Get, "/api/v2/products/{product_id}", Repeat::Safe);
/// Creates a product. Twice is a conflict, which looks like somebody else's product.
pub const CREATE_PRODUCT: Operation =
    operation("create product", Method::Post, "/api/v2/products", Repeat::Unsafe);
/// Changes what is sent of a product; null clears.
pub const UPDATE_PRODUCT: Operation =
    operation("update product", Method::Patch, "/api/v2/products/{product_id}", Repeat::Safe);
/// Gives a product a family: the only way in v1 and v2, because the body of a product ignores it.
pub const ASSIGN_FAMILY: Operation = operation(
    "assign product family",
    Method::Post,
    "/api/v2/products/{product_id}/family",
    Repeat::Safe,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_ends_with_a_slash() {
        // Plytix redirects such a path, and the token gets lost on the way.
        for operation in [
            GET_TOKEN,
            PRODUCT_FILTERS,
            SEARCH_FAMILIES,
            SEARCH_PRODUCTS,
            GET_PRODUCT,
            CREATE_PRODUCT,
            UPDATE_PRODUCT,
            ASSIGN_FAMILY,
        ] {
            assert!(!operation.path.ends_with('/'), "{}", operation.name);
            assert_eq!(operation.idempotent, operation.name != "create product");
        }
    }
}
