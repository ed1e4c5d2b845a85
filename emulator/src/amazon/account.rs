//! Sellers v1: getAccount.

use super::Answer;
use super::call::Input;
use super::error::Refusal;
use super::marketplace::participations;
use super::query::Query;
use serde_json::json;

/// getAccount. Nobody of these exists.
pub(crate) fn account(input: &Input<'_>) -> Result<Answer, Refusal> {
    Query::parse(input.uri(), &[])?;
    let address = json!({
        "addressLine1": "1 Example Way",
        "city": "Seattle",
        "stateOrProvinceCode": "WA",
        "postalCode": "98101",
        "countryCode": "US",
    });
    Ok(Answer::ok(json!({
        "payload": {
            "marketplaceParticipationList": participations(input.region),
            "businessType": "PRIVATE_LIMITED",
            "sellingPlan": "PROFESSIONAL",
            "business": {
                "name": "Northwind Outdoor, Inc.",
                "registeredBusinessAddress": address,
                "companyRegistrationNumber": "000000001",
            },
            "primaryContact": {"name": "Pat Example", "address": address},
        },
    })))
}
