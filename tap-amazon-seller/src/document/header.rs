//! The first line of a flat file, and what it says of the lines that follow.

use crate::record::Row;

/// The names of a flat file's columns, and how its cells are written.
#[derive(Debug)]
pub(crate) struct Header {
    /// The names, as the document spells them.
    pub(crate) names: Vec<String>,
    quoting: Quoting,
    /// Whether the header ends with a tab; rows may then have one more cell, which is empty.
    has_loose_end: bool,
    /// The line itself, to know it again between the rows.
    line: Vec<u8>,
}

/// How the cells of a document are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// As they are: a `"` is part of the text, and often stands alone.
    None,
    /// Each between two `"`.
    Every,
}

/// Buffers that are used again for each row.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    bounds: Vec<(usize, usize)>,
    text: Vec<u8>,
}

impl Header {
    /// Reads a header line.
    ///
    /// Amazon's flat files are not CSV and have no quote character: a reader of CSV would swallow
    /// rows behind a title such as `10" pan`. Ledgers, and restock reports of some sellers, wrap
    /// every cell in quotes all the same, without doubling those inside; that is seen from the
    /// header, where every cell then has them.
    pub(crate) fn new(line: &[u8]) -> Self {
        let mut cells: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
        let has_loose_end = cells.len() > 1 && cells.last().is_some_and(|cell| is_blank(cell));
        if has_loose_end {
            cells.pop();
        }
        let is_quoted = |cell: &&[u8]| matches!(cell.trim_ascii(), [b'"', .., b'"']);
        let quoting = if cells.iter().all(is_quoted) { Quoting::Every } else { Quoting::None };
        let names = cells
            .iter()
            .map(|cell| match quoting {
                Quoting::None => name(cell),
                Quoting::Every => name(unquoted(cell.trim_ascii())),
            })
            .collect();
        Self { names, quoting, has_loose_end, line: line.to_vec() }
    }

    /// A header whose names were read by somebody else.
    pub(crate) fn named(names: Vec<String>) -> Self {
        Self { names, quoting: Quoting::None, has_loose_end: false, line: Vec::new() }
    }

    /// Whether a line is the header once more.
    pub(crate) fn is_repeated_by(&self, line: &[u8]) -> bool {
        self.line == line
    }

    /// Whether a line has fewer cells than there are columns, as one that breaks off has.
    pub(crate) fn is_cut_off(&self, line: &[u8]) -> bool {
        memchr::memchr_iter(b'\t', line).count() + 1 < self.names.len()
    }

    /// The cells of a line; `None` if they are more or fewer than the columns.
    pub(crate) fn row<'a>(&self, line: &'a [u8], cells: &'a mut Cells) -> Option<Row<'a>> {
        cells.bounds.clear();
        let text = match self.quoting {
            Quoting::None => {
                let mut from = 0;
                for tab in memchr::memchr_iter(b'\t', line) {
                    cells.bounds.push((from, tab));
                    from = tab + 1;
                }
                cells.bounds.push((from, line.len()));
                line
            }
            Quoting::Every => {
                cells.text.clear();
                for cell in line.split(|byte| *byte == b'\t') {
                    let from = cells.text.len();
                    push_unquoted(&mut cells.text, cell);
                    cells.bounds.push((from, cells.text.len()));
                }
                &cells.text
            }
        };
        let loose = self.has_loose_end
            && cells.bounds.len() == self.names.len() + 1
            && cells.bounds.last().is_some_and(|(from, to)| from == to);
        let fits = cells.bounds.len() == self.names.len() || loose;
        fits.then_some(Row { text, cells: &cells.bounds })
    }
}

/// Whether nothing but spaces and tabs, or empty quoted cells, stand on a line or in a cell.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// A column's name without the spaces around it, which some of Amazon's columns have.
fn name(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim().to_owned()
}

/// A cell without one quote at each end, where it has both.
fn unquoted(cell: &[u8]) -> &[u8] {
    match cell {
        [b'"', inside @ .., b'"'] => inside,
        _ => cell,
    }
}

/// Appends a quoted cell's text: without its quotes, and with doubled quotes made single.
fn push_unquoted(text: &mut Vec<u8>, cell: &[u8]) {
    let inside = unquoted(cell);
    if memchr::memchr(b'"', inside).is_none() {
        text.extend_from_slice(inside);
        return;
    }
    let mut after_quote = false;
    for byte in inside {
        let is_second = *byte == b'"' && after_quote;
        if !is_second {
            text.push(*byte);
        }
        after_quote = *byte == b'"' && !is_second;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(header: &str, line: &str) -> Option<Vec<String>> {
        let header = Header::new(header.as_bytes());
        let mut cells = Cells::default();
        let row = header.row(line.as_bytes(), &mut cells)?;
        let cell = |index| String::from_utf8(row.cell(index).to_vec()).unwrap();
        Some((0..header.names.len()).map(cell).collect())
    }

    #[test]
    fn a_quote_is_text_unless_every_header_cell_is_quoted() {
        assert_eq!(row("a\tb", "10\" pan\t\"x\"").unwrap(), ["10\" pan", "\"x\""]);
        assert_eq!(row("\"a\"\tb", "\"1\"\t2").unwrap(), ["\"1\"", "2"]);
        assert_eq!(Header::new(b"\"a\"\tb").names, ["\"a\"", "b"]);
    }

    #[test]
    fn quoted_cells_lose_one_quote_at_each_end_and_doubled_ones_inside() {
        let read = |line| row("\"a\"\t\"b c\"", line).unwrap();
        assert_eq!(read("\"Cam, 1/2\" lens\"\t\"\""), ["Cam, 1/2\" lens", ""]);
        assert_eq!(read("\"a \"\"b\"\" c\"\tplain"), ["a \"b\" c", "plain"]);
        assert_eq!(read("\"\"\"\"\t\""), ["\"", "\""]);
        assert_eq!(Header::new(b"\"a\"\t\"b c\"").names, ["a", "b c"]);
    }

    #[test]
    fn a_header_may_end_with_a_tab_and_names_with_a_space() {
        let header = Header::new(b"a \t b\t");
        assert_eq!(header.names, ["a", "b"]);
        assert_eq!(row("a\tb\t", "1\t2").unwrap(), ["1", "2"]);
        assert_eq!(row("a\tb\t", "1\t2\t").unwrap(), ["1", "2"]);
        assert_eq!(row("a\tb\t", "1\t2\t3"), None);
        assert_eq!(row("a\tb", "1\t2\t"), None);
        assert_eq!(row("a\tb", "1"), None);
    }
}
