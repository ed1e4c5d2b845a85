//! Bytes of a charset as text.

use encoding_rs::{DecoderResult, Encoding, REPLACEMENT, SHIFT_JIS, UTF_8, WINDOWS_1252};

/// The byte order mark of UTF-8, which stands for itself and not for text.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a document's bytes are, as far as that is known before they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    /// The storage said so.
    Declared(&'static Encoding),
    /// Nobody said: UTF-8 up to the first byte that is not, from there on another charset.
    Guessed(&'static Encoding),
}

impl Charset {
    /// The charset of a `Content-Type`, or a guess by the country of the report.
    ///
    /// Amazon writes Java's names: `Cp1252`, `utf8`, `Windows-31J`. All of them are among the
    /// labels of the Encoding Standard, which also knows that what is called ISO-8859-1 is
    /// windows-1252, and that `Shift_JIS` is to be read with Microsoft's additions.
    pub(crate) fn of(content_type: Option<&str>, country: Option<&str>) -> Self {
        let declared = content_type
            .and_then(label)
            .and_then(|label| Encoding::for_label(label.as_bytes()))
            .filter(|encoding| *encoding != REPLACEMENT);
        match (declared, country) {
            (Some(encoding), _) => Self::Declared(encoding),
            (None, Some("JP")) => Self::Guessed(SHIFT_JIS),
            (None, _) => Self::Guessed(WINDOWS_1252),
        }
    }
}

/// The value of a `Content-Type`'s parameter `charset`.
fn label(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })
}

/// Turns bytes into text, piece by piece, with U+FFFD for what has no meaning.
pub(crate) struct Decoder {
    state: State,
    /// How many times a U+FFFD was written.
    pub(crate) replaced: u64,
}

/// How the next bytes are read.
enum State {
    /// Nothing was read yet; there may be a byte order mark.
    Start(Charset),
    /// As UTF-8, with another charset to go on with if it is not.
    Utf8 { instead: Option<&'static Encoding> },
    /// As another charset.
    Other(encoding_rs::Decoder),
}

/// Whether more bytes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    /// There may be more.
    Expected,
    /// These are the last.
    None,
}

impl Decoder {
    /// A decoder for a whole document.
    pub(crate) fn new(charset: Charset) -> Self {
        Self { state: State::Start(charset), replaced: 0 }
    }

    /// Appends the text of some bytes, and returns how many bytes it took.
    ///
    /// Bytes that are left over begin a character that is not complete: they come first next time.
    pub(crate) fn decode(&mut self, bytes: &[u8], more: More, text: &mut String) -> usize {
        let mut taken = 0;
        if let State::Start(charset) = self.state {
            if bytes.len() < BOM.len() && BOM.starts_with(bytes) && more == More::Expected {
                return 0;
            }
            let marked = bytes.starts_with(BOM);
            taken = if marked { BOM.len() } else { 0 };
            self.state = match charset {
                Charset::Declared(_) if marked => State::Utf8 { instead: None },
                Charset::Declared(encoding) if encoding == UTF_8 => State::Utf8 { instead: None },
                Charset::Declared(encoding) => other(encoding),
                Charset::Guessed(encoding) => State::Utf8 { instead: Some(encoding) },
            };
        }
        let mut rest = bytes.get(taken..).unwrap_or_default();
        if let State::Utf8 { instead } = self.state {
            let (read, next) = self.decode_utf8(rest, more, text, instead);
            taken += read;
            rest = rest.get(read..).unwrap_or_default();
            let Some(encoding) = next else { return taken };
            self.state = other(encoding);
        }
        if let State::Other(decoder) = &mut self.state {
            self.replaced += decode_other(decoder, rest, more, text);
        }
        bytes.len()
    }

    /// Appends UTF-8; returns how many bytes it took, and the charset to go on with.
    fn decode_utf8(
        &mut self,
        bytes: &[u8],
        more: More,
        text: &mut String,
        instead: Option<&'static Encoding>,
    ) -> (usize, Option<&'static Encoding>) {
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            let Err(error) = std::str::from_utf8(rest).map(|valid| text.push_str(valid)) else {
                return (bytes.len(), None);
            };
            let valid = rest.get(..error.valid_up_to()).unwrap_or_default();
            text.push_str(&String::from_utf8_lossy(valid));
            taken += valid.len();
            let invalid = match error.error_len() {
                None if more == More::Expected => return (taken, None),
                None => rest.len() - valid.len(),
                Some(length) => length,
            };
            if instead.is_some() {
                return (taken, instead);
            }
            text.push(char::REPLACEMENT_CHARACTER);
            self.replaced += 1;
            taken += invalid;
        }
    }
}

