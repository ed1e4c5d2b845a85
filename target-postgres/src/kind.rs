//! The types of columns, and which of two types holds the values of both.

use std::fmt;

use tokio_postgres::types::Type;

/// A type of PostgreSQL that this target can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `boolean`.
    Boolean,
    /// `smallint`; only in tables that others made.
    SmallInt,
    /// `integer`; only in tables that others made.
    Integer,
    /// `bigint`: every integer, unless its schema allows more than 64 bits.
    BigInt,
    /// `numeric`, which keeps every digit; with a precision only if the schema or the table has one.
    Numeric(Option<Precision>),
    /// `real`; only in tables that others made.
    Real,
    /// `double precision`; only in tables that others made.
    Double,
    /// `text`.
    Text,
    /// `character varying`, with the most characters it takes; only in tables that others made.
    Varchar(Option<u32>),
    /// `character`, with the characters it is filled up to; only in tables that others made.
    Character(u32),
    /// `timestamp with time zone`: an instant.
    Timestamptz,
    /// `timestamp without time zone`, holding the time in UTC.
    Timestamp,
    /// `date`.
    Date,
    /// `time without time zone`, in UTC where the tap gives an offset.
    Time,
    /// `uuid`.
    Uuid,
    /// `jsonb`: objects, arrays, and everything whose type is not one.
    Jsonb,
    /// `json`; only in tables that others made.
    Json,
    /// `bytea`, from text in an encoding.
    Bytea(Encoding),
}

/// How many digits a `numeric` keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Precision {
    /// Digits in all, 1 to 1,000.
    pub digits: u16,
    /// Digits after the point; less than zero since PostgreSQL 15.
    pub scale: i16,
}

impl Precision {
    /// Digits before the point.
    fn whole(self) -> i32 {
        i32::from(self.digits) - i32::from(self.scale)
    }

    /// Whether every number of `other` is one of this precision.
    fn holds(self, other: Self) -> bool {
        self.whole() >= other.whole() && self.scale >= other.scale
    }
}

/// How text stands for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Two hexadecimal digits a byte.
    Base16,
    /// RFC 4648, section 4 or 5, with or without padding.
    Base64,
}

/// Digits that the greatest `bigint` has.
const BIGINT_DIGITS: i32 = 19;

impl Kind {
    /// The kind that `format_type` of PostgreSQL calls by this name; nothing if this target cannot
    /// write it without loss, as with `timestamp(3)`, which rounds, or `inet`.
    #[must_use]
    pub fn of_sql(name: &str) -> Option<Self> {
        let (base, arguments) = match name.split_once('(') {
            Some((base, rest)) => {
                let (arguments, after) = rest.split_once(')')?;
                (format!("{}{after}", base.trim_end()), arguments)
            }
            None => (name.to_owned(), ""),
        };
        let first = arguments.split(',').next().unwrap_or_default().trim();
        let exact_time = matches!(first, "" | "6");
        Some(match base.as_str() {
            "boolean" => Self::Boolean,
            "smallint" => Self::SmallInt,
            "integer" => Self::Integer,
            "bigint" => Self::BigInt,
            "numeric" if arguments.is_empty() => Self::Numeric(None),
            "numeric" => {
                let scale = arguments.split(',').nth(1).unwrap_or("0").trim();
                Self::Numeric(Some(Precision {
                    digits: first.parse().ok()?,
                    scale: scale.parse().ok()?,
                }))
            }
            "real" => Self::Real,
            "double precision" => Self::Double,
            "text" => Self::Text,
            "character varying" if arguments.is_empty() => Self::Varchar(None),
            "character varying" => Self::Varchar(Some(first.parse().ok()?)),
            "character" => Self::Character(first.parse().ok()?),
            "timestamp with time zone" if exact_time => Self::Timestamptz,
            "timestamp without time zone" if exact_time => Self::Timestamp,
            "date" => Self::Date,
            "time without time zone" if exact_time => Self::Time,
            "uuid" => Self::Uuid,
            "jsonb" => Self::Jsonb,
            "json" => Self::Json,
            "bytea" => Self::Bytea(Encoding::Base16),
            _ => return None,
        })
    }

