//! One element of XML, as it grows, and the JSON that it becomes.
//!
//! An element with attributes or children becomes an object: attributes first, then children by their
//! names, those of one name together as a list. Text beside them is the member `text`. An element with
//! nothing but text becomes that text, and an empty one null.

use crate::record::value;

/// The member that holds the text of an element with attributes or children.
const TEXT: &str = "text";

/// An element that was begun.
#[derive(Debug, Default)]
struct Node {
    name: String,
    /// Names and values, as JSON.
    members: Vec<(String, Vec<u8>)>,
    text: String,
}

/// An element of the list that is being read, with whatever is open inside it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    open: Vec<Node>,
}

impl Tree {
    /// Whether no element is open.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Begins an element inside the one that was begun last.
    pub(super) fn begin(&mut self, name: &str) {
        self.open.push(Node { name: name.to_owned(), ..Node::default() });
    }

    /// Adds an attribute to the element that was begun last.
    pub(super) fn attribute(&mut self, name: &str, text: &str) {
        if let Some(node) = self.open.last_mut() {
            let mut json = Vec::new();
            value::string(&mut json, text.as_bytes());
            node.members.push((name.to_owned(), json));
        }
    }

    /// Adds text to the element that was begun last.
    pub(super) fn text(&mut self, text: &str) {
        if let Some(node) = self.open.last_mut() {
            node.text.push_str(text);
        }
    }

    /// Ends the element that was begun last; gives the outermost one as JSON.
    pub(super) fn end(&mut self) -> Option<Vec<u8>> {
        let node = self.open.pop()?;
        let (name, json) = node.json();
        match self.open.last_mut() {
            Some(parent) => {
                parent.members.push((name, json));
                None
            }
            None => Some(json),
        }
    }
}

impl Node {
    /// The element's name, and the element as JSON.
    fn json(mut self) -> (String, Vec<u8>) {
        let has_text = !self.text.trim().is_empty();
        let mut text = Vec::new();
        if has_text {
            value::string(&mut text, self.text.as_bytes());
        }
        if self.members.is_empty() {
            return (self.name, if has_text { text } else { b"null".to_vec() });
        }
        if has_text {
            self.members.push((TEXT.to_owned(), text));
        }
        let mut json = Vec::new();
        let mut members = self.members.as_slice();
        let mut done: Vec<&str> = Vec::new();
        while let Some(((name, first), rest)) = members.split_first() {
            members = rest;
            if done.contains(&name.as_str()) {
                continue;
            }
            done.push(name);
            json.push(if json.is_empty() { b'{' } else { b',' });
            value::string(&mut json, name.as_bytes());
            json.push(b':');
            let mut others = rest.iter().filter(|(other, _)| other == name).peekable();
            if others.peek().is_none() {
                json.extend_from_slice(first);
                continue;
            }
            json.push(b'[');
            json.extend_from_slice(first);
            for (_, other) in others {
                json.push(b',');
                json.extend_from_slice(other);
            }
            json.push(b']');
        }
        json.push(b'}');
        (self.name, json)
    }
}
