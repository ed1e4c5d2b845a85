//! Tokens 2021-03-01: createRestrictedDataToken, and the operations that want such a token because
//! they tell of people.

use super::Answer;
use super::call::{Call, Input, arguments};
use super::error::Refusal;
use super::lwa::Resource;
use super::marketplace::Region;
use super::query::Query;
use super::role::{RESTRICTED, Role};
use super::{Amazon, query, rights};
use axum::http::Method;
use serde_json::{Map, Value, json};

/// Resources of one token, at most.
const RESOURCES: usize = 50;

/// What a token may name, and the roles of which one is needed for it: Amazon's list of restricted
/// operations, without those that write.
const RESTRICTED_PATHS: &[(&str, &[Role])] = &[
    ("/orders/v0/orders", RESTRICTED),
    ("/orders/v0/orders/{orderId}", RESTRICTED),
    ("/orders/v0/orders/{orderId}/orderItems", RESTRICTED),
    ("/orders/v0/orders/{orderId}/orderItems/buyerInfo", RESTRICTED),
    ("/orders/v0/orders/{orderId}/address", RESTRICTED),
    ("/orders/v0/orders/{orderId}/buyerInfo", RESTRICTED),
    ("/orders/v0/orders/{orderId}/regulatedInfo", RESTRICTED),
    (DOCUMENT, RESTRICTED),
    ("/vendor/directFulfillment/orders/{version}/purchaseOrders", SHIPPING),
    ("/vendor/directFulfillment/orders/{version}/purchaseOrders/{number}", SHIPPING),
    ("/vendor/directFulfillment/shipping/{version}/shippingLabels", SHIPPING),
    ("/vendor/directFulfillment/shipping/{version}/shippingLabels/{number}", SHIPPING),
    ("/vendor/directFulfillment/shipping/{version}/packingSlips", SHIPPING),
    ("/vendor/directFulfillment/shipping/{version}/packingSlips/{number}", SHIPPING),
    ("/vendor/directFulfillment/shipping/{version}/customerInvoices", SHIPPING),
    ("/vendor/directFulfillment/shipping/{version}/customerInvoices/{number}", SHIPPING),
    ("/mfn/v0/shipments/{shipmentId}", RESTRICTED),
];

const DOCUMENT: &str = "/reports/2021-06-30/documents/{reportDocumentId}";
const SHIPPING: &[Role] = &[Role::DirectToConsumerShipping];

/// The parts of an order that a token may be for: Orders v0 only.
const ELEMENTS: &[&str] = &["buyerInfo", "shippingAddress", "buyerTaxInformation"];

/// The report types whose documents want a restricted data token (a client library's table).
const RESTRICTED_REPORTS: &[&str] = &[
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_INVOICING",
    "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_TAX",
    "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING",
    "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING",
    "GET_FLAT_FILE_ORDER_REPORT_DATA_INVOICING",
    "GET_FLAT_FILE_ORDER_REPORT_DATA_TAX",
    "GET_ORDER_REPORT_DATA_SHIPPING",
    "GET_ORDER_REPORT_DATA_INVOICING",
    "GET_ORDER_REPORT_DATA_TAX",
    "GET_GST_MTR_B2B_CUSTOM",
    "GET_EASYSHIP_DOCUMENTS",
    "SC_VAT_TAX_REPORT",
    "GET_VAT_TRANSACTION_DATA",
];

