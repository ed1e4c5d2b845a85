//! From the properties of a schema to columns: which become one, and what they are called.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use singer::Schema;

use crate::column::{Column, Metadata, Nullability, OVERFLOW, Source, Spilled};
use crate::kind::Kind;
use crate::name::{Identifier, identifiers, written};
use crate::shape::shape;
use crate::table::{MOST_COLUMNS, Note, Rules, TableError, ours};

/// What becomes of a schema's properties.
pub(super) struct Planned {
    /// The columns of properties, and the overflow.
    pub(super) columns: Vec<Column>,
    /// The properties that are the key.
    pub(super) key: Vec<String>,
    /// Paths of properties that are known and not stored.
    pub(super) left_out: Vec<Vec<String>>,
    /// What a user should know.
    pub(super) notes: Vec<Note>,
}

/// The columns for the properties of a schema.
pub(super) fn planned(schema: &Schema, rules: &Rules) -> Result<Planned, TableError> {
    let mut plan = Planning {
        rules,
        root: &schema.schema,
        properties: Vec::new(),
        left_out: Vec::new(),
        notes: Vec::new(),
    };
    let declared = shape(&schema.schema, &schema.schema, rules.reading).properties;
    if declared.is_empty() {
        return Err(TableError::NoProperties { stream: schema.stream.clone() });
    }
    plan.visit(&declared, &mut Vec::new());
    let key = plan.key(schema, &declared)?;
    let spilled = plan.spill(&schema.stream, &key)?;
    let names = plan.names(&schema.stream)?;
    let of_property = |(property, name): (Property, Identifier)| Column {
        name,
        kind: property.kind,
        nullability: Nullability::Nullable,
        source: Source::Property(property.path),
    };
    let mut columns: Vec<Column> =
        plan.properties.into_iter().zip(names).map(of_property).collect();
    if !spilled.is_empty() {
        columns.push(ours(OVERFLOW, Kind::Jsonb, Source::Overflow(spilled)));
    }
    Ok(Planned { columns, key, left_out: plan.left_out, notes: plan.notes })
}

/// A property on its way to become a column.
struct Property {
    path: Vec<String>,
    /// The path joined, which is the name as the tap would say it.
    name: String,
    kind: Kind,
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
            let name = path.join(separator(self.rules));
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
            } else if deeper && shape.is_object {
                self.visit(&shape.properties, path);
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
        declared: &Map<String, Value>,
    ) -> Result<Vec<String>, TableError> {
        let key = self.rules.key.as_ref().unwrap_or(&schema.key_properties);
        let missing: Vec<String> =
            key.iter().filter(|property| !declared.contains_key(*property)).cloned().collect();
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
        let fixed = self.fixed_names(stream)?;
        let mut taken: HashSet<Identifier> = Metadata::ALL
            .into_iter()
            .map(Metadata::name)
            .chain([OVERFLOW])
            .map(Identifier::ours)
            .collect();
        taken.retain(|name| {
            name.as_str() == OVERFLOW
                || self.rules.metadata.iter().any(|metadata| metadata.name() == name.as_str())
        });
        for name in fixed.iter().flatten() {
            if !taken.insert(name.clone()) {
                return Err(TableError::Twice { stream: stream.to_owned(), column: name.clone() });
            }
        }
        let free: Vec<&str> = self
            .properties
            .iter()
            .zip(&fixed)
            .filter(|(_, fixed)| fixed.is_none())
            .map(|(property, _)| property.name.as_str())
            .collect();
        let mut given = identifiers(&free, self.rules.case, &taken)
            .map_err(|source| TableError::Name { stream: stream.to_owned(), source })?
            .into_iter();
        let mut names = Vec::with_capacity(self.properties.len());
        for (property, fixed) in self.properties.iter().zip(fixed) {
            let is_configured = self.rules.rename.contains_key(&property.name);
            let Some(name) = fixed.or_else(|| given.next()) else { break };
            if !is_configured && name.as_str() != written(&property.name, self.rules.case) {
                self.notes
                    .push(Note::Renamed { property: property.name.clone(), column: name.clone() });
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Names that do not depend on other names: configured ones, and those of paths that join to the
    /// name of another property (`a__b`, and `b` in `a`), which get a hash of their path.
    fn fixed_names(&self, stream: &str) -> Result<Vec<Option<Identifier>>, TableError> {
        let mut joined = HashMap::<&str, usize>::new();
        for property in &self.properties {
            *joined.entry(&property.name).or_default() += 1;
        }
        self.properties
            .iter()
            .map(|property| {
                if let Some(name) = self.rules.rename.get(&property.name) {
                    return Ok(Some(name.clone()));
                }
                if property.path.len() == 1 || joined.get(property.name.as_str()) == Some(&1) {
                    return Ok(None);
                }
                let name = Identifier::fitted(&property.name, self.rules.case)
                    .map_err(|source| TableError::Name { stream: stream.to_owned(), source })?;
                Ok(Some(Identifier::of_hash(name.as_str(), &property.path.join("\0"))))
            })
            .collect()
    }
}

/// What stands between the names of a path.
pub(super) fn separator(rules: &Rules) -> &str {
    rules.flattening.as_ref().map_or("", |how| &how.separator)
}
