//! The streams of a run.

use std::collections::BTreeMap;

use super::alternatives::{self, ALTERNATIVES, SourceError};
use super::{STREAMS, Source, Stream};
use crate::compat::{Dress, Made};

/// Every stream that a run can extract: those of the table, and behind them those that the user
/// describes in the configuration.
#[derive(Debug, Clone)]
pub struct Roster {
    streams: Vec<&'static Stream>,
    /// How streams look where they stand for those of another tap.
    dresses: Vec<&'static Dress>,
    /// What decides the rows of streams that the user describes, by their names.
    fingerprints: BTreeMap<&'static str, String>,
    /// Whether data of buyers may be extracted.
    is_personal: bool,
}

impl Roster {
    /// The streams of the table alone.
    #[must_use]
    pub fn table() -> Self {
        Self {
            streams: STREAMS.iter().collect(),
            dresses: Vec::new(),
            fingerprints: BTreeMap::new(),
            is_personal: true,
        }
    }

    /// The table with further streams, whose names are new, and a fingerprint of what decides the rows of
    /// each.
    ///
    /// A further stream lives as long as the program, like those of the table, so that whatever deals
    /// with streams need not know whose they are. It is leaked for that on purpose: it is made once,
    /// from the configuration.
    #[must_use]
    pub fn with(further: Vec<Stream>, fingerprints: BTreeMap<&'static str, String>) -> Self {
        let mut roster = Self { fingerprints, ..Self::table() };
        let leaked = further.into_iter().map(|stream| &*Box::leak(Box::new(stream)));
        roster.streams.extend(leaked);
        roster
    }

    /// The same streams, of which those about buyers are not extracted, whoever selects them.
    #[must_use]
    pub fn without_personal_data(self) -> Self {
        Self { is_personal: false, ..self }
    }

    /// Whether a stream is about buyers, and must not be extracted for that.
    #[must_use]
    pub fn withholds(&self, stream: &Stream) -> bool {
        !self.is_personal && stream.source.is_personal()
    }

    /// Whether properties about buyers may be extracted.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.is_personal
    }

    /// The same streams with other sources: those that `choices` name, as streams and names of sources.
    ///
    /// Nothing else about a stream changes, so that its bookmark counts whichever source it had before.
    pub fn sourced(mut self, choices: &[(&str, &str)]) -> Result<Self, SourceError> {
        for alternative in alternatives::chosen(&self.streams, ALTERNATIVES, choices)? {
            for stream in &mut self.streams {
                if let Some(source) = alternative.source(stream.name) {
                    // For as long as the program lives, like the further streams.
                    *stream = Box::leak(Box::new(Stream { source: source.clone(), ..**stream }));
                }
            }
        }
        Ok(self)
    }

    /// The streams of another tap in the place of the table's; further streams stay as they are. What a
    /// dress is made of, and is not in the roster, is left out.
    #[must_use]
    pub fn dressed(self, dresses: Vec<&'static Dress>) -> Self {
        let stream = |dress: &&'static Dress| {
            let (schema, keys, source) = match &dress.of {
                Made::Of(name) => {
                    let own = self.find(name)?;
                    (own.schema, own.keys, own.source.clone())
                }
                Made::From(name, shape) => {
                    let Source::Report { report, .. } = self.find(name)?.source else {
                        return None;
                    };
                    (dress.schema, dress.keys, Source::Report { report, shape: shape.clone() })
                }
                Made::Pages(pages, shape) => {
                    (dress.schema, dress.keys, Source::Pages { pages, shape: *shape })
                }
            };
            Some(&*Box::leak(Box::new(Stream {
                name: dress.name,
                schema,
                keys,
                replication_key: dress.replication_key,
                selected_by_default: dress.selected_by_default,
                source,
            })))
        };
        let further = self.streams().skip(STREAMS.len());
        let streams = dresses.iter().filter_map(stream).chain(further).collect();
        Self { streams, dresses, ..self }
    }

    /// The fingerprint of what decides a stream's rows, if the user describes it.
    #[must_use]
    pub fn fingerprint(&self, stream: &Stream) -> Option<&str> {
        self.fingerprints.get(stream.name).map(String::as_str)
    }

    /// How a stream looks, if it stands for one of another tap.
    #[must_use]
    pub fn dress(&self, stream: &Stream) -> Option<&'static Dress> {
        self.dresses.iter().copied().find(|dress| dress.name == stream.name)
    }

    /// All streams, in the order in which they are extracted.
    pub fn streams(&self) -> impl Iterator<Item = &'static Stream> {
        self.streams.iter().copied()
    }

    /// The stream of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static Stream> {
        self.streams().find(|stream| stream.name == name)
    }
}
