//! Reads settings into a program's own type, with an error that cannot hold a value.
//!
//! `serde_json` repeats in its errors what it found. Here the error type itself has no place for it:
//! serde hands it the value and what was expected, and only the latter is kept.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::Problem;

/// Settings as a `T`.
pub(super) fn read<T: DeserializeOwned>(config: Map<String, Value>) -> Result<T, Problem> {
    T::deserialize(Setting(Value::Object(config))).map_err(Refusal::into_problem)
}

/// Why a value was refused.
#[derive(Debug, Default)]
struct Refusal {
    /// Where, from the inside out.
    path: Vec<String>,
    /// What the refusing type asks for; empty when it does not say.
    expected: String,
}

impl Refusal {
    fn expected(expected: impl fmt::Display) -> Self {
        Self { path: Vec::new(), expected: expected.to_string() }
    }

    /// Says what `visitor` asks for, if the refusal is about the value that it was given.
    fn or(mut self, expected: String) -> Self {
        if self.expected.is_empty() && self.path.is_empty() {
            self.expected = expected;
        }
        self
    }

    /// Places the refusal inside a member or element.
    fn inside(mut self, name: impl Into<String>) -> Self {
        self.path.push(name.into());
        self
    }

    fn into_problem(mut self) -> Problem {
        self.path.reverse();
        let expected = if self.expected.is_empty() {
            "another value; see the description of the setting".to_owned()
        } else {
            self.expected
        };
        Problem { setting: self.path.join("."), expected }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "expected {}", self.expected)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    /// Forgets the text, which may repeat the value.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::default()
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::expected(expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::expected(format_args!("one of {}", expected.join(", ")))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::expected(format_args!("no other settings than {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::expected("a value; it is required and not set").inside(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::expected("one value, not two").inside(field)
    }
}

/// A setting that is being read.
struct Setting(Value);

impl<'de> Deserializer<'de> for Setting {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let expected = wanted(&visitor);
        let result = match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(elements) => visitor.visit_seq(Elements(elements.into_iter().enumerate())),
            Value::Object(object) => visitor.visit_map(Members::of(object)),
        };
        result.map_err(|refusal| refusal.or(expected))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(name.into_deserializer()),
            Value::Object(object) => {
                visitor.visit_enum(MapAccessDeserializer::new(Members::of(object)))
            }
            _ => Err(de::Error::unknown_variant("", variants)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// What a visitor asks for, in its own words.
fn wanted<'de, V: Visitor<'de>>(visitor: &V) -> String {
    (visitor as &dyn Expected).to_string()
}

/// The elements of an array, with their places.
struct Elements(std::iter::Enumerate<std::vec::IntoIter<Value>>);

impl<'de> SeqAccess<'de> for Elements {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refusal> {
        let Some((index, value)) = self.0.next() else { return Ok(None) };
        let element = seed.deserialize(Setting(value));
        element.map(Some).map_err(|refusal| refusal.inside(index.to_string()))
    }
}

/// The members of an object.
struct Members {
    rest: serde_json::map::IntoIter,
    /// The member whose name was given out and whose value was not.
    current: Option<(String, Value)>,
}

impl Members {
    fn of(object: Map<String, Value>) -> Self {
        Self { rest: object.into_iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refusal> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        let key = seed.deserialize(Setting(Value::String(name.clone())));
        let key = key.map_err(|refusal| refusal.inside(name.as_str()))?;
        self.current = Some((name, value));
        Ok(Some(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Refusal> {
        let (name, value) = self.current.take().unwrap_or_default();
        seed.deserialize(Setting(value)).map_err(|refusal| refusal.inside(name))
    }
}
