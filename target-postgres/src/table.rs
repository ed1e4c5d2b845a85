//! The table that the records of a stream need.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde_json::{Map, Value};
use singer::Schema;

use crate::column::{Column, Metadata, Nullability, OVERFLOW, Source, Spilled};
use crate::kind::Kind;
use crate::name::{Case, Identifier, NameError, identifiers};
use crate::shape::{Reading, shape};

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

/// A property on its way to become a column.
struct Property {
    path: Vec<String>,
    /// The path joined, which is the name as the tap would say it.
    name: String,
    kind: Kind,
}

impl Table {
    /// The table for records of a schema.
    ///
    /// A key property that the schema does not declare makes the stream keyless, with a note: some
    /// upstream scripts always write `id`.
    pub fn of(schema: &Schema, rules: &Rules) -> Result<Self, TableError> {
        let stream = &schema.stream;
        let named = |source| TableError::Name { stream: stream.clone(), source };
        let mut plan = Planning {
            rules,
            root: &schema.schema,
            properties: Vec::new(),
            left_out: Vec::new(),
            notes: Vec::new(),
        };
        let top = shape(&schema.schema, &schema.schema, rules.reading).properties;
        plan.visit(top.as_ref().unwrap_or(&Map::new()), &mut Vec::new());
        let key = plan.key(schema, top.as_ref())?;
        let spilled = plan.spill(stream, &key)?;
        let names = plan.names(stream)?;
        let mut columns: Vec<Column> = plan
            .properties
            .into_iter()
            .zip(&names)
            .map(|(property, name)| Column {
                name: name.clone(),
                kind: property.kind,
                nullability: if key.contains(&property.name) {
                    Nullability::NotNull
                } else {
                    Nullability::Nullable
                },
                source: Source::Property(property.path),
            })
            .collect();
        let key = key
            .iter()
            .filter_map(|property| {
                columns
                    .iter()
                    .find(|column| matches!(&column.source, Source::Property(path) if path.len() == 1 && path.first() == Some(property)))
                    .map(|column| column.name.clone())
            })
            .collect();
        if !spilled.is_empty() {
            columns.push(ours(OVERFLOW, Kind::Jsonb, Source::Overflow(spilled)));
        }
        columns.extend(
            rules.metadata.iter().map(|&metadata| {
                ours(metadata.name(), metadata.kind(), Source::Metadata(metadata))
            }),
        );
        let name = match &rules.table {
            Some(name) => name.clone(),
            None => Identifier::fitted(stream, rules.case).map_err(named)?,
        };
        Ok(Self {
            stream: stream.clone(),
            namespace: rules.namespace.clone(),
            name,
            columns,
            key,
            left_out: plan.left_out,
            notes: plan.notes,
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

/// A column of our own.
fn ours(name: &'static str, kind: Kind, source: Source) -> Column {
    Column { name: Identifier::ours(name), kind, nullability: Nullability::Nullable, source }
}

/// A table in the making.
struct Planning<'a> {
    rules: &'a Rules,
    root: &'a Value,
    properties: Vec<Property>,
    left_out: Vec<Vec<String>>,
    notes: Vec<Note>,
}

impl Planning<'_> {
    /// Collects the properties of an object and, in flattened tables, of the objects in it.
    fn visit(&mut self, properties: &Map<String, Value>, path: &mut Vec<String>) {
        for (property, schema) in properties {
            path.push(property.clone());
            let separator = self.rules.flattening.as_ref().map_or("", |how| &how.separator);
            let name = path.join(separator);
            let shape = shape(schema, self.root, self.rules.reading);
            let deeper =
                self.rules.flattening.as_ref().is_some_and(|how| path.len() <= how.max_depth);
            let shadowed = self.rules.metadata.iter().any(|metadata| metadata.name() == name);
            if self.rules.leave_out.contains(&name) {
                self.left_out.push(path.clone());
            } else if shadowed && !self.rules.rename.contains_key(&name) {
                if name != Metadata::DeletedAt.name() {
                    self.notes.push(Note::Shadowed { property: name });
                    self.left_out.push(path.clone());
                }
            } else if let Some(nested) = shape.properties.filter(|_| deeper) {
                self.visit(&nested, path);
            } else {
                self.properties.push(Property { path: path.clone(), name, kind: shape.kind });
            }
            path.pop();
        }
    }

    /// The key properties that have columns: all, or none if one is not declared.
    fn key(
        &mut self,
        schema: &Schema,
        declared: Option<&Map<String, Value>>,
    ) -> Result<Vec<String>, TableError> {
        let key = self.rules.key.as_ref().unwrap_or(&schema.key_properties);
        let missing: Vec<String> = key
            .iter()
            .filter(|property| !declared.is_some_and(|declared| declared.contains_key(*property)))
            .cloned()
            .collect();
        if !missing.is_empty() {
            self.notes.push(Note::Keyless { missing });
            return Ok(Vec::new());
        }
        let has_column = |property: &str| {
            self.properties.iter().any(|has| has.path.len() == 1 && has.name == property)
        };
        if let Some(property) = key.iter().find(|property| !has_column(property)) {
            return Err(TableError::KeyWithoutColumn {
                stream: schema.stream.clone(),
                property: property.clone(),
            });
        }
        let mut seen = HashSet::new();
        Ok(key.iter().filter(|property| seen.insert(*property)).cloned().collect())
    }

    /// Takes out the properties for which there is no column, the last ones first, the key never.
    fn spill(&mut self, stream: &str, key: &[String]) -> Result<Vec<Spilled>, TableError> {
        let most = self.rules.most_columns.min(MOST_COLUMNS);
        let room = most.saturating_sub(self.rules.metadata.len());
        if self.properties.len() <= room {
            return Ok(Vec::new());
        }
        // One for the overflow itself.
        let mut free = room
            .checked_sub(key.len() + 1)
            .ok_or_else(|| TableError::TooNarrow { stream: stream.to_owned(), most })?;
        let mut spilled = Vec::new();
        self.properties.retain(|property| {
            if property.path.len() == 1 && key.contains(&property.name) {
                return true;
            }
            if free > 0 {
                free -= 1;
                return true;
            }
            spilled.push(Spilled { path: property.path.clone(), name: property.name.clone() });
            false
        });
        self.notes.push(Note::Spilled { properties: spilled.len() });
        Ok(spilled)
    }

    /// Names for the columns of the properties, in their order.
    fn names(&mut self, stream: &str) -> Result<Vec<Identifier>, TableError> {
        let mut taken: HashSet<Identifier> = self
            .rules
            .metadata
            .iter()
            .map(|metadata| metadata.name())
            .chain([OVERFLOW])
            .map(Identifier::ours)
            .collect();
        for property in &self.properties {
            if let Some(name) = self.rules.rename.get(&property.name)
                && !taken.insert(name.clone())
            {
                return Err(TableError::Twice { stream: stream.to_owned(), column: name.clone() });
            }
        }
        // Two paths of a flattened table can join to one name (`a__b` and `a` with `b` in it); what
        // tells them apart is the path.
        let mut joined = HashSet::new();
        let free: Vec<String> = self
            .properties
            .iter()
            .filter(|property| !self.rules.rename.contains_key(&property.name))
            .map(|property| {
                if joined.insert(&property.name) {
                    property.name.clone()
                } else {
                    property.path.join("\u{1}")
                }
            })
            .collect();
        let given = identifiers(&free, self.rules.case, &taken)
            .map_err(|source| TableError::Name { stream: stream.to_owned(), source })?;
        let mut given = free.iter().zip(given);
        let mut names = Vec::with_capacity(self.properties.len());
        for property in &self.properties {
            if let Some(name) = self.rules.rename.get(&property.name) {
                names.push(name.clone());
            } else if let Some((wish, name)) = given.next() {
                if Identifier::fitted(wish, self.rules.case).as_ref() != Ok(&name)
                    || wish.len() > crate::name::LONGEST
                {
                    self.notes.push(Note::Renamed {
                        property: property.name.clone(),
                        column: name.clone(),
                    });
                }
                names.push(name);
            }
        }
        Ok(names)
    }
}
