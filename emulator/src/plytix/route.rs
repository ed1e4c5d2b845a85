//! Which operation a method and a path ask for.
//!
//! To add an operation: a variant, its path in [`Operation::of`], its name for the journal, and an
//! arm where [`super::account::Account`] answers.

use super::link::Linking;
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
    /// `GET /api/v1|v2/products/:id`
    GetProduct(String, Version),
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
    /// `POST /api/v1/product_families`
    CreateFamily,
    /// `POST /api/v1/product_families/:id/attributes/link`
    LinkAttributes(String),
    /// `POST /api/v1/relationships/search`
    SearchRelationships,
    /// `POST /api/v1/relationships`
    CreateRelationship,
    /// `POST /api/v1|v2/products/:id/relationships/:id`, and `DELETE` and `PATCH` in v2
    Relate {
        /// The product at which the links begin.
        product: String,
        /// The relationship's identifier.
        relationship: String,
        /// What happens to the links.
        linking: Linking,
    },
    /// `GET /api/v1|v2/products/:id/assets`
    GetProductAssets(String),
    /// `POST /api/v1|v2/products/:id/assets`
    LinkAsset(String, Version),
    /// `DELETE /api/v1|v2/products/:id/assets/:id`
    UnlinkAsset(String, String),
    /// `POST /api/v1/assets`
    CreateAsset,
    /// `GET /api/v1/assets/:id`
    GetAsset(String),
    /// `POST /api/v1/assets/search`
    SearchAssets,
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
            ("PATCH", ["api", "v2", "products", id]) => Self::UpdateProduct((*id).to_owned()),
            ("DELETE", ["api", "v2", "products", id]) => Self::DeleteProduct((*id).to_owned()),
            ("POST", ["api", "v1" | "v2", "products", id, "family"]) => {
                Self::AssignFamily((*id).to_owned())
            }
            ("POST", ["api", "v1", "product_families", "search"]) => Self::SearchFamilies,
            ("GET", ["api", "v1", "filters", "product"]) => Self::GetProductFilters,
            ("POST", ["api", "v1", "attributes", "product", "search"]) => Self::SearchAttributes,
            ("POST", ["api", "v1", "attributes", "product"]) => Self::CreateAttribute,
            ("POST", ["api", "v1", "product_families"]) => Self::CreateFamily,
            ("POST", ["api", "v1", "product_families", id, "attributes", "link"]) => {
                Self::LinkAttributes((*id).to_owned())
            }
            ("POST", ["api", "v1", "relationships", "search"]) => Self::SearchRelationships,
            ("POST", ["api", "v1", "relationships"]) => Self::CreateRelationship,
            ("POST", ["api", "v1", "assets"]) => Self::CreateAsset,
            ("POST", ["api", "v1", "assets", "search"]) => Self::SearchAssets,
            ("GET", ["api", "v1", "assets", id]) => Self::GetAsset((*id).to_owned()),
            (method, parts) => Self::of_product(method, parts)
                .or_else(|| recorded_refusal(method, parts).map(Self::NotOffered))
                .unwrap_or(Self::NotEvidenced),
        }
    }

    /// The operation on one product that both versions offer, each in its own way.
    fn of_product(method: &str, parts: &[&str]) -> Option<Self> {
        let ["api", version @ ("v1" | "v2"), "products", id, rest @ ..] = parts else {
            return None;
        };
        let (id, version) =
            ((*id).to_owned(), if *version == "v1" { Version::V1 } else { Version::V2 });
        let relate = |relationship: &str, linking| {
            let (product, relationship) = (id.clone(), relationship.to_owned());
            Some(Self::Relate { product, relationship, linking })
        };
        match (method, rest, version) {
            ("GET", [], _) => Some(Self::GetProduct(id, version)),
            ("GET", ["assets"], _) => Some(Self::GetProductAssets(id)),
            ("POST", ["assets"], _) => Some(Self::LinkAsset(id, version)),
            ("DELETE", ["assets", asset], _) => Some(Self::UnlinkAsset(id, (*asset).to_owned())),
            ("POST", ["relationships", it], _) => relate(it, Linking::Add(version)),
            ("DELETE", ["relationships", it], Version::V2) => relate(it, Linking::Remove),
            ("PATCH", ["relationships", it], Version::V2) => relate(it, Linking::Quantity),
            _ => None,
        }
    }

    /// Its name in the journal, on which tests count. Two names come from elsewhere: a write that
    /// overlaps another is a `race`, and whatever is answered 501 is `notEvidenced`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::CreateProduct => "createProduct",
            Self::GetProduct(..) => "getProduct",
            Self::UpdateProduct(_) => "updateProduct",
            Self::DeleteProduct(_) => "deleteProduct",
            Self::AssignFamily(_) => "assignFamily",
            Self::SearchProducts(_) => "searchProducts",
            Self::SearchFamilies => "searchFamilies",
            Self::GetProductFilters => "getProductFilters",
            Self::SearchAttributes => "searchAttributes",
            Self::CreateAttribute => "createAttribute",
            Self::CreateFamily => "createFamily",
            Self::LinkAttributes(_) => "linkAttributes",
            Self::SearchRelationships => "searchRelationships",
            Self::CreateRelationship => "createRelationship",
            Self::Relate { linking: Linking::Add(_), .. } => "linkProducts",
            Self::Relate { linking: Linking::Remove, .. } => "unlinkProducts",
            Self::Relate { linking: Linking::Quantity, .. } => "changeQuantities",
            Self::GetProductAssets(_) => "getProductAssets",
            Self::LinkAsset(..) => "linkAsset",
            Self::UnlinkAsset(..) => "unlinkAsset",
            Self::CreateAsset => "createAsset",
            Self::GetAsset(_) => "getAsset",
            Self::SearchAssets => "searchAssets",
            Self::Moved(_) => "redirected",
            Self::NotOffered(_) => "notOffered",
            Self::NotEvidenced => "notEvidenced",
        }
    }

    /// The product that it writes to, if there is one to be written to already.
    pub(super) fn written_product(&self) -> Option<&str> {
        match self {
            Self::UpdateProduct(id)
            | Self::DeleteProduct(id)
            | Self::AssignFamily(id)
            | Self::LinkAsset(id, _)
            | Self::UnlinkAsset(id, _)
            | Self::Relate { product: id, .. } => Some(id),
            _ => None,
        }
    }
}

/// The status with which Plytix was seen to refuse a path that callers had guessed at.
fn recorded_refusal(method: &str, parts: &[&str]) -> Option<StatusCode> {
    match (method, parts) {
        ("GET", ["api", "v1", "products"])
        | ("DELETE", ["api", "v1" | "v2", "products", _, "assets"]) => {
            Some(StatusCode::METHOD_NOT_ALLOWED)
        }
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