    /// The kind that a column of this kind needs to hold values of `wanted` too: itself where it can,
    /// otherwise one to which every value it may hold goes over without loss; nothing if there is none.
    ///
    /// A time stays with or without a zone as it is, because both hold the same instant (UTC), and
    /// `json` stays `json`, because making it `jsonb` would lose the order of members.
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "the order of the arms is the rule")]
    pub fn widened(self, wanted: Self) -> Option<Self> {
        use Kind::{
            Boolean, Bytea, Character, Date, Json, Jsonb, Text, Timestamp, Timestamptz, Varchar,
        };
        if self == wanted {
            return Some(self);
        }
        Some(match (self, wanted) {
            (Bytea(_), Bytea(encoding)) => Bytea(encoding),
            (Jsonb | Json, _) | (Text | Varchar(None), Bytea(_)) => self,
            (Bytea(_), _) | (_, Bytea(_)) => return None,
            (_, Jsonb | Json) => Jsonb,
            (Text | Varchar(None), _) => self,
            (_, Text | Varchar(_) | Character(_)) | (Varchar(_) | Character(_), _) => Text,
            (Date, Timestamptz | Timestamp) => wanted,
            (Timestamptz | Timestamp, Date | Timestamptz | Timestamp) => self,
            (Boolean, _) if wanted.is_number() => Jsonb,
            (_, Boolean) if self.is_number() => Jsonb,
            _ if self.is_number() && wanted.is_number() => self.wider_number(wanted),
            _ => Text,
        })
    }

    /// The number that holds both.
    fn wider_number(self, wanted: Self) -> Self {
        use Kind::{BigInt, Double, Integer, Numeric, Real, SmallInt};
        match (self, wanted) {
            (SmallInt, SmallInt | Integer | BigInt) | (Integer, Integer | BigInt) => wanted,
            (Integer | BigInt, SmallInt | Integer | BigInt) => self,
            (Numeric(Some(has)), Numeric(Some(wants))) if has.holds(wants) => self,
            (Numeric(Some(has)), Numeric(Some(wants))) if wants.holds(has) => wanted,
            (Numeric(Some(has)), SmallInt | Integer | BigInt)
                if has.whole() >= BIGINT_DIGITS && has.scale >= 0 =>
            {
                self
            }
            (Double | Real, Double | Real) => Double,
            _ => Numeric(None),
        }
    }

    /// The type, and that of arrays of it, with the numbers that they have in every database.
    pub(crate) fn types(self) -> (Type, Type) {
        match self {
            Self::Boolean => (Type::BOOL, Type::BOOL_ARRAY),
            Self::SmallInt => (Type::INT2, Type::INT2_ARRAY),
            Self::Integer => (Type::INT4, Type::INT4_ARRAY),
            Self::BigInt => (Type::INT8, Type::INT8_ARRAY),
            Self::Numeric(_) => (Type::NUMERIC, Type::NUMERIC_ARRAY),
            Self::Real => (Type::FLOAT4, Type::FLOAT4_ARRAY),
            Self::Double => (Type::FLOAT8, Type::FLOAT8_ARRAY),
            Self::Text => (Type::TEXT, Type::TEXT_ARRAY),
            Self::Varchar(_) => (Type::VARCHAR, Type::VARCHAR_ARRAY),
            Self::Character(_) => (Type::BPCHAR, Type::BPCHAR_ARRAY),
            Self::Timestamptz => (Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
            Self::Timestamp => (Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
            Self::Date => (Type::DATE, Type::DATE_ARRAY),
            Self::Time => (Type::TIME, Type::TIME_ARRAY),
            Self::Uuid => (Type::UUID, Type::UUID_ARRAY),
            Self::Jsonb => (Type::JSONB, Type::JSONB_ARRAY),
            Self::Json => (Type::JSON, Type::JSON_ARRAY),
            Self::Bytea(_) => (Type::BYTEA, Type::BYTEA_ARRAY),
        }
    }

    /// Whether both are one type of the database, which does not know encodings of text.
    pub(crate) fn is_type_of(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Bytea(_), Self::Bytea(_)))
    }

    /// Whether values are numbers.
    fn is_number(self) -> bool {
        matches!(
            self,
            Self::SmallInt
                | Self::Integer
                | Self::BigInt
                | Self::Numeric(_)
                | Self::Real
                | Self::Double
        )
    }

    /// Whether values come as JSON strings.
    pub(crate) fn is_string(self) -> bool {
        !self.is_number() && !matches!(self, Self::Boolean | Self::Jsonb | Self::Json)
    }
}

