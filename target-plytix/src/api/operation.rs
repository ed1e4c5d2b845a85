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

/// Lists relationships.
pub const SEARCH_RELATIONSHIPS: Operation =
    operation("search relationships", Method::Post, "/api/v1/relationships/search", Repeat::Safe);
/// Links a product to others: v1 tells what it did, v2 does not.
pub const LINK_PRODUCTS: Operation = operation(
    "link products",
    Method::Post,
    "/api/v1/products/{product_id}/relationships/{relationship_id}",
    Repeat::Safe,
);
/// Takes links of a product away: those that are named, as Plytix's collection has it; v1 contradicts itself.
pub const UNLINK_PRODUCTS: Operation = operation(
    "unlink products",
    Method::Delete,
    "/api/v2/products/{product_id}/relationships/{relationship_id}",
    Repeat::Safe,
);
/// Shows an asset on a product: a gallery gets one more. The second time is a conflict.
pub const LINK_ASSET: Operation =
    operation("link asset", Method::Post, "/api/v2/products/{product_id}/assets", Repeat::Safe);
/// Keeps a picture. The second time it is a conflict that names the first.
pub const CREATE_ASSET: Operation =
    operation("create asset", Method::Post, "/api/v1/assets", Repeat::Safe);
/// Lists assets.
pub const SEARCH_ASSETS: Operation =
    operation("search assets", Method::Post, "/api/v1/assets/search", Repeat::Safe);
/// Defines an attribute. A second time is refused, as is one that somebody else has made.
pub const CREATE_ATTRIBUTE: Operation =
    operation("create attribute", Method::Post, "/api/v1/attributes/product", Repeat::Unsafe);
/// Defines a family.
pub const CREATE_FAMILY: Operation =
    operation("create product family", Method::Post, "/api/v1/product_families", Repeat::Unsafe);
/// Gives a family attributes.
pub const LINK_ATTRIBUTES: Operation = operation(
    "link attributes to product family",
    Method::Post,
    "/api/v1/product_families/{family_id}/attributes/link",
    Repeat::Safe,
);
/// Defines a relationship.
pub const CREATE_RELATIONSHIP: Operation =
    operation("create relationship", Method::Post, "/api/v1/relationships", Repeat::Unsafe);

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
            SEARCH_RELATIONSHIPS,
            LINK_PRODUCTS,
            UNLINK_PRODUCTS,
            CREATE_ASSET,
            LINK_ASSET,
            SEARCH_ASSETS,
            CREATE_ATTRIBUTE,
            CREATE_FAMILY,
            LINK_ATTRIBUTES,
            CREATE_RELATIONSHIP,
        ] {
            assert!(!operation.path.ends_with('/'), "{}", operation.name);
            let creates = operation.name.starts_with("create ") && operation.name != "create asset";
            assert_eq!(operation.idempotent, !creates, "{}", operation.name);
        }
    }
}
