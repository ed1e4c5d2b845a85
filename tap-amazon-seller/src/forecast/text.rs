//! The forecast as people read it.

use chrono::NaiveDate;

use super::{Demand, Forecast, Share, spelled};
use crate::marketplace::Region;
use crate::table::{Side, Table};

/// All of it. `is_silent` says that nothing was called for it.
pub(super) fn page(forecast: &Forecast, is_silent: bool) -> String {
    let called = if is_silent {
        "Nothing was called."
    } else {
        "One call a region was made, to learn which marketplaces there are."
    };
    let mut page = format!("What a run would ask of Amazon. {called}\n\n");
    page += &windows(&forecast.shares).to_string();
    page += "\n";
    page += &calls(forecast).to_string();
    page += &notes(forecast);
    page.trim_end().to_owned()
}

/// What is due, a line for each report and unit.
fn windows(shares: &[Share]) -> Table {
    let mut table = Table::new(&[
        ("streams", Side::Left),
        ("of", Side::Left),
        ("reports", Side::Right),
        ("first day", Side::Left),
        ("last day", Side::Left),
        ("read again", Side::Right),
        ("asked before", Side::Right),
        ("days out", Side::Right),
        ("", Side::Left),
    ]);
    let day = |day: Option<NaiveDate>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    for share in shares {
        table.row([
            share.streams.clone(),
            share.unit.to_owned(),
            if share.lists > 0 { "?".to_owned() } else { share.windows.to_string() },
            day(share.span.map(|(first, _)| first)),
            day(share.span.map(|(_, last)| last)),
            share.again.to_string(),
            (share.taken_up + share.looked_for).to_string(),
            share.days_out.map_or_else(|| "-".to_owned(), |days| days.to_string()),
            share.cut.map(|cut| cut.to_string()).unwrap_or_default(),
        ]);
    }
    table
}

/// What is called, a line for each region and operation.
fn calls(forecast: &Forecast) -> Table {
    let mut table = Table::new(&[
        ("region", Side::Left),
        ("operation", Side::Left),
        ("calls", Side::Right),
        ("at once", Side::Right),
        ("then a minute", Side::Right),
        ("time", Side::Right),
    ]);
    for (region, demand) in all(forecast) {
        let plan = demand.operation.plan;
        table.row([
            region.to_string(),
            demand.operation.name.to_owned(),
            number(demand),
            plan.map(|plan| plan.burst.to_string()).unwrap_or_default(),
            plan.map(|plan| format!("{:.1}", plan.rate * 60.0)).unwrap_or_default(),
            match demand.calls {
                0 => "?".to_owned(),
                _ => spelled(demand.time()),
            },
        ]);
    }
    table
}

/// How many calls there are, or are at least.
fn number(demand: &Demand) -> String {
    match (demand.calls, demand.more) {
        (calls, None) => calls.to_string(),
        (0, Some(_)) => "?".to_owned(),
        (calls, Some(_)) => format!("{calls}+"),
    }
}

fn all(forecast: &Forecast) -> impl Iterator<Item = (Region, &Demand)> {
    let regions = forecast.regions.iter();
    regions.flat_map(|(region, demands)| demands.iter().map(|demand| (*region, demand)))
}

/// How slowly calls go on behind the burst, where that is what a run waits for.
fn pace(demand: &Demand) -> String {
    let pause = demand.operation.plan.map(|plan| plan.time_for(u64::from(plan.burst) + 1));
    match pause.filter(|pause| pause.as_secs() >= 60) {
        Some(pause) => format!("; behind the burst one every {}", spelled(pause)),
        None => String::new(),
    }
}

/// What the numbers leave open, and what they come to.
fn notes(forecast: &Forecast) -> String {
    let mut notes: Vec<String> = Vec::new();
    for (_, demand) in all(forecast) {
        let Some(more) = demand.more else { continue };
        let note = format!("{}: {more}{}.", demand.operation.name, pace(demand));
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    if let Some((region, demand)) = forecast.slowest() {
        notes.push(format!(
            "At least {} in all, at Amazon's published rates and with whole bursts: {} in {region}. \
             Regions work side by side.",
            spelled(demand.time()),
            demand.operation.name,
        ));
    }
    format!("\n{}", notes.join("\n"))
}
