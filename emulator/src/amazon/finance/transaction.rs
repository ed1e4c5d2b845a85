//! Finances 2024-06-19: listTransactions.

use super::charge::Charges;
use super::group::Group;
use super::ledger::{Entry, Event, HOLD, Ledger};
use super::range::Range;
use super::{ledger, number};
use crate::amazon::Answer;
use crate::amazon::call::Input;
use crate::amazon::error::Refusal;
use crate::amazon::marketplace::{Marketplace, SELLER, open};
use crate::amazon::order::{Line, Order};
use crate::amazon::page::Paging;
use crate::amazon::product::Channel;
use crate::amazon::query::Query;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};

/// Transactions of a page, as callers have counted them (selling-partner-api-models#4224).
const PAGE: usize = 500;

/// A token of listTransactions lives for five minutes (selling-partner-api-models#4867).
const PAGING: Paging = Paging {
    operation: "listTransactions",
    token: "nextToken",
    free: None,
    life: Some(TimeDelta::minutes(5)),
    refusal: || Refusal::stale("Token is not valid, token duration is 5 minutes."),
};

const PARAMETERS: &[&str] = &[
    "postedAfter",
    "postedBefore",
    "marketplaceId",
    "transactionStatus",
    "relatedIdentifierName",
    "relatedIdentifierValue",
    "nextToken",
];

const STATUSES: &[&str] = &["DEFERRED", "RELEASED", "DEFERRED_RELEASED"];

/// listTransactions.
pub(crate) fn list(input: &Input<'_>) -> Result<Answer, Refusal> {
    let query = Query::parse(input.uri(), PARAMETERS)?;
    let ledger = ledger(input.amazon, input.region);
    let related = related(&query)?;
    let now = input.amazon.clock().now();
    let range = Range::of(&query, ("postedAfter", "postedBefore"), now)?;
    let marketplace = query.text("marketplaceId").map(|id| open(input.region, id)).transpose()?;
    let status = query.words("transactionStatus", STATUSES)?;
    let cursor = PAGING.cursor(input.amazon, input.region, &query)?;
    let (entries, next) = match (related, range) {
        (Some(Related::Group(id)), _) => {
            match Group::all(ledger).find(|group| group.id(ledger) == id) {
                Some(group) => {
                    let range = group.range();
                    let cursor = cursor.unwrap_or(range.first());
                    range.page(ledger, cursor, PAGE, |entry| group.has(ledger, entry))
                }
                None => (Vec::new(), None),
            }
        }
        (Some(Related::Order(id)), _) => {
            let entries = ledger.by_id(id).map_or_else(Vec::new, |it| ledger.of_order(it));
            let is_within =
                |entry: &Entry| range.is_none_or(|it| (it.start..it.end).contains(&entry.posted));
            (entries.into_iter().filter(is_within).collect(), None)
        }
        // The words of Amazon's sandbox.
        (None, None) => return Err(Refusal::invalid("Start date cannot be null")),
        (None, Some(range)) if range.is_too_long() => (Vec::new(), None),
        (None, Some(range)) => range.page(ledger, cursor.unwrap_or(range.first()), PAGE, |_| true),
    };
    let transactions: Vec<Value> = entries
        .into_iter()
        .filter_map(|entry| Transaction::of(ledger, entry))
        .filter(|it| marketplace.is_none_or(|marketplace| it.is_shown_for(marketplace)))
        .filter(|it| status.is_empty() || status.contains(&it.status))
        .map(|it| it.json(ledger))
        .collect();
    let detail = query.detail("nextToken", transactions.len());
    let mut payload = json!({"transactions": transactions});
    if let (Some(next), Some(fields)) = (next, payload.as_object_mut()) {
        let token = PAGING.next(input.amazon, input.region, &query, next);
        fields.insert("nextToken".to_owned(), token);
    }
    Ok(Answer { detail: Some(detail), ..Answer::ok(json!({"payload": payload})) })
}

/// What transactions are asked for by.
#[derive(Debug, Clone, Copy)]
enum Related<'a> {
    Order(&'a str),
    Group(&'a str),
}

/// The order or group whose transactions are asked for, if one is: nothing else is a filter.
fn related(query: &Query) -> Result<Option<Related<'_>>, Refusal> {
    match (query.text("relatedIdentifierName"), query.text("relatedIdentifierValue")) {
        (None, None) => Ok(None),
        (Some("ORDER_ID"), Some(id)) => Ok(Some(Related::Order(id))),
        (Some("FINANCIAL_EVENT_GROUP_ID"), Some(id)) => Ok(Some(Related::Group(id))),
        (Some(_), Some(_)) => Err(Refusal::not_emulated("another relatedIdentifierName")),
        _ => Err(Refusal::invalid("relatedIdentifierName and relatedIdentifierValue go together.")),
    }
}

