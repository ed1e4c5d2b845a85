//! XML, element by element.

use std::io::{self, BufReader, Read};

use encoding_rs::{Encoding, UTF_8};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion, escape};
use serde_json::value::RawValue;

use super::tree::Tree;
use super::{LONGEST, Loader, opened};
use crate::document::charset::Charset;
use crate::document::decoded::{Gauge, Text};
use crate::document::{DocumentError, Emit, Facts, Fault, Feed, Loaded};

/// The element in which the storage says why it gives no document.
const STORAGE_ERROR: &str = "Error";

/// Reads a document to its end and emits the records of all streams that want some.
pub(in crate::document) fn load(
    source: Box<dyn Read + '_>,
    facts: &Facts<'_>,
    feeds: &[Feed],
    emit: &mut dyn Emit,
) -> Result<Loaded, DocumentError> {
    let gauge = Gauge::default();
    let (head, text) = opened(source, facts, &gauge, |head| charset(head, facts))?;
    match head.first() {
        Some(b'<') => {}
        Some(b'{' | b'[') => return Err(facts.fault(Fault::Json)),
        _ => return Err(facts.fault(Fault::Markup { line: 1 })),
    }
    let mut walk = Walk {
        loader: Loader::new(facts, feeds, &gauge, emit),
        path: Vec::new(),
        tree: Tree::default(),
        wanted: Vec::new(),
        has_others: false,
    };
    walk.all(text)?;
    walk.loader.loaded.is_elsewhere = walk.has_others && walk.loader.loaded.rows == 0;
    Ok(walk.loader.finish())
}

/// The charset of a document: what its declaration says, or else the storage.
fn charset(head: &[u8], facts: &Facts<'_>) -> Charset {
    match declared(head) {
        Some(encoding) => Charset::Declared(encoding),
        None => match Charset::of(facts.content_type, None) {
            Charset::Guessed(_) => Charset::Declared(UTF_8),
            declared @ Charset::Declared(_) => declared,
        },
    }
}

/// The encoding that the first line of a document declares. What can be read as ASCII this far is
/// not UTF-16, whatever it says of itself.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let end = head.windows(2).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?;
    let (_, value) = declaration.strip_prefix("<?xml")?.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let label = value.split(quote).nth(1)?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    Some(if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
}

/// Where a document is being read.
struct Walk<'a> {
    loader: Loader<'a>,
    /// The names of the open elements, down to the one that becomes a record.
    path: Vec<String>,
    /// The element that becomes a record, if one is open.
    tree: Tree,
    /// The lists that it is an element of.
    wanted: Vec<usize>,
    /// Whether there is anything inside the root that became no record.
    has_others: bool,
}

impl Walk<'_> {
    /// Reads all of a document.
    fn all(&mut self, text: BufReader<Text<'_>>) -> Result<(), DocumentError> {
        let mut reader = Reader::from_reader(text);
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer).map_err(|error| self.error(error))?;
            match event {
                Event::Start(start) => self.begin(&start)?,
                Event::Empty(start) => {
                    self.begin(&start)?;
                    self.end()?;
                }
                Event::End(_) => self.end()?,
                Event::Text(text) => self.tree.text(&text.xml10_content()),
                Event::CData(text) => self.tree.text(&text.xml10_content()),
                Event::GeneralRef(reference) => self.reference(&reference)?,
                Event::Eof if self.path.is_empty() => return Ok(()),
                Event::Eof => return Err(self.truncated()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    /// Begins an element.
    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), DocumentError> {
        let local = start.local_name();
        let name: &str = local.as_ref();
        self.path.push(name.to_owned());
        if self.tree.is_empty() {
            if self.path.len() == 1 {
                self.check_root(name)?;
            }
            let lists = self.loader.lists.iter().enumerate();
            let lists = lists.filter(|(_, list)| self.path == list.path).map(|(index, _)| index);
            self.wanted = lists.collect();
            if self.wanted.is_empty() {
                self.has_others |= self.path.len() > 1;
                return Ok(());
            }
            self.loader.gauge.since.set(0);
        }
        self.tree.begin(name);
        for attribute in start.attributes() {
            let malformed = || self.loader.facts.fault(Fault::Markup { line: self.line() });
            let attribute = attribute.map_err(|_| malformed())?;
            let name: &str = attribute.key.as_ref();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| malformed())?;
            self.tree.attribute(name, &value);
        }
        Ok(())
    }

    /// Whether a document with such a root can be what it should be.
    fn check_root(&mut self, root: &str) -> Result<(), DocumentError> {
        let is_root = |path: &[&str]| path.first() == Some(&root);
        let Some(path) = self.loader.lists.iter().map(|list| list.path).find(|path| !is_root(path))
        else {
            return Ok(());
        };
        if root == STORAGE_ERROR {
            return Err(self.loader.facts.fault(Fault::Xml));
        }
        self.loader.note(root);
        Err(self.loader.no_list(path))
    }

    /// Ends an element.
    fn end(&mut self) -> Result<(), DocumentError> {
        self.path.pop();
        let Some(json) = self.tree.end() else {
            if self.tree.is_empty() {
                // What stands between the elements is passed over, however much it is.
                self.loader.gauge.since.set(0);
            }
            return Ok(());
        };
        let text = String::from_utf8(json).unwrap_or_default();
        let element =
            RawValue::from_string(text).map_err(|error| self.loader.facts.json_error(error))?;
        self.loader.element(&self.wanted, &element)
    }

    /// Adds the character that a reference stands for. A name that only a document's own definitions
    /// could explain stays as it is.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), DocumentError> {
        let name = reference.xml10_content();
        match reference.resolve_char_ref() {
            Ok(Some(letter)) => self.tree.text(letter.encode_utf8(&mut [0; 4])),
            Ok(None) => match escape::resolve_predefined_entity(&name) {
                Some(text) => self.tree.text(text),
                None => self.tree.text(&format!("&{name};")),
            },
            Err(_) => return Err(self.loader.facts.fault(Fault::Markup { line: self.line() })),
        }
        Ok(())
    }

    /// The line up to which the document was read.
    fn line(&self) -> u64 {
        self.loader.gauge.line.get()
    }

    fn truncated(&self) -> DocumentError {
        self.loader.facts.fault(Fault::Truncated { line: self.line() })
    }

    /// The error of a text that is not XML, or of its source; without the parser's words, which may
    /// quote.
    fn error(&self, error: quick_xml::Error) -> DocumentError {
        let facts = self.loader.facts;
        match error {
            quick_xml::Error::Io(cause) if cause.kind() == io::ErrorKind::FileTooLarge => {
                facts.fault(Fault::ElementTooLong { limit: LONGEST })
            }
            quick_xml::Error::Io(cause) => {
                facts.source_error(io::Error::new(cause.kind(), cause.to_string()))
            }
            // A markup that was begun has no end before the document ends.
            quick_xml::Error::Syntax(_) if self.loader.gauge.is_over.get() => self.truncated(),
            _ => facts.fault(Fault::Markup { line: self.line() }),
        }
    }
}