/// createRestrictedDataToken.
pub(crate) fn create(input: &Input<'_>) -> Result<Answer, Refusal> {
    Query::parse(input.uri(), &[])?;
    input.json_body()?;
    let body: Map<String, Value> = serde_json::from_slice(input.body)
        .map_err(|_| Refusal::invalid_request("The body is not a JSON object."))?;
    if let Some(name) = body.keys().find(|name| *name != "restrictedResources") {
        return Err(Refusal::not_emulated(format!("field {name} of createRestrictedDataToken")));
    }
    let list = body.get("restrictedResources").and_then(Value::as_array);
    let list = list
        .filter(|list| (1..=RESOURCES).contains(&list.len()))
        .ok_or_else(|| Refusal::invalid_request("restrictedResources must have 1 to 50 values."))?;
    let resources: Vec<Resource> =
        list.iter().map(|it| resource(input, it)).collect::<Result<_, _>>()?;
    let named = |it: &Resource| json!({"method": it.method, "path": it.path});
    let detail = json!({"restrictedResources": resources.iter().map(named).collect::<Vec<_>>()});
    let now = input.amazon.clock().now();
    let (token, life) = input.amazon.tokens().restrict(input.token(), resources, now);
    let answer = Answer::ok(json!({"restrictedDataToken": token, "expiresIn": life}));
    Ok(Answer { detail: Some(detail), ..answer })
}

/// Reads and checks one resource.
fn resource(input: &Input<'_>, value: &Value) -> Result<Resource, Refusal> {
    let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (method, path) = (field("method"), field("path"));
    // The words of Amazon's sandbox.
    let missing = || Refusal::invalid_request("Resource not provided.");
    if !["GET", "PUT", "POST", "DELETE"].contains(&method) || path.is_empty() {
        return Err(missing());
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let known = RESTRICTED_PATHS.iter().find(|(known, _)| arguments(known, &segments).is_some());
    let Some((known, roles)) = known.filter(|_| method == "GET") else {
        return Err(Refusal::invalid_request(&format!("{method} {path} is not restricted.")));
    };
    if *known == DOCUMENT && path.contains('{') {
        let details = "The path of a document must hold its reportDocumentId.";
        return Err(Refusal::invalid_request(details));
    }
    let elements = value.get("dataElements").and_then(Value::as_array);
    for element in elements.into_iter().flatten() {
        let is_known = element.as_str().is_some_and(|it| ELEMENTS.contains(&it));
        if !is_known || !path.starts_with("/orders/v0/") {
            return Err(Refusal::invalid_request("dataElements are for Orders v0 only."));
        }
    }
    let of_report =
        (*known == DOCUMENT).then(|| roles_of(input, segments.last().copied())).flatten();
    input.amazon.authorization().check(of_report.as_deref().unwrap_or(roles))?;
    Ok(Resource { method: method.to_owned(), path: path.to_owned() })
}

/// The roles that open the document with the id `id`; none if there is no such document, or it is not
/// restricted.
fn roles_of(input: &Input<'_>, id: Option<&str>) -> Option<Vec<Role>> {
    let reports = input.amazon.reports(input.region);
    let report = reports.by_document(id?)?;
    let roles = rights::of_document(&report.specification().report_type);
    (!roles.is_empty()).then_some(roles)
}

/// Lets pass a call that wants no restricted data token or has one that opens it.
pub(super) fn check(
    amazon: &Amazon,
    region: Region,
    call: &Call<'_>,
    (method, path, token): (&Method, &str, &str),
) -> Result<(), Refusal> {
    let tokens = amazon.tokens();
    match tokens.resources(token) {
        Some(resources) => {
            let segments = query::segments(path).unwrap_or_default();
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            let opens = |it: &Resource| {
                it.method == method.as_str() && arguments(&it.path, &segments).is_some()
            };
            // Made for another path, it is as bad as none.
            if resources.iter().any(opens) { Ok(()) } else { Err(Refusal::denied("")) }
        }
        None if is_restricted(amazon, region, call) => Err(Refusal::denied("")),
        None => Ok(()),
    }
}

/// Whether a call tells of people.
fn is_restricted(amazon: &Amazon, region: Region, call: &Call<'_>) -> bool {
    match call.operation.name {
        "getOrders" | "getCustomerInvoices" => true,
        "getReportDocument" => {
            let reports = amazon.reports(region);
            reports.by_document(call.argument()).is_some_and(|report| {
                RESTRICTED_REPORTS.contains(&report.specification().report_type.as_str())
            })
        }
        _ => false,
    }
}
