//! The way of serde through a document, which hands over element by element.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{BY_ASIN, BY_DATE, Loader, SPECIFICATION, Specification};
use crate::document::DocumentError;

/// The document as serde walks it.
pub(super) struct Document<'s, 'a>(pub(super) &'s mut Loader<'a>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                SPECIFICATION => {
                    let specification: Specification = map.next_value()?;
                    if let Err(fault) = self.0.check(&specification) {
                        self.0.error = Some(self.0.facts.fault(fault));
                        return Err(A::Error::custom("another document"));
                    }
                }
                BY_DATE => {
                    self.0.has_figures = self.0.has_figures.or(Some(false));
                    map.next_value_seed(Elements { loader: self.0, take: Loader::date_element })?;
                }
                BY_ASIN => {
                    self.0.elements_by_asin = self.0.elements_by_asin.or(Some(0));
                    map.next_value_seed(Elements { loader: self.0, take: Loader::asin_element })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A list as serde walks it.
struct Elements<'s, 'a> {
    loader: &'s mut Loader<'a>,
    take: fn(&mut Loader<'a>, &RawValue, u64) -> Result<(), DocumentError>,
}

impl<'de> DeserializeSeed<'de> for Elements<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(element) = list.next_element::<Box<RawValue>>()? {
            number += 1;
            self.loader.meter.set(0);
            if let Err(error) = (self.take)(self.loader, &element, number) {
                self.loader.error = Some(error);
                return Err(A::Error::custom("not to be taken"));
            }
        }
        Ok(())
    }
}
