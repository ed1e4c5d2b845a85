//! Retail procurement orders v1: getPurchaseOrders.

use super::{orders_of, page, paging, text};
use crate::amazon::Answer;
use crate::amazon::call::Input;
use crate::amazon::error::Refusal;
use crate::amazon::order::{Order, Orders};
use crate::amazon::page::Paging;
use crate::amazon::query::Query;
use crate::random::Random;
use chrono::{DateTime, Months, TimeDelta, Utc};
use serde_json::{Value, json};

/// The widest range that can be asked for.
const WIDEST: TimeDelta = TimeDelta::days(7);

/// Amazon orders once for so many orders of its customers.
const STEP: u64 = 5;

/// The vendor codes of the demo vendor.
const CODES: &[&str] = &["NWOUS", "NWOUT"];

const PARAMETERS: &[&str] = &[
    "limit",
    "createdAfter",
    "createdBefore",
    "sortOrder",
    "nextToken",
    "includeDetails",
    "changedAfter",
    "changedBefore",
    "poItemState",
    "isPOChanged",
    "purchaseOrderState",
    "orderingVendorCode",
];

const PAGING: Paging = paging("getPurchaseOrders");

/// getPurchaseOrders.
pub(crate) fn list(input: &Input<'_>) -> Result<Answer, Refusal> {
    let query = Query::parse(input.uri(), PARAMETERS)?;
    let query = PAGING.whole(input.amazon, input.region, query);
    let now = input.amazon.clock().now();
    let filter = Filter::of(&query, now)?;
    let orders = orders_of(input);
    let seed = input.amazon.world().seed;
    // What changed later was created before.
    let start =
        filter.start - if filter.is_by_change { Purchase::LATEST } else { TimeDelta::zero() };
    let indexes = orders.updated_within(start, filter.end);
    let has_details = query.boolean("includeDetails")?.unwrap_or(true);
    let (shown, next) = page(input, &query, &PAGING, indexes, |index| {
        let purchase = Purchase::at(orders, seed, index, now)?;
        filter.wants(&purchase).then(|| purchase.json(has_details))
    })?;
    let detail = Some(query.detail("nextToken", shown.len()));
    let mut payload = json!({"orders": shown});
    if let (Some(token), Some(fields)) = (next, payload.as_object_mut()) {
        fields.insert("pagination".to_owned(), json!({"nextToken": token}));
    }
    Ok(Answer { detail, ..Answer::ok(json!({"payload": payload})) })
}

/// Which purchase orders are asked for.
struct Filter<'a> {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    /// Whether the range is of changes, not of creation.
    is_by_change: bool,
    has_cancelled: bool,
    is_changed: bool,
    state: Option<&'a str>,
    code: Option<&'a str>,
}

impl<'a> Filter<'a> {
    fn of(query: &'a Query, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let created = (query.moment("createdAfter")?, query.moment("createdBefore")?);
        let changed = (query.moment("changedAfter")?, query.moment("changedBefore")?);
        let (is_by_change, (start, end)) = match (created, changed) {
            (range, (None, None)) => (false, range),
            ((None, None), range) => (true, range),
            _ => return Err(Refusal::invalid_request("One range, of creation or of changes.")),
        };
        let end = end.unwrap_or(now);
        let Some(start) = start.filter(|start| *start < end && end - *start <= WIDEST) else {
            let details = "A range of at most seven days is required.";
            return Err(Refusal::invalid_request(details));
        };
        // Older purchase orders are not kept.
        let start = start.max(now - Months::new(6));
        let one = |name: &str, words: &[&str]| {
            Ok::<_, Refusal>(query.words(name, words)?.first().copied())
        };
        Ok(Self {
            start,
            end,
            is_by_change,
            has_cancelled: one("poItemState", &["Cancelled"])?.is_some(),
            is_changed: query.boolean("isPOChanged")?.unwrap_or(false),
            state: one("purchaseOrderState", &["New", "Acknowledged", "Closed"])?,
            code: query.text("orderingVendorCode"),
        })
    }

