//! What a seller has not authorised.

use super::orders::{all, days_ago, search};
use super::{Caller, LISTINGS, TRAFFIC, US, wish};
use crate::amazon::{Authorization, Region, Role, Unauthorized};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The first merchant's and the first of Amazon's shipped orders of a search for a seller without
/// `missing`.
async fn shipped(missing: &[Role]) -> (Value, Value) {
    let authorization =
        Authorization { missing_roles: missing.to_vec(), ..Authorization::default() };
    let caller = Caller::authorized(authorization).await;
    let query = format!(
        "createdAfter={}&includedData=BUYER,RECIPIENT&fulfillmentStatuses=SHIPPED",
        days_ago(60)
    );
    let (orders, _) = all(&caller, Region::Na, &format!("{query}&fulfilledBy=MERCHANT")).await;
    let (fba, _) = all(&caller, Region::Na, &format!("{query}&fulfilledBy=AMAZON")).await;
    (orders[0].clone(), fba[0].clone())
}

#[tokio::test(start_paused = true)]
async fn buyers_data_are_left_out_as_far_as_no_role_opens_them() {
    let (merchants, amazons) = shipped(&[]).await;
    let address = |order: &Value| order["recipient"]["deliveryAddress"].clone();
    assert!(merchants["buyer"]["buyerName"].is_string());
    let email = merchants["buyer"]["buyerEmail"].as_str().unwrap();
    assert!(email.contains("@marketplace.amazon."), "{email}");
    assert!(address(&merchants)["addressLine1"].is_string());
    assert!(amazons["buyer"]["buyerName"].is_string());
    assert!(amazons["buyer"].get("buyerEmail").is_none(), "none of what Amazon ships");
    assert!(address(&amazons).get("phone").is_none());

    let no_shipping = [Role::DirectToConsumerShipping];
    let (merchants, amazons) = shipped(&no_shipping).await;
    assert!(merchants["buyer"].get("buyerEmail").is_none());
    assert!(amazons["buyer"]["buyerName"].is_string(), "by way of tax");
    let names: Vec<String> = address(&merchants).as_object().unwrap().keys().cloned().collect();
    let plain = ["city", "stateOrRegion", "countryCode", "addressType"];
    assert!(names.iter().all(|it| plain.contains(&it.as_str())), "{names:?}");

    let none = [Role::DirectToConsumerShipping, Role::TaxInvoicing, Role::TaxRemittance];
    let (merchants, amazons) = shipped(&none).await;
    assert_eq!([&merchants["buyer"], &amazons["buyer"]], [&json!({}), &json!({})]);
}

#[tokio::test(start_paused = true)]
async fn some_sellers_are_refused_instead() {
    let missing = vec![Role::DirectToConsumerShipping, Role::TaxInvoicing, Role::TaxRemittance];
    let unauthorized_data = Unauthorized::Refuse;
    let caller = Caller::authorized(Authorization {
        missing_roles: missing,
        unauthorized_data,
        ..Authorization::default()
    })
    .await;
    let query = format!("createdAfter={}", days_ago(9));
    for (included, status) in [("BUYER", 403), ("PROCEEDS,RECIPIENT", 403), ("PROCEEDS", 200)] {
        let answer = search(&caller, Region::Na, &format!("{query}&includedData={included}")).await;
        assert_eq!(answer.status.as_u16(), status, "{included}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_needs_one_of_its_roles() {
    let missing_roles = vec![Role::FinanceAndAccounting];
    let caller =
        Caller::authorized(Authorization { missing_roles, ..Authorization::default() }).await;
    let target = format!("/finances/2024-06-19/transactions?postedAfter={}", days_ago(3));
    let refused = caller.get(Region::Na, &target).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.json()["errors"][0]["code"], "Unauthorized");
    let query = format!("createdAfter={}", days_ago(9));
    assert_eq!(search(&caller, Region::Na, &query).await.status, StatusCode::OK, "others do");
}

#[tokio::test(start_paused = true)]
async fn a_report_type_needs_one_of_its_roles_to_be_asked_for_and_listed() {
    let missing_roles = vec![Role::BrandAnalytics, Role::Pricing];
    let caller =
        Caller::authorized(Authorization { missing_roles, ..Authorization::default() }).await;
    let reports = "/reports/2021-06-30/reports";
    for (report_type, may) in [(TRAFFIC, false), (LISTINGS, true)] {
        let asked = caller.call(Region::Na, "POST", reports, wish(report_type, US)).await;
        let listed = caller.get(Region::Na, &format!("{reports}?reportTypes={report_type}")).await;
        for answer in [asked, listed] {
            assert_eq!(answer.status == StatusCode::FORBIDDEN, !may, "{report_type}");
            let message = answer.json()["errors"][0]["message"].clone();
            assert_eq!(message == "Access to the resource is forbidden", !may, "{report_type}");
        }
    }
}