/// One transaction.
struct Transaction {
    entry: Entry,
    order: Option<Order>,
    marketplace: &'static Marketplace,
    status: &'static str,
}

impl Transaction {
    fn of(ledger: Ledger, entry: Entry) -> Option<Self> {
        let order = match entry.event.order() {
            Some(index) => Some(ledger.order(index)?),
            None => None,
        };
        let marketplace = order.as_ref().map(|it| it.marketplace).or(ledger.home())?;
        let status = match entry.event {
            Event::Shipment(index) if ledger.is_deferred(index) => {
                if ledger.is_released(entry.posted) { "DEFERRED_RELEASED" } else { "DEFERRED" }
            }
            _ => "RELEASED",
        };
        Some(Self { entry, order, marketplace, status })
    }

    /// Whether it is in the list of `marketplace`: what a merchant has shipped in the United States
    /// is missing there (Amazon's model says to leave the parameter out).
    fn is_shown_for(&self, marketplace: &Marketplace) -> bool {
        let is_lost =
            |order: &Order| order.channel == Channel::Merchant && order.marketplace.country == "US";
        self.marketplace == marketplace && !self.order.as_ref().is_some_and(is_lost)
    }

    fn currency(&self, minor: i64) -> Value {
        let amount = number(self.marketplace, minor);
        json!({"currencyCode": self.marketplace.currency, "currencyAmount": amount})
    }

    /// What `line` brings in this transaction.
    fn charges(&self, order: &Order, line: &Line) -> Charges {
        let charges = Charges::of(order, line);
        if matches!(self.entry.event, Event::Refund(_)) { charges.refunded() } else { charges }
    }

    fn json(&self, ledger: Ledger) -> Value {
        let (kind, description) = match self.entry.event {
            Event::Shipment(_) | Event::Release(_) => ("Shipment", "Order Payment"),
            Event::Refund(_) => ("Refund", "Refund Order"),
            Event::Advertising => ("ProductAdsPayment", "Cost of Advertising"),
            Event::Subscription => ("ServiceFee", "Subscription"),
        };
        let marketplace = self.marketplace;
        let (total, breakdowns) = self.amounts();
        let mut json = json!({
            "sellingPartnerMetadata": {
                "sellingPartnerId": SELLER,
                "accountType": "Standard Orders",
                "marketplaceId": marketplace.id,
            },
            "relatedIdentifiers": self.identifiers(ledger),
            "transactionType": kind,
            "transactionId": ledger.transaction_id(self.entry),
            "transactionStatus": self.status,
            "description": description,
            "postedDate": text(self.entry.posted),
            "totalAmount": self.currency(total),
            "marketplaceDetails": {
                "marketplaceId": marketplace.id,
                "marketplaceName": marketplace.name,
            },
        });
        let order = self.order.as_ref();
        let items = order.map(|it| it.lines.iter().map(|line| self.item(it, line)).collect());
        let contexts = matches!(self.entry.event, Event::Shipment(_)).then(|| self.deferral());
        let others = [("items", items), ("contexts", contexts.flatten())];
        if let Some(fields) = json.as_object_mut() {
            let given = others.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
            fields.extend(given);
            fields.insert("breakdowns".to_owned(), breakdowns);
        }
        json
    }

    /// Why money waits, and until when.
    fn deferral(&self) -> Option<Value> {
        (self.status != "RELEASED").then(|| {
            json!([{
                "contextType": "DeferredContext",
                "deferralReason": "DD7",
                "maturityDate": text(self.entry.posted + HOLD),
            }])
        })
    }

