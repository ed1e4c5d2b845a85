//! The quotas that createReport keeps for each report type beside its usage plan.
//!
//! Amazon does not document them; callers see 429 for hours although the plan has calls left.

use super::Asked;
use crate::bucket::{Bucket, Plan};
use std::collections::HashMap;
use std::time::Duration;

/// The quota of one report type, counted in each region apart.
#[derive(Debug)]
pub(super) struct Quota {
    report_type: String,
    plan: Plan,
    buckets: HashMap<Option<&'static str>, Bucket>,
}

impl Quota {
    /// At most `reports` of `report_type` at once; a used-up quota is full again after `period`.
    pub(super) fn new(report_type: String, reports: u32, period: Duration) -> Self {
        let rate = f64::from(reports) / period.as_secs_f64();
        Self { report_type, plan: Plan { rate, burst: reports }, buckets: HashMap::new() }
    }

    /// Takes a report; false if the quota of its type is used up.
    pub(super) fn take(&mut self, asked: &Asked, elapsed: Duration) -> bool {
        if !asked.report_types.contains(&self.report_type) {
            return true;
        }
        let plan = self.plan;
        let bucket = self.buckets.entry(asked.region);
        bucket.or_insert_with(|| Bucket::new(plan, elapsed)).take(elapsed)
    }
}
