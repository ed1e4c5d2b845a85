//! Dates and times, read generously.
//!
//! RFC 3339, and what taps write in its stead: a space for the T, no zone (UTC then), no seconds, an
//! offset without its colon, any number of digits after the second. PostgreSQL keeps microseconds, to
//! which a finer time is rounded, half a microsecond up.

use crate::copy::encoder::TreatmentOfDates;
use crate::copy::error::Reason;
use crate::kind::Kind;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Days from 1970 to 2000, where PostgreSQL counts from.
const EPOCH_DAYS: i64 = 10_957;

/// Microseconds from 1970 to 2000.
pub(super) const EPOCH: i64 = EPOCH_DAYS * DAY;

/// 294277-01-01, the first moment that PostgreSQL does not have.
const END: i64 = 9_223_371_331_200_000_000;

/// 9999-12-31, in days since 2000.
const LAST_DAY: i32 = 2_921_939;

/// A date or time in the form in which PostgreSQL stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Days since 2000.
    Days(i32),
    /// Microseconds since 2000, or since midnight.
    Micros(i64),
}

/// The moment that a text is, for a column of a kind. Nothing means null.
///
/// `counted` goes up by one for each that is not what the text says.
pub(super) fn moment(
    text: &[u8],
    kind: Kind,
    treatment: TreatmentOfDates,
    counted: &mut u64,
) -> Result<Option<Moment>, Reason> {
    let read = match kind {
        Kind::Date => date(text)?.map(Moment::Days),
        Kind::Time => time(text).map(Moment::Micros),
        _ => instant(text).map(Moment::Micros),
    };
    if read.is_some() {
        return Ok(read);
    }
    let treated = match treatment {
        TreatmentOfDates::Error => return Err(Reason::Moment(kind)),
        TreatmentOfDates::Null => None,
        TreatmentOfDates::Max => Some(match kind {
            Kind::Date => Moment::Days(LAST_DAY),
            Kind::Time => Moment::Micros(DAY - 1),
            _ => Moment::Micros((i64::from(LAST_DAY) + 1) * DAY - 1),
        }),
    };
    *counted += 1;
    Ok(treated)
}

/// Microseconds since 2000 of a date with or without a time.
pub(super) fn instant(text: &[u8]) -> Option<i64> {
    let mut reader = Reader { text };
    let days = reader.date()?;
    let micros = if reader.is_done() { 0 } else { reader.time_after_date()? };
    let instant = days.checked_mul(DAY)?.checked_add(micros)?;
    (reader.is_done() && instant < END).then_some(instant)
}

/// Days since 2000. A midnight is part of many dates that taps send; any other time would be lost.
fn date(text: &[u8]) -> Result<Option<i32>, Reason> {
    let mut reader = Reader { text };
    let Some(days) = reader.date() else { return Ok(None) };
    if !reader.is_done() {
        match reader.time_after_date() {
            Some(0) if reader.is_done() => {}
            Some(_) if reader.is_done() => return Err(Reason::TimeOfDay),
            _ => return Ok(None),
        }
    }
    Ok(i32::try_from(days).ok())
}

/// Microseconds since midnight. An offset counts, as it does for instants.
fn time(text: &[u8]) -> Option<i64> {
    let mut reader = Reader { text };
    let local = reader.time()?;
    let offset = reader.offset()?;
    let time = if offset == 0 && local == DAY { DAY } else { (local - offset).rem_euclid(DAY) };
    reader.is_done().then_some(time)
}

/// What is left of a text.
struct Reader<'a> {
    text: &'a [u8],
}

impl Reader<'_> {
    fn is_done(&self) -> bool {
        self.text.is_empty()
    }

    /// Steps over a byte of a set, if one comes next.
    fn any(&mut self, set: &[u8]) -> Option<u8> {
        let (first, rest) = self.text.split_first()?;
        set.contains(first).then(|| {
            self.text = rest;
            *first
        })
    }

    /// A digit.
    fn digit(&mut self) -> Option<i64> {
        self.any(b"0123456789").map(|digit| i64::from(digit - b'0'))
    }

    /// Two digits.
    fn two(&mut self) -> Option<i64> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    /// Days since 2000 of a date from year 1, four to six digits, to the end of PostgreSQL's range.
    fn date(&mut self) -> Option<i64> {
        let mut year = self.two()? * 100 + self.two()?;
        for _ in 0..2 {
            if let Some(digit) = self.digit() {
                year = year * 10 + digit;
            }
        }
        self.any(b"-")?;
        let month = self.two()?;
        self.any(b"-")?;
        let day = self.two()?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let exists = (1..=294_276).contains(&year) && (1..=last).contains(&day);
        exists.then(|| days(year, month, day))
    }

    /// Microseconds since midnight in UTC of a time behind a date; negative, or a day and more, where
    /// the offset leads to another day.
    fn time_after_date(&mut self) -> Option<i64> {
        self.any(b"Tt ")?;
        let local = self.time()?;
        Some(local - self.offset()?)
    }

    /// Microseconds since midnight. 24:00 is the end of a day, and a leap second the next minute.
    fn time(&mut self) -> Option<i64> {
        let hour = self.two()?;
        self.any(b":")?;
        let minute = self.two()?;
        let mut second = 0;
        let mut micros = 0;
        if self.any(b":").is_some() {
            second = self.two()?;
            if self.any(b".,").is_some() {
                micros = self.fraction()?;
            }
        }
        let time = (hour * 3_600 + minute * 60 + second) * SECOND + micros;
        let exists = (hour < 24 && minute < 60 && second <= 60) || time == DAY;
        exists.then_some(time)
    }

    /// Microseconds from the digits after the point.
    fn fraction(&mut self) -> Option<i64> {
        let mut micros = self.digit()?;
        for _ in 1..6 {
            micros = micros * 10 + self.digit().unwrap_or(0);
        }
        let rounds_up = self.digit().is_some_and(|digit| digit >= 5);
        while self.digit().is_some() {}
        Some(micros + i64::from(rounds_up))
    }

    /// The offset from UTC in microseconds; none is UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.is_done() || self.any(b"Zz").is_some() {
            return Some(0);
        }
        let _ = self.any(b" ");
        let sign = if self.any(b"+-")? == b'-' { -1 } else { 1 };
        let hours = self.two()?;
        let _ = self.any(b":");
        let minutes = if self.is_done() { 0 } else { self.two()? };
        let exists = hours < 24 && minutes < 60;
        exists.then_some(sign * (hours * 60 + minutes) * 60 * SECOND)
    }
}

/// Days since 2000 of a date of the Gregorian calendar, in which a year starts in March so that the
/// leap day is its last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = if month <= 2 { month + 9 } else { month - 3 };
    let before_year = year * 365 + year / 4 - year / 100 + year / 400;
    let before_month = (153 * month + 2) / 5;
    // 719,468 days lie between 0000-03-01 and 1970.
    before_year + before_month + day - 1 - 719_468 - EPOCH_DAYS
}