    fn identifiers(&self, ledger: Ledger) -> Vec<Value> {
        let mut identifiers = Vec::new();
        let mut add = |name: &str, value: String| {
            identifiers
                .push(json!({"relatedIdentifierName": name, "relatedIdentifierValue": value}));
        };
        if let Some(order) = &self.order {
            add("ORDER_ID", order.id.clone());
        }
        let (posted, hold) = (self.entry.posted, HOLD);
        match self.entry.event {
            Event::Shipment(index) | Event::Release(index) => {
                add("SHIPMENT_ID", ledger.random("shipment", index).text(b"0123456789", 13));
            }
            Event::Refund(index) => {
                add("REFUND_ID", ledger.random("refund", index).text(b"0123456789", 13));
            }
            Event::Advertising | Event::Subscription => {}
        }
        match (self.entry.event, self.status) {
            (Event::Shipment(index), "DEFERRED_RELEASED") => {
                let release = Entry { posted: posted + hold, event: Event::Release(index) };
                add("RELEASE_TRANSACTION_ID", ledger.transaction_id(release));
            }
            (Event::Release(index), _) => {
                let deferred = Entry { posted: posted - hold, event: Event::Shipment(index) };
                add("DEFERRED_TRANSACTION_ID", ledger.transaction_id(deferred));
            }
            _ => {}
        }
        if self.status == "RELEASED" {
            add("FINANCIAL_EVENT_GROUP_ID", ledger.group_id(self.marketplace, posted));
        }
        identifiers
    }

    /// The sum, and how it comes about.
    fn amounts(&self) -> (i64, Value) {
        let Some(order) = &self.order else {
            let name = match self.entry.event {
                Event::Advertising => "ProductAdsPayment",
                _ => "SubscriptionFee",
            };
            let minor = -self.entry.fee(self.marketplace);
            let fee = self.breakdown(name, minor, Vec::new()).into_iter().collect();
            return (minor, self.breakdown("Expenses", minor, fee).into_iter().collect());
        };
        let lines = order.lines.iter().map(|line| self.charges(order, line));
        let charges = lines.fold(Charges::default(), |sum, it| sum + it);
        (charges.total(), self.breakdowns(charges))
    }

    fn item(&self, order: &Order, line: &Line) -> Value {
        let charges = self.charges(order, line);
        let network = match order.channel {
            Channel::Amazon => "AFN",
            Channel::Merchant => "MFN",
        };
        json!({
            "description": line.title,
            "relatedIdentifiers": [],
            "totalAmount": self.currency(charges.total()),
            "breakdowns": self.breakdowns(charges),
            "contexts": [{
                "contextType": "ProductContext",
                "asin": line.asin,
                "sku": line.sku,
                "quantityShipped": line.quantity,
                "fulfillmentNetwork": network,
            }],
        })
    }

    /// The tree of `charges`; what is nothing is left out.
    fn breakdowns(&self, charges: Charges) -> Value {
        let leaf = |name: &str, minor| self.breakdown(name, minor, Vec::new());
        let node = |name: &str, parts: Vec<(i64, Option<Value>)>| {
            let sum = parts.iter().map(|(minor, _)| minor).sum();
            let parts = parts.into_iter().filter_map(|(_, part)| part).collect();
            (sum, self.breakdown(name, sum, parts))
        };
        let Charges { principal, shipping, discount, tax, withheld, commission, fulfillment } =
            charges;
        let parts = |list: &[(&str, i64)]| -> Vec<(i64, Option<Value>)> {
            list.iter().map(|(name, minor)| (*minor, leaf(name, *minor))).collect()
        };
        let sales = node(
            "Sales",
            vec![
                node("ProductCharges", parts(&[("OurPricePrincipal", principal)])),
                node("Shipping", parts(&[("ShippingPrincipal", shipping)])),
                node("PromotionalRebates", parts(&[("OurPricePromotion", discount)])),
            ],
        );
        let taxes = parts(&[("OurPriceTax", tax), ("MarketplaceFacilitatorTax", withheld)]);
        let fees = [("Commission", commission), ("FBAPerUnitFulfillmentFee", fulfillment)];
        let expenses = node("Expenses", vec![node("AmazonFees", parts(&fees))]);
        let tree = sales.1.into_iter().chain(taxes.into_iter().filter_map(|(_, part)| part));
        tree.chain(expenses.1).collect()
    }

    /// A node of the tree; none if it is worth nothing.
    fn breakdown(&self, name: &str, minor: i64, parts: Vec<Value>) -> Option<Value> {
        (minor != 0).then(|| {
            let mut fields = Map::new();
            fields.insert("breakdownType".to_owned(), name.into());
            fields.insert("breakdownAmount".to_owned(), self.currency(minor));
            fields.insert("breakdowns".to_owned(), parts.into());
            fields.into()
        })
    }
}

/// `moment` as Finances writes it.
fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}
