//! Finding the members of a record that have columns.
//!
//! A tap writes the members of all records of a stream in the same order. So the first guess for a
//! member is the one that stood at its place in the record before; only where that is wrong is the
//! name looked up.

use std::collections::HashMap;

use crate::copy::cursor::{Cursor, Span};
use crate::copy::encoder::{Counts, TreatmentOfNul};
use crate::copy::error::Reason;
use crate::copy::text;

/// How many names without a column are told apart; a tap may invent a name for every record.
const MOST_UNKNOWN: usize = 1_000;

/// How many places of a record are remembered.
const MOST_PLACES: usize = 4_096;

/// Where a member of a record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Its place is kept in this slot.
    Slot(usize),
    /// Its own members have columns; the index of its node.
    Inside(usize),
    /// It is known and not stored.
    LeftOut,
    /// It has no column; the index of its name among the unknown ones.
    Unknown(usize),
    /// It has no column, and there are too many such names.
    Beyond,
}

/// A member that stood at a place.
#[derive(Debug)]
struct Seen {
    /// Its name as it was written, closing quote included.
    written: Vec<u8>,
    target: Target,
}

/// An object whose members have columns: the record itself or, in flattened tables, one in it.
#[derive(Debug, Default)]
struct Node {
    /// What its members' names start with in joined paths.
    prefix: String,
    targets: HashMap<Vec<u8>, Target>,
    seen: Vec<Seen>,
    /// The slots of everything in it.
    slots: Vec<usize>,
}

/// The members of a record that have columns, and where the latest record has them.
#[derive(Debug)]
pub(super) struct Members {
    separator: String,
    /// The record comes first.
    nodes: Vec<Node>,
    spans: Vec<Option<Span>>,
    name: Vec<u8>,
}

/// What is wrong with a record before any of its values is read.
pub(super) struct Misfit {
    /// The path of the object; empty for the record.
    pub(super) path: String,
    pub(super) reason: Reason,
}

impl Members {
    /// A record without members that have columns.
    pub(super) fn new(separator: String) -> Self {
        Self { separator, nodes: vec![Node::default()], spans: Vec::new(), name: Vec::new() }
    }

    /// Adds a member and returns its slot.
    pub(super) fn add(&mut self, path: &[String]) -> usize {
        let slot = self.spans.len();
        self.spans.push(None);
        self.place(path, Target::Slot(slot));
        slot
    }

    /// Adds a member that is known and not stored.
    pub(super) fn leave_out(&mut self, path: &[String]) {
        self.place(path, Target::LeftOut);
    }

    /// Where the latest record has the member of a slot.
    pub(super) fn span(&self, slot: usize) -> Option<Span> {
        self.spans.get(slot).copied().flatten()
    }

    /// Puts a target at the end of a path.
    fn place(&mut self, path: &[String], target: Target) {
        let Some((last, parents)) = path.split_last() else { return };
        let mut at = 0;
        for parent in parents {
            at = self.inside(at, parent, target);
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.slots.extend(slot(target));
            node.targets.insert(last.clone().into_bytes(), target);
        }
    }

    /// The node of an object in the node `at`, made if there is none.
    fn inside(&mut self, at: usize, name: &str, target: Target) -> usize {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        node.slots.extend(slot(target));
        if let Some(Target::Inside(inside)) = node.targets.get(name.as_bytes()) {
            return *inside;
        }
        node.targets.insert(name.as_bytes().to_vec(), Target::Inside(next));
        let prefix = format!("{}{name}{}", node.prefix, self.separator);
        self.nodes.push(Node { prefix, ..Node::default() });
        next
    }

    /// Finds the members of a record.
    pub(super) fn find(&mut self, record: &[u8], counts: &mut Counts) -> Result<(), Misfit> {
        self.spans.fill(None);
        let mut cursor = Cursor::new(record);
        if cursor.peek() != Some(b'{') {
            return Err(Misfit { path: String::new(), reason: Reason::NotAnObject });
        }
        self.object(&mut cursor, 0, counts)
    }

