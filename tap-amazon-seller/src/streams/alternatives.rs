//! Other sources of streams of the table: the same records, keys and schema, fed by something else.

use super::lists::{INVENTORY, ORDERS};
use super::{PageShape, Source, Stream};
use crate::pages::order::Share;

/// Sources that take the place of the table's, all together: streams that the same calls feed do not
/// part.
#[derive(Debug)]
pub(super) struct Alternative {
    /// What the setting `source` of one of the streams says.
    pub(super) name: &'static str,
    /// The streams, each with its source.
    pub(super) sources: &'static [(&'static str, Source)],
}

/// All of them; a stream stands once under each name.
pub(super) static ALTERNATIVES: &[Alternative] = &[
    Alternative {
        name: "api",
        sources: &[("orders", orders(Share::Order)), ("order_items", orders(Share::Items))],
    },
    Alternative {
        name: "api",
        sources: &[(
            "warehouse_inventory",
            Source::Pages { pages: &INVENTORY, shape: PageShape::Elements },
        )],
    },
];

/// A share of the orders of the Orders API.
const fn orders(share: Share) -> Source {
    Source::Pages { pages: &ORDERS, shape: PageShape::Order(share) }
}

impl Alternative {
    /// The source of a stream, if it is one of these.
    pub(super) fn source(&self, stream: &str) -> Option<&'static Source> {
        self.sources.iter().find(|(name, _)| *name == stream).map(|(_, source)| source)
    }
}

/// A choice of sources that cannot be had; the text says what can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A stream has no source of that name; see [`Source::name`].
    #[error("the source {} for {stream}", .sources.join(" or "))]
    Unknown {
        /// The stream.
        stream: String,
        /// The names of its sources.
        sources: Vec<&'static str>,
    },
    /// Streams that the same calls feed are to have different sources.
    #[error("the same source for {}, which the same calls feed", .streams.join(" and "))]
    Parted {
        /// The streams.
        streams: Vec<&'static str>,
    },
}

/// The names of a stream's sources, that of the table first.
fn names(stream: &Stream, alternatives: &[Alternative]) -> Vec<&'static str> {
    let others = alternatives.iter().filter(|it| it.source(stream.name).is_some());
    std::iter::once(stream.source.name()).chain(others.map(|it| it.name)).collect()
}

/// The alternatives that are chosen, by streams of the table and names of their sources. A stream that
/// nothing is said of goes with the others of its alternative.
pub(super) fn chosen<'a>(
    table: &[&'static Stream],
    alternatives: &'a [Alternative],
    choices: &[(&str, &str)],
) -> Result<Vec<&'a Alternative>, SourceError> {
    for (stream, source) in choices {
        let Some(stream) = table.iter().find(|it| it.name == *stream) else { continue };
        let sources = names(stream, alternatives);
        if !sources.contains(source) {
            return Err(SourceError::Unknown { stream: stream.name.to_owned(), sources });
        }
    }
    let mut chosen = Vec::new();
    for alternative in alternatives {
        let mut of = choices.iter().filter(|(stream, _)| alternative.source(stream).is_some());
        let wants = |(_, source): &(&str, &str)| *source == alternative.name;
        if of.clone().any(wants) {
            if !of.all(wants) {
                let streams = alternative.sources.iter().map(|(name, _)| *name).collect();
                return Err(SourceError::Parted { streams });
            }
            chosen.push(alternative);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Roster;

    /// As if the stock came from the Sellers API, and both orders from it together.
    static OTHERS: &[Alternative] = &[
        Alternative {
            name: "api",
            sources: &[("orders", Source::Participations), ("order_items", Source::Participations)],
        },
        Alternative { name: "api", sources: &[("warehouse_inventory", Source::Participations)] },
    ];

    /// The streams whose source changes.
    fn changed(choices: &[(&str, &str)]) -> Result<Vec<&'static str>, String> {
        let table: Vec<_> = Roster::table().streams().collect();
        let chosen = chosen(&table, OTHERS, choices).map_err(|error| error.to_string())?;
        Ok(chosen.iter().flat_map(|it| it.sources).map(|(name, _)| *name).collect())
    }

    #[test]
    fn a_choice_for_one_stream_is_a_choice_for_those_fed_with_it() {
        assert_eq!(changed(&[]), Ok(vec![]));
        assert_eq!(changed(&[("order_items", "api")]), Ok(vec!["orders", "order_items"]));
        assert_eq!(
            changed(&[("orders", "report"), ("warehouse_inventory", "api")]),
            Ok(vec!["warehouse_inventory"])
        );
        let both = [("orders", "api"), ("order_items", "api")];
        assert_eq!(changed(&both), Ok(vec!["orders", "order_items"]));
    }

    #[test]
    fn streams_fed_by_the_same_calls_cannot_part_and_no_source_is_made_up() {
        assert_eq!(
            changed(&[("orders", "api"), ("order_items", "report")]).unwrap_err(),
            "the same source for orders and order_items, which the same calls feed"
        );
        assert_eq!(
            changed(&[("products_inventory", "api")]).unwrap_err(),
            "the source report for products_inventory"
        );
        assert_eq!(
            changed(&[("orders", "file")]).unwrap_err(),
            "the source report or api for orders"
        );
    }

    #[test]
    fn every_alternative_names_streams_of_the_table_and_another_source() {
        for alternative in ALTERNATIVES {
            for (name, source) in alternative.sources {
                let stream = Roster::table().find(name).unwrap();
                assert_ne!(stream.source.name(), alternative.name, "{name}");
                assert_eq!(source.name(), alternative.name, "{name}");
                let same = ALTERNATIVES.iter().filter(|it| it.name == alternative.name);
                assert_eq!(same.filter(|it| it.source(name).is_some()).count(), 1, "{name}");
            }
        }
    }
}
