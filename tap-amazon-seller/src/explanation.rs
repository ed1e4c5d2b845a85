//! What Amazon says about a report that it could not make.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// The longest explanation that fits into a line of a log, in characters.
const LONGEST: usize = 400;

/// The longest text that is looked at, in bytes.
const LONGEST_TEXT: u64 = 64 * 1024;

/// The reason in an error document, as one line.
///
/// Some types give JSON with a member `errorDetails` (recorded in public bug reports), others plain
/// text; either may be gzipped, whatever the answer that named the document claims.
#[must_use]
pub fn explanation(document: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Details {
        error_details: String,
    }

    let mut text = Vec::new();
    let read = if document.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(document).take(LONGEST_TEXT).read_to_end(&mut text)
    } else {
        document.take(LONGEST_TEXT).read_to_end(&mut text)
    };
    if read.is_err() {
        return "the document with the reason is damaged".to_owned();
    }
    let text = match serde_json::from_slice::<Details>(&text) {
        Ok(details) => details.error_details,
        Err(_) => String::from_utf8_lossy(&text).into_owned(),
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None if line.is_empty() => "the document with the reason is empty".to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn json_and_text_and_gzip_all_give_one_line() {
        let json = br#"{"errorDetails": "Not yet\n available."}"#;
        assert_eq!(explanation(json), "Not yet available.");
        assert_eq!(explanation(b"Date range\r\nexceeded"), "Date range exceeded");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(json).unwrap();
        assert_eq!(explanation(&gzip.finish().unwrap()), "Not yet available.");
    }

    #[test]
    fn a_long_text_is_cut_and_an_empty_one_named() {
        assert_eq!(explanation("ü".repeat(500).as_bytes()).chars().count(), LONGEST + 1);
        assert_eq!(explanation(b" \n"), "the document with the reason is empty");
        assert_eq!(explanation(&[0x1f, 0x8b, 0]), "the document with the reason is damaged");
    }
}
