//! Walking through JSON text without building anything.
//!
//! The text has been read as JSON before (it is a `RawValue`), so this only finds where things end. It
//! gives up, and never panics, where the text is not JSON after all.

use memchr::memchr2;

use crate::copy::error::DEEPEST;

/// Where a value stands in the text, and what was seen on the way through it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: usize,
    end: usize,
    /// Whether a string in it has a backslash.
    escaped: bool,
    /// Whether a number in an object or array has an exponent.
    exponent: bool,
    /// Whether it is nested deeper than [`DEEPEST`].
    deep: bool,
}

/// The text of a value, and what was seen on the way through it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) text: &'a [u8],
    /// Whether a string in it has a backslash.
    pub(super) escaped: bool,
    /// Whether a number in an object or array has an exponent.
    pub(super) exponent: bool,
    /// Whether it is nested deeper than [`DEEPEST`].
    pub(super) deep: bool,
}

/// A value by its type.
pub(super) enum Json<'a> {
    Null,
    Boolean(bool),
    Number(&'a [u8]),
    /// What stands between the quotes.
    String(&'a [u8]),
    /// An object or an array.
    Compound,
}

impl Span {
    /// The value's text.
    pub(super) fn of<'a>(&self, text: &'a [u8]) -> Raw<'a> {
        Raw {
            text: text.get(self.start..self.end).unwrap_or_default(),
            escaped: self.escaped,
            exponent: self.exponent,
            deep: self.deep,
        }
    }
}

impl<'a> Raw<'a> {
    /// A value of ours: a number, or a string without a backslash.
    pub(super) fn plain(text: &'a [u8]) -> Self {
        Self { text, escaped: false, exponent: false, deep: false }
    }

    /// The value by its type.
    pub(super) fn json(&self) -> Json<'a> {
        match self.text {
            [b'n', ..] => Json::Null,
            [b't', ..] => Json::Boolean(true),
            [b'f', ..] => Json::Boolean(false),
            [b'"', inner @ .., b'"'] => Json::String(inner),
            [b'{' | b'[', ..] => Json::Compound,
            number => Json::Number(number),
        }
    }

    /// Whether it is null.
    pub(super) fn is_null(&self) -> bool {
        self.text.first() == Some(&b'n')
    }
}

/// A place in the text.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Steps over `byte`, which must come next but for white space.
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Steps over one of the two, whichever comes next.
    pub(super) fn take_either(&mut self, one: u8, other: u8) -> Option<u8> {
        let byte = self.peek()?;
        (byte == one || byte == other).then(|| {
            self.at += 1;
            byte
        })
    }

    /// Steps over `expected` if the text goes on with exactly that.
    pub(super) fn take_text(&mut self, expected: &[u8]) -> bool {
        let is_next = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(expected));
        if is_next {
            self.at += expected.len();
        }
        is_next
    }

    /// Steps over the rest of a string whose opening quote is behind, and returns what was left of it,
    /// closing quote included, and whether it has a backslash.
    pub(super) fn rest_of_string(&mut self) -> Option<(&'a [u8], bool)> {
        let start = self.at;
        let escaped = self.skip_string()?;
        Some((self.text.get(start..self.at)?, escaped))
    }

    /// Steps over a value.
    pub(super) fn value(&mut self) -> Option<Span> {
        let first = self.peek()?;
        let start = self.at;
        let mut span = Span { start, end: start, escaped: false, exponent: false, deep: false };
        match first {
            b'"' => {
                self.at += 1;
                span.escaped = self.skip_string()?;
            }
            b'{' | b'[' => self.skip_compound(&mut span)?,
            _ => {
                let rest = self.text.get(start..)?;
                let ends =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
            }
        }
        span.end = self.at;
        (span.end > span.start).then_some(span)
    }

    /// Steps behind the closing quote; says whether there was a backslash.
    fn skip_string(&mut self) -> Option<bool> {
        let mut escaped = false;
        loop {
            self.at += memchr2(b'"', b'\\', self.text.get(self.at..)?)?;
            if self.text.get(self.at) == Some(&b'"') {
                self.at += 1;
                return Some(escaped);
            }
            escaped = true;
            self.at += 2;
        }
    }

    /// Steps behind the bracket that closes the one ahead.
    fn skip_compound(&mut self, span: &mut Span) -> Option<()> {
        let mut depth = 0_usize;
        let mut before = 0_u8;
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => span.escaped |= self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    span.deep |= depth > DEEPEST;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(());
                    }
                }
                // Not the one in `true` or `false`.
                b'e' | b'E' => span.exponent |= before.is_ascii_digit(),
                _ => {}
            }
            before = byte;
        }
    }
}
