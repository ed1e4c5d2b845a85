//! Which operation a method and a path ask for.
//!
//! To add an operation: a variant, its path in [`Operation::of`], its name for the journal, and an
//! arm where [`super::account::Account`] answers.

use axum::http::{Method, StatusCode, Uri};

/// A version of the API, of which two are live side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// The stable one.
    V1,
    /// The open beta: lighter product bodies.
    V2,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    /// `POST /api/v2/products`
    CreateProduct,
    /// `GET /api/v2/products/:id`
    GetProduct(String),
    /// `PATCH /api/v2/products/:id`
    UpdateProduct(String),
    /// `DELETE /api/v2/products/:id`
    DeleteProduct(String),
    /// `POST /api/v1|v2/products/:id/family`
    AssignFamily(String),
    /// `POST /api/v1|v2/products/search`
    SearchProducts(Version),
    /// `POST /api/v1/product_families/search`
    SearchFamilies,
    /// `GET /api/v1/filters/product`
    GetProductFilters,
    /// `POST /api/v1/attributes/product/search`
    SearchAttributes,
    /// `POST /api/v1/attributes/product`
    CreateAttribute,
    /// `POST /api/v1/relationships/search`
    SearchRelationships,
    /// A path with a slash at its end, and the path and query to go to.
    ///
    /// Plytix redirects there, and HTTP clients follow without their `Authorization` header.
    Moved(String),
    /// Something Plytix does not offer, refused with a status that was recorded. The bodies were
    /// not, and are empty here.
    NotOffered(StatusCode),
    /// Everything else.
    NotEvidenced,
}

impl Operation {
    /// The operation at `uri`.
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let path = uri.path().trim_end_matches('/');
        if !path.is_empty() && path.len() < uri.path().len() {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            return Self::Moved(format!("{path}{query}"));
        }
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["api", "v2", "products"]) => Self::CreateProduct,
            ("POST", ["api", "v2", "products", "search"]) => Self::SearchProducts(Version::V2),
            ("POST", ["api", "v1", "products", "search"]) => Self::SearchProducts(Version::V1),
            ("GET", ["api", "v2", "products", id]) => Self::GetProduct((*id).to_owned()),
            ("PATCH", ["api", "v2", "products", id]) => Self::UpdateProduct((*id).to_owned()),
            ("DELETE", ["api", "v2", "products", id]) => Self::DeleteProduct((*id).to_owned()),
            ("POST", ["api", "v1" | "v2", "products", id, "family"]) => {
                Self::AssignFamily((*id).to_owned())
            }
            ("POST", ["api", "v1", "product_families", "search"]) => Self::SearchFamilies,
            ("GET", ["api", "v1", "filters", "product"]) => Self::GetProductFilters,
            ("POST", ["api", "v1", "attributes", "product", "search"]) => Self::SearchAttributes,
            ("POST", ["api", "v1", "attributes", "product"]) => Self::CreateAttribute,
            ("POST", ["api", "v1", "relationships", "search"]) => Self::SearchRelationships,
            (method, parts) => {
                recorded_refusal(method, parts).map_or(Self::NotEvidenced, Self::NotOffered)
            }
        }
    }

    /// Its name in the journal, on which tests count. Two names come from elsewhere: a write that
    /// overlaps another is a `race`, and whatever is answered 501 is `notEvidenced`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::CreateProduct => "createProduct",
            Self::GetProduct(_) => "getProduct",
            Self::UpdateProduct(_) => "updateProduct",
            Self::DeleteProduct(_) => "deleteProduct",
            Self::AssignFamily(_) => "assignFamily",
            Self::SearchProducts(_) => "searchProducts",
            Self::SearchFamilies => "searchFamilies",
            Self::GetProductFilters => "getProductFilters",
            Self::SearchAttributes => "searchAttributes",
            Self::CreateAttribute => "createAttribute",
            Self::SearchRelationships => "searchRelationships",
            Self::Moved(_) => "redirected",
            Self::NotOffered(_) => "notOffered",
            Self::NotEvidenced => "notEvidenced",
        }
    }

    /// The product that it writes to, if there is one to be written to already.
    pub(super) fn written_product(&self) -> Option<&str> {
        match self {
            Self::UpdateProduct(id) | Self::DeleteProduct(id) | Self::AssignFamily(id) => Some(id),
            _ => None,
        }
    }
}

/// The status with which Plytix was seen to refuse a path that callers had guessed at.
fn recorded_refusal(method: &str, parts: &[&str]) -> Option<StatusCode> {
    match (method, parts) {
        ("GET", ["api", "v1", "products"]) => Some(StatusCode::METHOD_NOT_ALLOWED),
        (
            "GET",
            // The asset and product filters are singular, the relationship filters plural.
            ["api", "v1", "filters", "products" | "relationship"]
            | ["api", "v1", "tasks" | "bulk_actions" | "processes"]
            | ["api", "v2", "tasks" | "jobs"],
        ) => Some(StatusCode::NOT_FOUND),
        ("POST", ["api", "v1", "jobs", "search"]) => Some(StatusCode::FORBIDDEN),
        // Attribute groups are elsewhere; here `groups` is taken for the id of an attribute.
        ("GET", ["api", "v1", "attributes", "product", "groups"]) => {
            Some(StatusCode::INTERNAL_SERVER_ERROR)
        }
        _ => None,
    }
}
