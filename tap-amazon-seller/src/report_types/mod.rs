//! What the tap knows of Amazon's types of reports: which can be asked for, what their documents are,
//! and what a stream of the configuration need not say because it is so of every report of the type.
//!
//! A type that is not in the table is asked for all the same, because Amazon adds types without a word;
//! what is then supposed is [`ReportType::unknown`]. This module knows nothing of streams and
//! configurations.

mod table;

use chrono::TimeDelta;

use crate::streams::Scope;
use table::TYPES;

/// One type of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportType {
    /// Amazon's name.
    pub name: &'static str,
    /// What its documents are.
    pub format: Format,
    /// Whether it can be asked for.
    pub origin: Origin,
    /// Whether it holds personal data of buyers, which Amazon gives out only for a restricted role and
    /// with a token of its own.
    pub is_restricted: bool,
    /// What one report covers, as far as its type decides that.
    pub rhythm: Rhythm,
    /// What one report covers.
    pub scope: Scope,
    /// How many days back Amazon has data; zero where that is not known.
    pub retention_days: u16,
    /// Amazon makes the report anew at most this often, in minutes; zero where that is not known.
    pub remade_minutes: u16,
    /// Whether column names may be in another language than English.
    pub is_localized: bool,
    /// The roles of which an application needs one; none where that is not known.
    pub roles: &'static [&'static str],
    /// Where the records of a JSON or XML document are: names with a slash between them. Empty where
    /// that is not known, and for other formats.
    pub path: &'static str,
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Rows of cells with tabs between them, without quoting but for what some types do.
    Tsv,
    /// Rows of cells with commas between them, quoted where that is needed.
    Csv,
    /// JSON with a list in it.
    Json,
    /// XML with elements of one kind in it.
    Xml,
    /// Something without records, by its name.
    Unreadable(&'static str),
}

/// How a report comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is asked for.
    Asked,
    /// Amazon makes it by itself: it can be listed, and is refused if asked for.
    Listed,
    /// Amazon makes it on a schedule that the seller has set up: it can be listed then.
    Scheduled,
    /// Amazon has taken it away; with what there is in its place, if there is anything.
    Removed(&'static str),
}

/// What one report covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// The present; Amazon ignores dates.
    Snapshot,
    /// A range of time, of at most so many days. Where Amazon publishes no limit it is thirty, which
    /// every type is known to take.
    Range(u16),
    /// A day.
    Days,
    /// What the option `reportPeriod` says: a day, a week from Sunday on, a month, and so on.
    Periods,
}

impl ReportType {
    /// What is known of a type.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|known| known.name == name)
    }

    /// What is supposed of a type that is not in the table: a flat file for each marketplace, by
    /// ranges of at most thirty days.
    #[must_use]
    pub const fn unknown(name: &'static str) -> Self {
        Self::tsv(name)
    }

    /// How far back Amazon has data.
    #[must_use]
    pub fn retention(&self) -> Option<TimeDelta> {
        (self.retention_days > 0).then(|| TimeDelta::days(self.retention_days.into()))
    }

    /// Those of a type's roles that Amazon keeps for few applications. For a document with personal data
    /// one of these is needed, whatever is enough to ask for the report.
    #[must_use]
    pub fn restricted_roles(roles: &[&'static str]) -> Vec<&'static str> {
        roles.iter().copied().filter(|role| role.ends_with("(Restricted)")).collect()
    }

    /// Why reports of the type cannot be read at all, as what a configuration should name instead.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let name = self.name;
        match (self.origin, self.format) {
            (Origin::Removed(""), _) => {
                Some(format!("a type that Amazon still has; {name} was removed"))
            }
            (Origin::Removed(instead), _) => {
                Some(format!("a type that Amazon still has; {name} was removed, see {instead}"))
            }
            (_, Format::Unreadable(what)) => {
                Some(format!("a type with records; {name} is {what}, which has none"))
            }
            _ => None,
        }
    }
}

/// The words of the table.
impl ReportType {
    const fn tsv(name: &'static str) -> Self {
        Self {
            name,
            format: Format::Tsv,
            origin: Origin::Asked,
            is_restricted: false,
            rhythm: Rhythm::Range(30),
            scope: Scope::Marketplace,
            retention_days: 0,
            remade_minutes: 0,
            is_localized: false,
            roles: &[],
            path: "",
        }
    }

