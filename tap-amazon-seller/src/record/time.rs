//! Days and moments in the spellings of Amazon's reports, as RFC 3339 writes them.
//!
//! A spelling is read only where it can mean one thing: which of two numbers is the day is known of a
//! column, never guessed from a value.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat};

use super::value::Expected;
use crate::document::Place;
use crate::marketplace::Region;

/// Which number of a date with slashes is the month. A date that begins with four digits has the month
/// in its middle, and one with points or hyphens has the day in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first, everywhere.
    MonthFirst,
    /// The first in North America, the second elsewhere.
    Local,
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A day.
    Day,
    /// A moment, with its offset from UTC.
    Moment,
}

/// How the cells of a column are read in one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) form: Form,
    /// Whether the month is the first number of a date with slashes.
    is_month_first: bool,
}

impl Reader {
    /// A reader for what a report about `place` holds.
    pub(crate) fn new(form: Form, order: Order, place: Place) -> Self {
        let region = match place {
            Place::Marketplace(marketplace) => marketplace.region,
            Place::Region(region) => region,
        };
        Self { form, is_month_first: order == Order::MonthFirst || region == Region::Na }
    }

    /// Appends a cell that is not empty, as a JSON string.
    pub(crate) fn write(self, out: &mut Vec<u8>, cell: &[u8]) -> Result<(), Expected> {
        let text = std::str::from_utf8(cell).ok().map(str::trim);
        let (written, expected) = match self.form {
            Form::Day => {
                let day = text.and_then(|text| self.day(text));
                (day.map(|day| day.to_string()), "a date")
            }
            Form::Moment => {
                let moment = text.and_then(|text| self.moment(text));
                let written = moment.map(|it| it.to_rfc3339_opts(SecondsFormat::AutoSi, true));
                (written, "a date and time with an offset")
            }
        };
        out.push(b'"');
        out.extend_from_slice(written.ok_or(expected)?.as_bytes());
        out.push(b'"');
        Ok(())
    }

    /// Reads a day. Two digits of a year belong to this century.
    fn day(self, text: &str) -> Option<NaiveDate> {
        let separator = text.chars().find(|letter| !letter.is_ascii_digit())?;
        let mut parts = text.split(separator);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        let is_short = |part: &str| (1..=2).contains(&part.len());
        let (year, month, day) = match (first.len(), third.len(), separator) {
            (4, 1..=2, '-' | '/') => (first, second, third),
            (1..=2, 2 | 4, '/') if self.is_month_first => (third, first, second),
            (1..=2, 2 | 4, '/' | '.' | '-') => (third, second, first),
            _ => return None,
        };
        if parts.next().is_some() || !is_short(month) || !is_short(day) {
            return None;
        }
        let number = |part: &str| part.parse::<u32>().ok();
        let century = if year.len() == 2 { 2000 } else { 0 };
        let year = i32::try_from(number(year)? + century).ok()?;
        NaiveDate::from_ymd_opt(year, number(month)?, number(day)?)
    }

    /// Reads a moment: a day, a time, and UTC or an offset.
    fn moment(self, text: &str) -> Option<DateTime<FixedOffset>> {
        let (day, rest) = text.split_once(['T', ' '])?;
        let end = rest.find(|letter: char| !matches!(letter, '0'..='9' | ':' | '.'))?;
        let (time, offset) = rest.split_at_checked(end)?;
        let time = NaiveTime::parse_from_str(time, "%H:%M:%S%.f").ok()?;
        let offset = match offset.trim() {
            "Z" | "UTC" | "GMT" => FixedOffset::east_opt(0)?,
            // Hours and minutes, with or without a colon.
            offset => offset.parse().ok()?,
        };
        self.day(day)?.and_time(time).and_local_timezone(offset).single()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marketplace::Marketplace;

    fn written(form: Form, order: Order, country: &str, cell: &str) -> Result<String, Expected> {
        let place = Place::Marketplace(Marketplace::find(country).unwrap());
        let mut out = Vec::new();
        Reader::new(form, order, place).write(&mut out, cell.as_bytes())?;
        Ok(serde_json::from_slice(&out).unwrap())
    }

    #[test]
    fn a_day_is_read_in_every_spelling_that_a_place_has() {
        for (order, country, cell) in [
            (Order::Local, "US", "2026-03-04"),
            (Order::Local, "US", "03/04/2026"),
            (Order::Local, "DE", "04/03/26"),
            (Order::Local, "DE", "04.03.2026"),
            (Order::Local, "JP", "2026/03/04"),
            (Order::Local, "IN", "04-03-2026"),
            (Order::MonthFirst, "DE", "03/04/2026"),
            (Order::MonthFirst, "DE", " 3/4/2026 "),
        ] {
            assert_eq!(written(Form::Day, order, country, cell), Ok("2026-03-04".into()), "{cell}");
        }
        for cell in ["2026-13-04", "31/02/2026", "04/2026", "1/2/3/4", "20260304", "4 March", "-"] {
            assert_eq!(written(Form::Day, Order::Local, "DE", cell), Err("a date"), "{cell}");
        }
    }

    #[test]
    fn a_moment_keeps_its_offset() {
        for (cell, moment) in [
            ("2026-03-13 20:21:38 UTC", "2026-03-13T20:21:38Z"),
            ("2026-03-13T20:21:38+0100", "2026-03-13T20:21:38+01:00"),
            ("2026-03-13T20:21:38-07:00", "2026-03-13T20:21:38-07:00"),
            ("2026-03-13T20:21:38.125Z", "2026-03-13T20:21:38.125Z"),
            ("13.03.2026 20:21:38 UTC", "2026-03-13T20:21:38Z"),
        ] {
            assert_eq!(written(Form::Moment, Order::Local, "DE", cell), Ok(moment.into()));
        }
        for cell in ["2026-03-13", "2026-03-13 20:21:38", "2026-03-13T25:00:00Z", "now UTC", ""] {
            assert!(written(Form::Moment, Order::Local, "DE", cell).is_err(), "{cell}");
        }
    }
}