/// The state of a charset that is not UTF-8.
fn other(encoding: &'static Encoding) -> State {
    State::Other(encoding.new_decoder_without_bom_handling())
}

/// Appends all bytes in another charset; returns how many characters were replaced.
fn decode_other(
    decoder: &mut encoding_rs::Decoder,
    mut bytes: &[u8],
    more: More,
    text: &mut String,
) -> u64 {
    let mut replaced = 0;
    loop {
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        text.reserve(room.unwrap_or(bytes.len().saturating_mul(4)));
        let (result, read) =
            decoder.decode_to_string_without_replacement(bytes, text, more == More::None);
        bytes = bytes.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return replaced,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                text.push(char::REPLACEMENT_CHARACTER);
                replaced += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a document that arrives in pieces of a size.
    fn decoded(bytes: &[u8], charset: Charset, size: usize) -> (String, u64) {
        let mut decoder = Decoder::new(charset);
        let mut text = String::new();
        let mut held = Vec::new();
        for piece in bytes.chunks(size) {
            held.extend_from_slice(piece);
            let taken = decoder.decode(&held, More::Expected, &mut text);
            held.drain(..taken);
        }
        let taken = decoder.decode(&held, More::None, &mut text);
        assert_eq!(taken, held.len());
        (text, decoder.replaced)
    }

    #[test]
    fn amazons_names_of_charsets_are_understood() {
        let declared = |text| Charset::of(Some(text), Some("DE"));
        assert_eq!(declared("text/plain; charset=Cp1252"), Charset::Declared(WINDOWS_1252));
        assert_eq!(declared("text/plain;charset=\"utf8\""), Charset::Declared(UTF_8));
        assert_eq!(declared("text/plain; Charset=Windows-31J"), Charset::Declared(SHIFT_JIS));
        assert_eq!(declared("text/plain; charset=ISO-8859-1"), Charset::Declared(WINDOWS_1252));
        assert_eq!(declared("text/plain; charset=klingon"), Charset::Guessed(WINDOWS_1252));
        assert_eq!(declared("text/plain"), Charset::Guessed(WINDOWS_1252));
        assert_eq!(Charset::of(None, Some("JP")), Charset::Guessed(SHIFT_JIS));
        assert_eq!(Charset::of(None, None), Charset::Guessed(WINDOWS_1252));
    }

    #[test]
    fn pieces_of_any_size_give_the_same_text() {
        let euro: &[u8] = b"10 \x80 \x93Gr\xf6\xdfe\x94";
        let japanese = "商品名①髙\u{2460}".to_owned();
        let (shift_jis, _, lossy) = SHIFT_JIS.encode(&japanese);
        assert!(!lossy);
        for size in 1..8 {
            let read = |bytes: &[u8], charset| decoded(bytes, charset, size);
            assert_eq!(read(euro, Charset::Declared(WINDOWS_1252)), ("10 € “Größe”".into(), 0));
            assert_eq!(read(euro, Charset::Guessed(WINDOWS_1252)), ("10 € “Größe”".into(), 0));
            for charset in [Charset::Declared(SHIFT_JIS), Charset::Guessed(SHIFT_JIS)] {
                assert_eq!(read(&shift_jis, charset), (japanese.clone(), 0));
            }
            for charset in [Charset::Declared(UTF_8), Charset::Guessed(WINDOWS_1252)] {
                assert_eq!(read(japanese.as_bytes(), charset), (japanese.clone(), 0));
                let marked = [BOM, japanese.as_bytes()].concat();
                assert_eq!(read(&marked, charset), (japanese.clone(), 0));
            }
        }
    }

    #[test]
    fn what_has_no_meaning_is_replaced_and_counted() {
        for size in 1..5 {
            assert_eq!(
                decoded(b"a\xffb\xc3", Charset::Declared(UTF_8), size),
                ("a\u{fffd}b\u{fffd}".into(), 2)
            );
            let (text, replaced) = decoded(b"a\x81\xffb", Charset::Declared(SHIFT_JIS), size);
            assert_eq!((text.contains('\u{fffd}'), replaced > 0), (true, true));
        }
    }

    #[test]
    fn a_byte_order_mark_is_believed_before_the_storage_is() {
        let (text, replaced) = decoded("\u{feff}é".as_bytes(), Charset::Declared(WINDOWS_1252), 2);
        assert_eq!((text.as_str(), replaced), ("é", 0));
    }
}
