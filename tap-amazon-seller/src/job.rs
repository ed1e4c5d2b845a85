//! A report that was asked for: what the state keeps of it until its records are out.
//!
//! Asking for a report spends the scarcest quota there is, and Amazon refuses to make the same one twice
//! in a short time. So a job is noted *before* Amazon is asked, without an identifier, and again with
//! it. Whoever finds a job without an identifier looks at Amazon whether the report exists, before
//! asking for it a second time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::api::ReportSpecification;
use crate::plan::Window;

/// How old a picture of the present may be that an earlier run asked for and did not load. Older ones
/// are left to Amazon: what is wanted is the present.
const PRESENT: TimeDelta = TimeDelta::hours(12);

/// How long Amazon keeps a report; orders are kept the shortest.
const KEPT: TimeDelta = TimeDelta::days(30);

/// A report that was asked for, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Amazon's report type.
    pub report_type: String,
    /// Amazon's ids of the marketplaces, in order and separated by commas.
    pub marketplaces: String,
    /// Amazon's report options as `name=value`, in order and separated by commas.
    pub options: String,
    /// What the report covers.
    pub window: Window,
    /// When it was asked for.
    pub asked: DateTime<Utc>,
    /// Amazon's identifier of it; nothing, as long as Amazon's answer is not known.
    pub report_id: Option<String>,
}

impl Job {
    /// A report that is about to be asked for.
    #[must_use]
    pub fn new(specification: &ReportSpecification, window: Window, asked: DateTime<Utc>) -> Self {
        let mut marketplaces = specification.marketplace_ids.clone();
        marketplaces.sort_unstable();
        let options = specification.report_options.iter();
        let options: Vec<_> = options.map(|(name, value)| format!("{name}={value}")).collect();
        Self {
            report_type: specification.report_type.to_owned(),
            marketplaces: marketplaces.join(","),
            options: options.join(","),
            window,
            asked,
            report_id: None,
        }
    }

    /// Whether a run that starts now still gets from it what it wants.
    #[must_use]
    pub fn is_of_use(&self, now: DateTime<Utc>) -> bool {
        let longest = if self.window == Window::Present { PRESENT } else { KEPT };
        now - self.asked < longest
    }

    /// Whether this report and another answer the same question, whatever their windows.
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.report_type == other.report_type
            && self.marketplaces == other.marketplaces
            && self.options == other.options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_the_present_is_of_use_for_half_a_day_and_others_while_amazon_keeps_them() {
        let asked: DateTime<Utc> = "2026-11-01T00:00:00Z".parse().unwrap();
        let mut job = Job {
            report_type: "GET_X".to_owned(),
            marketplaces: "A1".to_owned(),
            options: String::new(),
            window: Window::Present,
            asked,
            report_id: None,
        };
        let lasts = |job: &Job| {
            let hours =
                (0..10_000).take_while(|hours| job.is_of_use(asked + TimeDelta::hours(*hours)));
            hours.count()
        };
        assert_eq!(lasts(&job), 12);
        job.window = Window::Day(asked.date_naive());
        assert_eq!(lasts(&job), 30 * 24);
    }
}
