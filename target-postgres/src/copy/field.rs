//! One value of a record as one field of a row.

use memchr::memchr2;

use crate::copy::binary;
use crate::copy::cursor::{Json, Raw};
use crate::copy::encoder::{Counts, Treatment};
use crate::copy::error::{LONGEST_FIELD, Reason};
use crate::copy::moment::{Moment, moment};
use crate::copy::number::{Decimal, float, integer, numeric};
use crate::copy::text;
use crate::kind::Kind;

/// The length that stands for null.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// What `jsonb` sends before the text: the version of the format.
const JSONB_VERSION: u8 = 1;

/// JSON longer than this could hold a number with too many digits even without an exponent.
const LONG_JSON: usize = 131_072;

/// Appends fields to a row.
pub(super) struct Fields<'a> {
    pub(super) treatment: Treatment,
    pub(super) counts: &'a mut Counts,
    /// For text that must be unescaped before it is read.
    pub(super) scratch: &'a mut Vec<u8>,
    pub(super) row: &'a mut Vec<u8>,
}

/// Whether a field has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    Value,
    Null,
}

impl Fields<'_> {
    /// Appends a null.
    pub(super) fn null(&mut self) {
        self.row.extend(NULL);
    }

    /// Appends an integer of 64 bits, or a time in microseconds.
    pub(super) fn long(&mut self, value: i64) {
        self.row.extend(8_i32.to_be_bytes());
        self.row.extend(value.to_be_bytes());
    }

    /// Appends a value in the form of a kind.
    pub(super) fn value(&mut self, value: Raw<'_>, kind: Kind) -> Result<(), Reason> {
        self.sized(|fields| fields.content(value, kind))
    }

    /// Appends an object in the form of a kind of JSON, which `write` writes as text.
    pub(super) fn object(
        &mut self,
        kind: Kind,
        write: impl FnOnce(&mut Self) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        self.sized(|fields| {
            if kind == Kind::Jsonb {
                fields.row.push(JSONB_VERSION);
            }
            write(fields).map(|()| Filled::Value)
        })
    }

    /// Appends a field whose length is known when it is written.
    fn sized(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<Filled, Reason>,
    ) -> Result<(), Reason> {
        let start = self.row.len();
        self.row.extend(NULL);
        if write(self)? == Filled::Null {
            return Ok(());
        }
        let length = self.row.len() - start - NULL.len();
        let size = i32::try_from(length).map_err(|_| Reason::Long)?;
        if length > LONGEST_FIELD {
            return Err(Reason::Long);
        }
        if let Some(place) = self.row.get_mut(start..start + NULL.len()) {
            place.copy_from_slice(&size.to_be_bytes());
        }
        Ok(())
    }

    /// Appends what stands behind the length.
    fn content(&mut self, value: Raw<'_>, kind: Kind) -> Result<Filled, Reason> {
        if value.is_null() {
            return Ok(Filled::Null);
        }
        match kind {
            Kind::Text | Kind::Varchar(None) => self.text(value)?,
            Kind::Varchar(Some(most)) | Kind::Character(most) => self.short_text(value, most)?,
            Kind::Jsonb => {
                self.row.push(JSONB_VERSION);
                self.json(value)?;
            }
            Kind::Json => self.json(value)?,
            Kind::Boolean => match value.json() {
                Json::Boolean(value) => self.row.push(u8::from(value)),
                other => return Err(expected("a boolean", &other)),
            },
            Kind::SmallInt | Kind::Integer | Kind::BigInt => {
                integral(digits("an integer", value)?, kind, self.row)?;
            }
            Kind::Numeric(precision) => {
                // Decimals that must keep their digits also come as strings (`singer.decimal`).
                let (Json::Number(text) | Json::String(text)) = value.json() else {
                    return Err(expected("a number", &value.json()));
                };
                numeric(text, precision, self.row)?;
            }
            Kind::Real => {
                #[expect(clippy::cast_possible_truncation, reason = "it is the column's type")]
                let value = float(digits("a number", value)?, kind)? as f32;
                if value.is_infinite() {
                    return Err(Reason::Number(kind));
                }
                self.row.extend(value.to_be_bytes());
            }
            Kind::Double => self.row.extend(float(digits("a number", value)?, kind)?.to_be_bytes()),
            Kind::Timestamptz | Kind::Timestamp | Kind::Date | Kind::Time => {
                return self.moment(value, kind);
            }
            Kind::Uuid => {
                let (row, text) = self.plain("a UUID", value)?;
                binary::uuid(text, row)?;
            }
            Kind::Bytea(encoding) => {
                let (row, text) = self.plain("encoded text", value)?;
                binary::decoded(text, encoding, row)?;
            }
        }
        Ok(Filled::Value)
    }

    /// Any value as text: a string's characters, everything else as JSON has it.
    fn text(&mut self, value: Raw<'_>) -> Result<(), Reason> {
        match value.json() {
            Json::String(text) if value.escaped => {
                text::unescaped(text, self.treatment.nul, self.counts, self.row)
            }
            Json::String(text) => {
                self.row.extend_from_slice(text);
                Ok(())
            }
            _ => {
                self.row.extend_from_slice(value.text);
                Ok(())
            }
        }
    }

    /// Text for a column of limited length. PostgreSQL would cut off spaces without a word.
    fn short_text(&mut self, value: Raw<'_>, most: u32) -> Result<(), Reason> {
        let start = self.row.len();
        self.text(value)?;
        let text = self.row.get(start..).unwrap_or_default();
        let fits = usize::try_from(most).is_ok_and(|most| text::characters(text) <= most);
        if fits { Ok(()) } else { Err(Reason::Characters(most)) }
    }

    /// Any value as JSON, which the server must be able to read whole: one value that it refuses would
    /// end the batch.
    pub(super) fn json(&mut self, value: Raw<'_>) -> Result<(), Reason> {
        if value.deep {
            return Err(Reason::Deep);
        }
        let is_number = matches!(value.json(), Json::Number(_));
        if is_number || value.exponent || value.text.len() > LONG_JSON {
            numbers_are_numeric(value.text)?;
        }
        if value.escaped {
            return text::cleaned(value.text, self.treatment.nul, self.counts, self.row);
        }
        self.row.extend_from_slice(value.text);
        Ok(())
    }

    /// A date or time.
    fn moment(&mut self, value: Raw<'_>, kind: Kind) -> Result<Filled, Reason> {
        let treatment = self.treatment.dates;
        let mut counted = 0;
        let (_, text) = self.plain("a date or time as text", value)?;
        let moment = moment(text, kind, treatment, &mut counted)?;
        self.counts.dates += counted;
        match moment {
            None => return Ok(Filled::Null),
            Some(Moment::Days(days)) => self.row.extend(days.to_be_bytes()),
            Some(Moment::Micros(micros)) => self.row.extend(micros.to_be_bytes()),
        }
        Ok(Filled::Value)
    }

    /// The characters of a string that is to be read, and where the result goes.
    fn plain<'t>(
        &'t mut self,
        expectation: &'static str,
        value: Raw<'t>,
    ) -> Result<(&'t mut Vec<u8>, &'t [u8]), Reason> {
        let Json::String(text) = value.json() else {
            return Err(expected(expectation, &value.json()));
        };
        if !value.escaped {
            return Ok((self.row, text));
        }
        self.scratch.clear();
        // What is no character makes no date and no UUID either: it must not count as replaced.
        text::unescaped(text, self.treatment.nul, &mut Counts::default(), self.scratch)?;
        Ok((self.row, self.scratch))
    }
}

