//! Text: out of JSON's escapes, and without what PostgreSQL cannot store.
//!
//! JSON can say U+0000, which PostgreSQL has neither in `text` nor in `jsonb`, and halves of surrogate
//! pairs, which are no characters at all. Both can only come as escapes.

use memchr::memchr;

use crate::copy::encoder::{Counts, TreatmentOfNul};
use crate::copy::error::Reason;

/// U+FFFD, which stands for a character that could not be.
const REPLACEMENT: char = '\u{fffd}';

/// What the escape behind a backslash stands for, and how many bytes it has.
struct Escape {
    meaning: Meaning,
    length: usize,
}

enum Meaning {
    Character(char),
    Nul,
    /// Half a surrogate pair.
    Half,
}

/// The escape at the start of `text`, which starts with a backslash.
fn escape(text: &[u8]) -> Option<Escape> {
    let simple = |character| Some(Escape { meaning: Meaning::Character(character), length: 2 });
    match text.get(1)? {
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'u' => {
            let unit = unit(text)?;
            let next = || text.get(6..).and_then(unit_of_escape);
            let pair = match (unit, (0xd800..0xdc00).contains(&unit).then(next).flatten()) {
                (high, Some(low @ 0xdc00..=0xdfff)) => {
                    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                }
                _ => None,
            };
            Some(match (pair, char::from_u32(unit)) {
                (Some(character), _) => {
                    Escape { meaning: Meaning::Character(character), length: 12 }
                }
                (None, Some('\0')) => Escape { meaning: Meaning::Nul, length: 6 },
                (None, Some(character)) => {
                    Escape { meaning: Meaning::Character(character), length: 6 }
                }
                (None, None) => Escape { meaning: Meaning::Half, length: 6 },
            })
        }
        other => simple(char::from(*other)),
    }
}

/// The code unit of `\uXXXX` at the start of `text`, if it starts with one.
fn unit_of_escape(text: &[u8]) -> Option<u32> {
    text.starts_with(b"\\u").then(|| unit(text)).flatten()
}

/// The four hexadecimal digits from the third byte.
fn unit(text: &[u8]) -> Option<u32> {
    text.get(2..6)?
        .iter()
        .try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

/// Appends the characters of what stands between the quotes of a string.
pub(super) fn unescaped(
    mut text: &[u8],
    treatment: TreatmentOfNul,
    counts: &mut Counts,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    while let Some(plain) = memchr(b'\\', text) {
        let (before, rest) = text.split_at(plain);
        out.extend_from_slice(before);
        let escape = escape(rest).ok_or(Reason::Syntax)?;
        match escape.meaning {
            Meaning::Character(character) => push(character, out),
            Meaning::Nul => {
                counts.nul += 1;
                match treatment {
                    TreatmentOfNul::Replace => push(REPLACEMENT, out),
                    TreatmentOfNul::Remove => {}
                    TreatmentOfNul::Error => return Err(Reason::Nul),
                }
            }
            Meaning::Half => {
                counts.surrogates += 1;
                push(REPLACEMENT, out);
            }
        }
        text = rest.get(escape.length..).unwrap_or_default();
    }
    out.extend_from_slice(text);
    Ok(())
}

/// Appends JSON as it is, but for what PostgreSQL cannot store, at any depth.
pub(super) fn cleaned(
    mut json: &[u8],
    treatment: TreatmentOfNul,
    counts: &mut Counts,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    while let Some(plain) = memchr(b'\\', json) {
        let (before, rest) = json.split_at(plain);
        out.extend_from_slice(before);
        let escape = escape(rest).ok_or(Reason::Syntax)?;
        let (own, after) = rest.split_at_checked(escape.length).ok_or(Reason::Syntax)?;
        match escape.meaning {
            Meaning::Character(_) => out.extend_from_slice(own),
            Meaning::Nul => {
                counts.nul += 1;
                match treatment {
                    TreatmentOfNul::Replace => out.extend_from_slice(b"\\ufffd"),
                    TreatmentOfNul::Remove => {}
                    TreatmentOfNul::Error => return Err(Reason::Nul),
                }
            }
            Meaning::Half => {
                counts.surrogates += 1;
                out.extend_from_slice(b"\\ufffd");
            }
        }
        json = after;
    }
    out.extend_from_slice(json);
    Ok(())
}

/// Appends a character in UTF-8.
fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// How many characters a text in UTF-8 has: all bytes but those that continue one.
pub(super) fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}