    /// Finds the members of the object ahead, whose node is `at`.
    fn object(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: usize,
        counts: &mut Counts,
    ) -> Result<(), Misfit> {
        let syntax = || Misfit { path: String::new(), reason: Reason::Syntax };
        cursor.take(b'{').ok_or_else(syntax)?;
        if cursor.take(b'}').is_some() {
            return Ok(());
        }
        for place in 0.. {
            cursor.take(b'"').ok_or_else(syntax)?;
            let target = self.target(cursor, at, place, counts).ok_or_else(syntax)?;
            cursor.take(b':').ok_or_else(syntax)?;
            match target {
                Target::Inside(inside) => self.nested(cursor, inside, counts)?,
                Target::Slot(slot) => {
                    let span = cursor.value().ok_or_else(syntax)?;
                    // A name that comes twice: the last one counts, as in `jsonb`.
                    if let Some(has) = self.spans.get_mut(slot) {
                        *has = Some(span);
                    }
                }
                Target::LeftOut => {
                    cursor.value().ok_or_else(syntax)?;
                }
                Target::Unknown(name) => {
                    cursor.value().ok_or_else(syntax)?;
                    if let Some((_, count)) = counts.unknown.get_index_mut(name) {
                        *count += 1;
                    }
                }
                Target::Beyond => {
                    cursor.value().ok_or_else(syntax)?;
                    counts.unknown_beyond += 1;
                }
            }
            if cursor.take_either(b',', b'}').ok_or_else(syntax)? == b'}' {
                break;
            }
        }
        Ok(())
    }

    /// Finds the members of an object that is a value; null is an object without members.
    fn nested(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: usize,
        counts: &mut Counts,
    ) -> Result<(), Misfit> {
        if let Some(node) = self.nodes.get(at) {
            for slot in &node.slots {
                if let Some(span) = self.spans.get_mut(*slot) {
                    *span = None;
                }
            }
        }
        match cursor.peek() {
            Some(b'{') => return self.object(cursor, at, counts),
            Some(b'n') if cursor.value().is_some() => return Ok(()),
            _ => {}
        }
        let prefix = self.nodes.get(at).map_or("", |node| node.prefix.as_str());
        let path = prefix.strip_suffix(&self.separator).unwrap_or(prefix).to_owned();
        let reason = Reason::Expected { expected: "an object", found: "another value" };
        Err(Misfit { path, reason })
    }

    /// Where the member goes whose name is ahead, behind its opening quote.
    fn target(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: usize,
        place: usize,
        counts: &mut Counts,
    ) -> Option<Target> {
        let node = self.nodes.get_mut(at)?;
        if let Some(seen) = node.seen.get(place)
            && cursor.take_text(&seen.written)
        {
            return Some(seen.target);
        }
        let (written, escaped) = cursor.rest_of_string()?;
        let (_, name) = written.split_last()?;
        self.name.clear();
        if escaped {
            let mut ignored = Counts::default();
            text::unescaped(name, TreatmentOfNul::Replace, &mut ignored, &mut self.name).ok()?;
        } else {
            self.name.extend_from_slice(name);
        }
        let target = match node.targets.get(self.name.as_slice()) {
            Some(target) => *target,
            None => unknown(&node.prefix, &self.name, counts),
        };
        if let Some(seen) = node.seen.get_mut(place) {
            seen.written.clear();
            seen.written.extend_from_slice(written);
            seen.target = target;
        } else if node.seen.len() == place && place < MOST_PLACES {
            node.seen.push(Seen { written: written.to_vec(), target });
        }
        Some(target)
    }
}

/// The slot of a target that has one.
fn slot(target: Target) -> Option<usize> {
    if let Target::Slot(slot) = target { Some(slot) } else { None }
}

/// The place of a name among those without a column.
fn unknown(prefix: &str, name: &[u8], counts: &mut Counts) -> Target {
    let path = format!("{prefix}{}", String::from_utf8_lossy(name));
    if let Some(index) = counts.unknown.get_index_of(&path) {
        return Target::Unknown(index);
    }
    if counts.unknown.len() >= MOST_UNKNOWN {
        return Target::Beyond;
    }
    Target::Unknown(counts.unknown.insert_full(path, 0).0)
}
