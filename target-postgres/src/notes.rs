//! What a user should know about a load that goes well all the same.

use crate::copy::Counts;
use crate::plan::Plan;

/// Says what a user should know about a table, as far as it was not said before.
pub(crate) fn say_of_table(plan: &Plan, earlier: Option<&Plan>) {
    let said = earlier.map_or(&[][..], |plan| &plan.table.notes);
    for note in plan.table.notes.iter().filter(|note| !said.contains(note)) {
        tracing::warn!("{}: {note}", plan.table.stream);
    }
}

/// Says what was done to the values of a stream.
pub(crate) fn say_counts(stream: &str, counts: &Counts) {
    for (property, records) in &counts.unknown {
        tracing::warn!(
            "{stream}: `{property}` is not in the schema; left out of {records} records"
        );
    }
    let done = [
        (counts.unknown_beyond, "members of further names are not in the schema and were left out"),
        (counts.nul, "NUL characters were replaced or removed"),
        (counts.surrogates, "halves of surrogate pairs were replaced by U+FFFD"),
        (counts.dates, "dates were none or out of range and became null or the greatest"),
    ];
    for (count, what) in done.iter().filter(|(count, _)| *count > 0) {
        tracing::warn!("{stream}: {count} {what}");
    }
}