impl fmt::Display for Kind {
    /// The type as a statement says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Integer => f.write_str("integer"),
            Self::BigInt => f.write_str("bigint"),
            Self::Numeric(None) => f.write_str("numeric"),
            Self::Numeric(Some(precision)) => {
                write!(f, "numeric({},{})", precision.digits, precision.scale)
            }
            Self::Real => f.write_str("real"),
            Self::Double => f.write_str("double precision"),
            Self::Text => f.write_str("text"),
            Self::Varchar(None) => f.write_str("varchar"),
            Self::Varchar(Some(characters)) => write!(f, "varchar({characters})"),
            Self::Character(characters) => write!(f, "character({characters})"),
            Self::Timestamptz => f.write_str("timestamptz"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::Uuid => f.write_str("uuid"),
            Self::Jsonb => f.write_str("jsonb"),
            Self::Json => f.write_str("json"),
            Self::Bytea(_) => f.write_str("bytea"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    const NUMERIC: Kind = Kind::Numeric(None);

    const fn numeric(digits: u16, scale: i16) -> Kind {
        Kind::Numeric(Some(Precision { digits, scale }))
    }

    /// Any kind that a table may have.
    pub(crate) fn kind() -> impl Strategy<Value = Kind> {
        prop_oneof![
            prop::sample::select(vec![
                Kind::Boolean,
                Kind::SmallInt,
                Kind::Integer,
                Kind::BigInt,
                NUMERIC,
                Kind::Real,
                Kind::Double,
                Kind::Text,
                Kind::Varchar(None),
                Kind::Varchar(Some(7)),
                Kind::Character(3),
                Kind::Timestamptz,
                Kind::Timestamp,
                Kind::Date,
                Kind::Time,
                Kind::Uuid,
                Kind::Jsonb,
                Kind::Json,
                Kind::Bytea(Encoding::Base16),
            ]),
            (1..40_u16, 0..20_i16).prop_map(|(digits, scale)| numeric(digits, scale)),
        ]
    }

    #[test]
    fn the_names_of_postgresql_are_read() {
        let cases = [
            ("timestamp with time zone", Some(Kind::Timestamptz)),
            ("timestamp(6) without time zone", Some(Kind::Timestamp)),
            ("timestamp(3) with time zone", None),
            ("time without time zone", Some(Kind::Time)),
            ("numeric", Some(NUMERIC)),
            ("numeric(12,2)", Some(numeric(12, 2))),
            ("numeric(3,-2)", Some(numeric(3, -2))),
            ("character varying(20)", Some(Kind::Varchar(Some(20)))),
            ("character varying", Some(Kind::Varchar(None))),
            ("character(3)", Some(Kind::Character(3))),
            ("double precision", Some(Kind::Double)),
            ("text[]", None),
            ("inet", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Kind::of_sql(name), expected, "{name}");
        }
    }

    #[test]
    fn a_column_grows_only_to_what_holds_all_its_values() {
        let cases = [
            (Kind::SmallInt, Kind::BigInt, Some(Kind::BigInt)),
            (Kind::BigInt, NUMERIC, Some(NUMERIC)),
            (NUMERIC, Kind::BigInt, Some(NUMERIC)),
            (Kind::BigInt, Kind::Text, Some(Kind::Text)),
            (Kind::Text, Kind::BigInt, Some(Kind::Text)),
            (Kind::Date, Kind::Timestamptz, Some(Kind::Timestamptz)),
            (Kind::Timestamptz, Kind::Date, Some(Kind::Timestamptz)),
            (Kind::Timestamp, Kind::Timestamptz, Some(Kind::Timestamp)),
            (Kind::Timestamptz, Kind::Text, Some(Kind::Text)),
            (Kind::Varchar(Some(9)), Kind::Text, Some(Kind::Text)),
            (Kind::Varchar(None), Kind::Text, Some(Kind::Varchar(None))),
            (Kind::Boolean, Kind::BigInt, Some(Kind::Jsonb)),
            (Kind::Boolean, Kind::Text, Some(Kind::Text)),
            (Kind::Text, Kind::Jsonb, Some(Kind::Jsonb)),
            (Kind::Json, Kind::Jsonb, Some(Kind::Json)),
            (numeric(12, 2), NUMERIC, Some(NUMERIC)),
            (numeric(12, 2), Kind::BigInt, Some(NUMERIC)),
            (numeric(38, 2), Kind::BigInt, Some(numeric(38, 2))),
            (numeric(10, 2), numeric(12, 2), Some(numeric(12, 2))),
            (numeric(10, 2), numeric(10, 4), Some(NUMERIC)),
            (Kind::Double, NUMERIC, Some(NUMERIC)),
            (Kind::Bytea(Encoding::Base16), Kind::Text, None),
            (Kind::Uuid, Kind::Date, Some(Kind::Text)),
        ];
        for (actual, wanted, expected) in cases {
            assert_eq!(actual.widened(wanted), expected, "{actual} for {wanted}");
        }
    }

    proptest! {
        #[test]
        fn what_was_widened_needs_no_more_widening(actual in kind(), wanted in kind()) {
            if let Some(wide) = actual.widened(wanted) {
                prop_assert_eq!(wide.widened(wanted), Some(wide));
                prop_assert_eq!(wide.widened(actual), Some(wide));
            }
        }
    }
}