/// The text of a number.
fn digits<'t>(expectation: &'static str, value: Raw<'t>) -> Result<&'t [u8], Reason> {
    match value.json() {
        Json::Number(text) => Ok(text),
        other => Err(expected(expectation, &other)),
    }
}

/// Appends an integer of the size of its kind.
fn integral(text: &[u8], kind: Kind, row: &mut Vec<u8>) -> Result<(), Reason> {
    let value = integer(text, kind)?;
    let too_great = |_| Reason::Number(kind);
    match kind {
        Kind::SmallInt => row.extend(i16::try_from(value).map_err(too_great)?.to_be_bytes()),
        Kind::Integer => row.extend(i32::try_from(value).map_err(too_great)?.to_be_bytes()),
        _ => row.extend(value.to_be_bytes()),
    }
    Ok(())
}

/// Refuses JSON with a number beyond `numeric`, in which `jsonb` keeps its numbers.
fn numbers_are_numeric(mut json: &[u8]) -> Result<(), Reason> {
    while let Some((first, rest)) = json.split_first() {
        json = match first {
            b'"' => after_string(rest),
            b'-' | b'0'..=b'9' => {
                let is_part =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                let end = json.iter().position(|byte| !is_part(byte)).unwrap_or(json.len());
                let (number, rest) = json.split_at(end);
                if !Decimal::of(number).is_some_and(|decimal| decimal.is_numeric()) {
                    return Err(Reason::Number(Kind::Jsonb));
                }
                rest
            }
            _ => rest,
        };
    }
    Ok(())
}

/// What comes after a string whose opening quote is behind.
fn after_string(mut text: &[u8]) -> &[u8] {
    while let Some(end) = memchr2(b'"', b'\\', text) {
        let is_quote = text.get(end) == Some(&b'"');
        text = text.get(end + if is_quote { 1 } else { 2 }..).unwrap_or_default();
        if is_quote {
            return text;
        }
    }
    &[]
}

/// The refusal of a value of another type.
fn expected(expected: &'static str, found: &Json<'_>) -> Reason {
    let found = match found {
        Json::Null => "null",
        Json::Boolean(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Compound => "an object or array",
    };
    Reason::Expected { expected, found }
}
