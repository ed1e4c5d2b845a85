//! The table that the records of a stream need.

mod planning;

use std::collections::{HashMap, HashSet};
use std::fmt;

use singer::Schema;

use crate::column::{Column, Metadata, Nullability, OVERFLOW, Source};
use crate::kind::Kind;
use crate::name::{Case, Identifier, NameError};
use crate::shape::Reading;

/// The most columns that a table of PostgreSQL can have (`MaxHeapAttributeNumber`).
pub const MOST_COLUMNS: usize = 1_600;

/// What decides the table beside the schema. `Rules::new` gives the defaults.
#[derive(Debug, Clone)]
pub struct Rules {
    /// PostgreSQL's schema, in which the table lies.
    pub namespace: Identifier,
    /// The table's name, if it is not made from the stream's.
    pub table: Option<Identifier>,
    /// How names of the table and its columns are written.
    pub case: Case,
    /// Which metadata the table has: all of it, some, or none.
    pub metadata: Vec<Metadata>,
    /// What decides the types of columns.
    pub reading: Reading,
    /// Whether and how nested objects become columns.
    pub flattening: Option<Flattening>,
    /// Names of columns by the property (in flattened tables: its joined path).
    pub rename: HashMap<String, Identifier>,
    /// Properties (in flattened tables: joined paths) that are not stored.
    pub leave_out: HashSet<String>,
    /// Properties that are the key, instead of the stream's.
    pub key: Option<Vec<String>>,
    /// The most columns that the table gets; the rest goes into the overflow column. A row must also
    /// fit a page of 8 KiB, so a wide table of numbers needs less than [`MOST_COLUMNS`].
    pub most_columns: usize,
}

/// How nested objects become columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flattening {
    /// How many levels below the record; deeper objects stay JSON.
    pub max_depth: usize,
    /// What stands between the names of a path.
    pub separator: String,
}

impl Rules {
    /// Names as they are, no metadata, no flattening, every property a column.
    #[must_use]
    pub fn new(namespace: Identifier) -> Self {
        Self {
            namespace,
            table: None,
            case: Case::default(),
            metadata: Vec::new(),
            reading: Reading::default(),
            flattening: None,
            rename: HashMap::new(),
            leave_out: HashSet::new(),
            key: None,
            most_columns: MOST_COLUMNS,
        }
    }
}

/// A table and the stream whose records it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The stream.
    pub stream: String,
    /// PostgreSQL's schema, in which the table lies.
    pub namespace: Identifier,
    /// The table's name.
    pub name: Identifier,
    /// Its columns in the order of the schema's properties, then the overflow, then the metadata.
    pub columns: Vec<Column>,
    /// The columns that identify a row, in the order of the key properties; none where rows are only
    /// ever added.
    pub key: Vec<Identifier>,
    /// Paths of properties that are known and not stored.
    pub left_out: Vec<Vec<String>>,
    /// What stands between the names of a path when one is shown, or becomes a column's name.
    pub separator: String,
    /// What a user should know once.
    pub notes: Vec<Note>,
}

/// Something about a table that its user should know once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The stream names a key that its records do not have.
    Keyless {
        /// The key properties that the schema does not declare.
        missing: Vec<String>,
    },
    /// Properties had to become members of one column.
    Spilled {
        /// How many.
        properties: usize,
    },
    /// A name had to be cut, or told from another one, by a hash.
    Renamed {
        /// The property, its path joined.
        property: String,
        /// Its column.
        column: Identifier,
    },
    /// A property has the name of a metadata column, which takes its place.
    Shadowed {
        /// The property.
        property: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyless { missing } => write!(
                f,
                "key properties are not in the schema ({}); rows are added, never updated",
                missing.join(", ")
            ),
            Self::Spilled { properties } => write!(
                f,
                "more properties than a table can have columns; {properties} of them are in \
                 {OVERFLOW}"
            ),
            Self::Renamed { property, column } => {
                write!(f, "property `{property}` is stored in column {column}")
            }
            Self::Shadowed { property } => {
                write!(f, "property `{property}` is replaced by this target's own metadata")
            }
        }
    }
}

/// Why a stream can have no table.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The schema says nothing about its records.
    #[error(
        "{stream}: the SCHEMA has no `properties`, so no record of it could be stored; correct the \
         tap's catalog, or deselect the stream"
    )]
    NoProperties {
        /// The stream.
        stream: String,
    },
    /// A name cannot be one in PostgreSQL.
    #[error("{stream}: the name of the stream or of a property cannot be used")]
    Name {
        /// The stream.
        stream: String,
        /// What is wrong with the name.
        source: NameError,
    },
    /// Two columns were configured to have the same name.
    #[error("{stream}: two columns would be called {column}; change `rename`")]
    Twice {
        /// The stream.
        stream: String,
        /// The name.
        column: Identifier,
    },
    /// A key property is there but has no column of its own.
    #[error("{stream}: key property `{property}` is left out, flattened, or replaced by metadata")]
    KeyWithoutColumn {
        /// The stream.
        stream: String,
        /// The key property.
        property: String,
    },
    /// There are more key properties and metadata than columns.
    #[error("{stream}: a table of {most} columns cannot hold the key and the metadata")]
    TooNarrow {
        /// The stream.
        stream: String,
        /// The most columns allowed.
        most: usize,
    },
}

impl Table {
    /// The table for records of a schema.
    ///
    /// A key property that the schema does not declare makes the stream keyless, with a note: some
    /// upstream scripts always write `id`.
    pub fn of(schema: &Schema, rules: &Rules) -> Result<Self, TableError> {
        let stream = &schema.stream;
        let planned = planning::planned(schema, rules)?;
        let mut columns = planned.columns;
        let key = planned.key.iter().filter_map(|property| {
            columns
                .iter()
                .find(|column| is_property(column, property))
                .map(|column| column.name.clone())
        });
        let key: Vec<Identifier> = key.collect();
        for column in &mut columns {
            if key.contains(&column.name) {
                column.nullability = Nullability::NotNull;
            }
        }
        columns.extend(
            rules.metadata.iter().map(|&metadata| {
                ours(metadata.name(), metadata.kind(), Source::Metadata(metadata))
            }),
        );
        let name = match &rules.table {
            Some(name) => name.clone(),
            None => Identifier::fitted(stream, rules.case)
                .map_err(|source| TableError::Name { stream: stream.clone(), source })?,
        };
        Ok(Self {
            stream: stream.clone(),
            namespace: rules.namespace.clone(),
            name,
            columns,
            key,
            left_out: planned.left_out,
            separator: planning::separator(rules).to_owned(),
            notes: planned.notes,
        })
    }

    /// Whether a column is part of the key.
    #[must_use]
    pub fn is_key(&self, column: &Column) -> bool {
        self.key.contains(&column.name)
    }

    /// The same table under another name: what is loaded while the old rows still stand.
    #[must_use]
    pub fn shadow(&self) -> Self {
        Self { name: self.name.beside("__overwrite"), ..self.clone() }
    }
}

/// Whether a column holds a property of the record itself.
fn is_property(column: &Column, property: &str) -> bool {
    matches!(&column.source, Source::Property(path) if path.len() == 1 && path.iter().all(|name| name == property))
}

/// A column of our own.
fn ours(name: &'static str, kind: Kind, source: Source) -> Column {
    Column { name: Identifier::ours(name), kind, nullability: Nullability::Nullable, source }
}

#[cfg(test)]
mod tests;