    const fn csv(name: &'static str) -> Self {
        Self { format: Format::Csv, ..Self::tsv(name) }
    }

    const fn json(name: &'static str, path: &'static str) -> Self {
        Self { format: Format::Json, path, ..Self::tsv(name) }
    }

    const fn xml(name: &'static str, path: &'static str) -> Self {
        Self { format: Format::Xml, path, ..Self::tsv(name) }
    }

    const fn unreadable(name: &'static str, what: &'static str) -> Self {
        Self { format: Format::Unreadable(what), ..Self::tsv(name) }
    }

    const fn listed(self) -> Self {
        Self { origin: Origin::Listed, ..self }
    }

    const fn scheduled(self) -> Self {
        Self { origin: Origin::Scheduled, ..self }
    }

    const fn removed(self, instead: &'static str) -> Self {
        Self { origin: Origin::Removed(instead), ..self }
    }

    const fn restricted(self) -> Self {
        Self { is_restricted: true, ..self }
    }

    const fn snapshot(self) -> Self {
        Self { rhythm: Rhythm::Snapshot, ..self }
    }

    const fn days(self) -> Self {
        Self { rhythm: Rhythm::Days, ..self }
    }

    const fn periods(self) -> Self {
        Self { rhythm: Rhythm::Periods, ..self }
    }

    const fn longest(self, days: u16) -> Self {
        Self { rhythm: Rhythm::Range(days), ..self }
    }

    const fn kept(self, retention_days: u16) -> Self {
        Self { retention_days, ..self }
    }

    const fn remade(self, remade_minutes: u16) -> Self {
        Self { remade_minutes, ..self }
    }

    const fn localized(self) -> Self {
        Self { is_localized: true, ..self }
    }

    const fn of_region(self) -> Self {
        Self { scope: Scope::Region, ..self }
    }

    const fn roles(self, roles: &'static [&'static str]) -> Self {
        Self { roles, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::streams::{Extraction, Roster, Source};

    #[test]
    fn every_type_stands_once_under_a_name_of_amazons() {
        let names: BTreeSet<_> = TYPES.iter().map(|known| known.name).collect();
        assert_eq!(names.len(), TYPES.len());
        let is_of_a_name = |letter: char| matches!(letter, 'A'..='Z' | '0'..='9' | '_');
        assert!(names.iter().all(|name| name.chars().all(is_of_a_name)));
    }

    #[test]
    fn a_path_is_said_only_where_documents_have_one() {
        for known in TYPES.iter().filter(|known| !known.path.is_empty()) {
            assert!(matches!(known.format, Format::Json | Format::Xml), "{}", known.name);
        }
    }

    #[test]
    fn the_table_of_streams_agrees() {
        for stream in Roster::table().streams() {
            let Source::Report { report, .. } = &stream.source else { continue };
            let known = ReportType::find(report.report_type).expect(report.report_type);
            assert_eq!(known.refusal(), None);
            assert_eq!(known.scope, report.scope, "{}", known.name);
            let is_snapshot = matches!(report.extraction, Extraction::Snapshot);
            assert_eq!(known.rhythm == Rhythm::Snapshot, is_snapshot, "{}", known.name);
            let remade = TimeDelta::minutes(known.remade_minutes.into());
            assert_eq!(remade, report.regeneration, "{}", known.name);
        }
    }

    #[test]
    fn what_cannot_be_read_says_why_and_what_to_do() {
        let refusal = |name| ReportType::find(name).unwrap().refusal().unwrap_or_default();
        assert_eq!(
            refusal("GET_FBA_INVENTORY_AGED_DATA"),
            "a type that Amazon still has; GET_FBA_INVENTORY_AGED_DATA was removed, see \
             GET_FBA_INVENTORY_PLANNING_DATA"
        );
        assert!(refusal("FEE_DISCOUNTS_REPORT").ends_with("is XLSX, which has none"));
        assert!(refusal("GET_EASYSHIP_DOCUMENTS").contains("PDF"));
        assert_eq!(refusal("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"), "");
    }
}
