//! The lists of the Replenishment API: what Subscribe & Save brings, of the seller and of each offer.
//!
//! Days are days of the calendar, and both ends of an interval belong to it. Amazon has the figures of
//! two years, and those of a day when it has been over for a day; it may still correct them, so some days
//! are read again (documentation of `TimeInterval`, Replenishment API 2022-11-07).

use chrono::TimeDelta;

use super::{
    Edges, Ends, Extraction, Figures, Length, Next, PageOffset, PageShape, PageSize, Pages, Scope,
};
use crate::api;

/// The marketplaces in which sellers have it; Amazon names others for vendors only.
const MARKETPLACES: Scope = Scope::Only(&[
    "ATVPDKIKX0DER",
    "A2EUQ1WTGCTBG2",
    "A1RKKUPIHCS9HS",
    "A1F83G8C2ARO7P",
    "A13V1IB3VIYZZH",
    "APJ6JRA9NG5V4",
    "A21TJRUUN4KGV",
    "A1PA6795UKMFR9",
    "A1VC38T7YXB528",
]);

const RETENTION: Option<TimeDelta> = Some(TimeDelta::days(730));
const DAYS: Edges = Edges::Days { late: TimeDelta::days(1) };
const PROGRAMS: &[&str] = &["SUBSCRIBE_AND_SAVE"];
const ROLES: &[&str] = &["Brand Analytics"];

/// The parameters for first and last day of the seller's figures, and of the offers'.
const INTERVAL: &[[&str; 2]] = &[["timeInterval.startDate", "timeInterval.endDate"]];
const OFFER_INTERVAL: &[[&str; 2]] =
    &[["filters.timeInterval.startDate", "filters.timeInterval.endDate"]];

/// Figures of each day. One call covers a month, so as much is read again.
pub(super) static DAILY: Pages = Pages {
    scope: MARKETPLACES,
    extraction: Extraction::Window { longest: TimeDelta::days(31), retention: RETENTION },
    lookback: TimeDelta::days(30),
    edges: DAYS,
    query: &[("timePeriodType", "PERFORMANCE"), ("aggregationFrequency", "DAY")],
    lists: &[
        ("programTypes", PROGRAMS),
        (
            "metrics",
            &[
                "SHIPPED_SUBSCRIPTION_UNITS",
                "TOTAL_SUBSCRIPTIONS_REVENUE",
                "ACTIVE_SUBSCRIPTIONS",
                "NOT_DELIVERED_DUE_TO_OOS",
                "LOST_REVENUE_DUE_TO_OOS",
                "REVENUE_PENETRATION",
                "COUPONS_REVENUE_PENETRATION",
                "SHARE_OF_COUPON_SUBSCRIPTIONS",
            ],
        ),
    ],
    marketplaces: &["marketplaceId"],
    windows: INTERVAL,
    list: &["metrics"],
    roles: ROLES,
    ..Pages::plain(&api::GET_SELLING_PARTNER_METRICS)
};

/// Figures of the one or two years before a day, whose length Amazon chooses by the metric. The day is
/// the last one that is there.
pub(super) static ROLLING: Pages = Pages {
    scope: MARKETPLACES,
    present: Some([-2, -2]),
    query: &[("timePeriodType", "PERFORMANCE"), ("aggregationFrequency", "DAY")],
    lists: &[
        ("programTypes", PROGRAMS),
        (
            "metrics",
            &[
                "SUBSCRIBER_NON_SUBSCRIBER_AVERAGE_REVENUE",
                "SUBSCRIBER_NON_SUBSCRIBER_AVERAGE_REORDERS",
                "SUBSCRIBER_RETENTION",
                "SUBSCRIBER_LIFETIME_VALUE_BY_CUSTOMER_SEGMENT",
                "SIGNUP_CONVERSION_BY_SELLER_FUNDING",
                "REVENUE_BY_DELIVERIES",
                "REVENUE_PENETRATION_BY_SELLER_FUNDING",
            ],
        ),
    ],
    marketplaces: &["marketplaceId"],
    windows: INTERVAL,
    list: &["metrics"],
    roles: ROLES,
    ..Pages::plain(&api::GET_SELLING_PARTNER_METRICS)
};

/// Figures of each offer on one day, as Amazon gives them for one period only.
pub(super) static OFFERS: Pages = Pages {
    extraction: Extraction::Window { longest: TimeDelta::days(1), retention: RETENTION },
    lookback: TimeDelta::days(7),
    edges: DAYS,
    query: &[
        ("filters.timePeriodType", "PERFORMANCE"),
        ("filters.aggregationFrequency", "DAY"),
        ("sort.key", "SHIPPED_SUBSCRIPTION_UNITS"),
    ],
    ..LISTED
};

/// What Amazon expects of each offer in the next thirty, sixty and ninety days.
pub(super) static FORECAST: Pages = Pages {
    present: Some([1, 7]),
    query: &[
        ("filters.timePeriodType", "FORECAST"),
        ("sort.key", "NEXT_30DAYS_SHIPPED_SUBSCRIPTION_UNITS"),
    ],
    ..LISTED
};

/// What the lists of offers have in common.
const LISTED: Pages = Pages {
    scope: MARKETPLACES,
    lists: &[("filters.programTypes", PROGRAMS)],
    marketplaces: &["filters.marketplaceId"],
    windows: OFFER_INTERVAL,
    page_size: Some(PageSize { parameter: "pagination.limit", most: 500 }),
    list: &["offers"],
    next: Next::Offset(PageOffset {
        parameter: "pagination.offset",
        most: 9000,
        total: &["pagination", "totalResults"],
        kinds: ("filters.fulfillmentChannelTypes", &["AMAZON", "MERCHANT"]),
        order: ("sort.order", ["ASC", "DESC"]),
    }),
    roles: ROLES,
    ..Pages::plain(&api::LIST_OFFER_METRICS)
};

/// A record a day.
pub(super) const OF_A_DAY: PageShape =
    PageShape::Figures(Figures { length: Length::Day, ends: Ends::Last, texts: &[] });

/// A record for each of Amazon's long intervals.
pub(super) const OF_YEARS: PageShape =
    PageShape::Figures(Figures { length: Length::Days, ends: Ends::Both, texts: &[] });

/// Vendors' offers have neither of these, and both are keys.
const OFFER_TEXTS: &[&str] = &["sku", "fulfillmentChannelType"];

/// A record for each offer and day.
pub(super) const OF_OFFERS: PageShape =
    PageShape::Figures(Figures { length: Length::Any, ends: Ends::Last, texts: OFFER_TEXTS });

/// A record for each offer.
pub(super) const EXPECTED: PageShape =
    PageShape::Figures(Figures { length: Length::Any, ends: Ends::Both, texts: OFFER_TEXTS });