    fn wants(&self, purchase: &Purchase) -> bool {
        let is_within = |moment| self.start <= moment && moment < self.end;
        let is_in_range = if self.is_by_change {
            purchase.changed().is_some_and(is_within)
        } else {
            is_within(purchase.created)
        };
        is_in_range
            && (!self.has_cancelled || purchase.is_cancelled_in_part())
            && (!self.is_changed || purchase.changed().is_some())
            && self.state.is_none_or(|state| state == purchase.state())
            && self.code.is_none_or(|code| code == purchase.code)
    }
}

/// What Amazon orders for its shops.
struct Purchase {
    index: u64,
    number: String,
    created: DateTime<Utc>,
    code: &'static str,
    /// The customers' order whose goods are ordered again, by the dozen.
    order: Order,
    now: DateTime<Utc>,
}

impl Purchase {
    /// How long after its creation a purchase order is changed, at most.
    const LATEST: TimeDelta = TimeDelta::days(1);

    fn at(orders: Orders, seed: u64, index: u64, now: DateTime<Utc>) -> Option<Self> {
        let order = orders.order(index).filter(|_| index.is_multiple_of(STEP))?;
        let mut random = Random::new(seed, order.marketplace.id, index);
        let number = random.text(b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", 8);
        let created = orders.updated(index);
        Some(Self { index, number, created, code: random.pick(CODES), order, now })
    }

    /// When Amazon changed it: one in four is, a day later.
    fn changed(&self) -> Option<DateTime<Utc>> {
        let changed = self.created + Self::LATEST;
        ((self.index / STEP).is_multiple_of(4) && changed < self.now).then_some(changed)
    }

    /// Whether the change took a line away.
    fn is_cancelled_in_part(&self) -> bool {
        self.changed().is_some() && (self.index / STEP).is_multiple_of(8)
    }

    fn state(&self) -> &'static str {
        match (self.now - self.created).num_days() {
            0..2 => "New",
            2..10 => "Acknowledged",
            _ => "Closed",
        }
    }

    fn json(&self, has_details: bool) -> Value {
        let mut json = json!({
            "purchaseOrderNumber": self.number,
            "purchaseOrderState": self.state(),
        });
        if let (true, Some(fields)) = (has_details, json.as_object_mut()) {
            fields.insert("orderDetails".to_owned(), self.details());
        }
        json
    }

    fn details(&self) -> Value {
        let age = match self.state() {
            "New" => 0,
            "Acknowledged" => 2,
            _ => 10,
        };
        let window = |first, last| {
            let moment = |days| text(self.created + TimeDelta::days(days));
            // Two hyphens: one would not be found among those of the dates.
            format!("{}--{}", moment(first), moment(last))
        };
        let mut details = json!({
            "purchaseOrderDate": text(self.created),
            "purchaseOrderStateChangedDate": text(self.created + TimeDelta::days(age)),
            "purchaseOrderType": "RegularOrder",
            "paymentMethod": "Invoice",
            "buyingParty": {"partyId": "AMZ1"},
            "sellingParty": {"partyId": self.code},
            "shipToParty": {"partyId": "AMZ1"},
            "billToParty": {"partyId": "AMZ1"},
            "shipWindow": window(1, 8),
            "deliveryWindow": window(3, 12),
            "items": self.items(),
        });
        if let (Some(changed), Some(fields)) = (self.changed(), details.as_object_mut()) {
            fields.insert("purchaseOrderChangedDate".to_owned(), text(changed).into());
        }
        details
    }

    fn items(&self) -> Vec<Value> {
        let marketplace = self.order.marketplace;
        let money = |minor: u64| json!({"currencyCode": marketplace.currency, "amount": marketplace.money(minor)});
        let lines = self.order.lines.iter().enumerate();
        lines
            .map(|(place, line)| {
                let price = line.price.checked_div(line.quantity).unwrap_or(line.price);
                let is_gone = place == 0 && self.is_cancelled_in_part();
                let amount = if is_gone { 0 } else { line.quantity };
                json!({
                    "itemSequenceNumber": (place + 1).to_string(),
                    "amazonProductIdentifier": line.asin,
                    "vendorProductIdentifier": line.sku,
                    "orderedQuantity": {"amount": amount, "unitOfMeasure": "Cases", "unitSize": 12},
                    "isBackOrderAllowed": false,
                    "netCost": money(price * 6 / 10),
                    "listPrice": money(price),
                })
            })
            .collect()
    }
}
