//! `--plan`: what a run would ask of Amazon and how long that takes, before anything is asked.
//!
//! ```text
//!  config ─▶ account ─▶ due ─▶ demand ─▶ text ─▶ stdout
//!            without a  lanes  arithmetic
//!            call, if the
//!            marketplaces
//!            are named
//! ```
//!
//! Only `demand` counts, and it is pure. How Amazon behaves on the day (reports that fail, quotas of
//! report types that it does not publish, other programs of the same seller) is not in it.

mod demand;
mod text;

use std::time::Duration;

pub use demand::{Demand, Forecast, Items, Share};

use crate::sync::{Run, bounds, policy};
use crate::{absence, account, due};

/// Prints the forecast of a run. Calls nothing if the configuration names marketplaces, else asks once
/// a region which there are.
pub async fn run(run: Run) -> anyhow::Result<()> {
    let policy = policy(&run.config);
    let presumed = account::presumed(&run.config, policy)?;
    let is_silent = presumed.is_some();
    let areas = if let Some(areas) = presumed {
        areas
    } else {
        let areas = account::open(&run.config, policy).await?;
        absence::say(&run.config, &run.selected, &run.bookmarks, &areas);
        areas
    };
    let followers = due::followers(&run.config, &run.selected);
    let bounds = bounds(&run.config, run.clock);
    let reports =
        due::lanes(&run.config, &areas, &run.selected, &followers, &run.bookmarks, bounds);
    let pages = due::lanes(&run.config, &areas, &run.selected, &[], &run.bookmarks, bounds);
    let items = Items::of(&run.config, &run.selected);
    let forecast = Forecast::new((&reports, &pages), &areas, items, &run.bookmarks, bounds);
    Ok(run.output.text(&text::page(&forecast, is_silent))?)
}

/// A length of time in its two greatest units.
///
/// ```
/// # use std::time::Duration;
/// # use tap_amazon_seller::forecast::spelled;
/// assert_eq!(spelled(Duration::from_secs(217_665)), "2 d 12 h");
/// assert_eq!(spelled(Duration::from_secs(61)), "1 min 1 s");
/// ```
#[must_use]
pub fn spelled(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests;
