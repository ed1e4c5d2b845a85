//! From page to page of a series: where the next one begins, and whether the list was whole.
//!
//! Pure: it is told what there was on a page, and calls nobody.

use std::collections::HashSet;

use super::{PagingError, Turn};
use crate::due::At;
use crate::streams::{Next, PageOffset};

/// A series of pages on its way.
pub(super) struct Course {
    next: Next,
    size: u64,
    /// Whether it may stop where offsets do: the rest is read from the other end of the list.
    is_end: bool,
    tokens: HashSet<String>,
    digests: HashSet<u64>,
    /// Elements on the pages so far, whether they were different or not.
    read: u64,
}

impl Course {
    /// A series that has not begun, of pages of a size.
    pub(super) fn new(next: Next, size: Option<u32>, is_end: bool) -> Self {
        let size = size.unwrap_or_default().into();
        Self { next, size, is_end, tokens: HashSet::new(), digests: HashSet::new(), read: 0 }
    }

    /// Where the page after one begins; nothing behind the last one. `number` counts pages from 1.
    pub(super) fn next(&mut self, turn: Turn, number: u64) -> Result<Option<At>, PagingError> {
        match (self.next, turn.next) {
            (Next::Offset(offset), _) => self.behind(offset, turn.total, turn.digests),
            (_, None) => Ok(None),
            // Pages may be empty on the way; only the token says that there are more.
            (_, Some(token)) if self.tokens.insert(token.clone()) => Ok(Some(At::Token(token))),
            _ => Err(PagingError::Circle { page: number }),
        }
    }

    /// The next offset. Where Amazon does not say how long a list is, an empty page ends it.
    fn behind(
        &mut self,
        offset: PageOffset,
        total: Option<u64>,
        digests: Vec<u64>,
    ) -> Result<Option<At>, PagingError> {
        let is_empty = digests.is_empty();
        self.read += digests.len() as u64;
        self.digests.extend(digests);
        let reach = offset.most + self.size;
        let reach = if self.is_end { reach * 2 } else { reach };
        if let Some(total) = total.filter(|total| *total > reach) {
            return Err(PagingError::TooLong { total, reach });
        }
        let is_over = total.map_or(is_empty, |total| is_empty || self.read >= total);
        if !is_over && self.read <= offset.most {
            return Ok(Some(At::Offset(self.read)));
        }
        let seen = self.digests.len() as u64;
        match total {
            // Without a total, nobody knows how much more there is.
            None if !is_over => Err(PagingError::TooLong { total: reach + 1, reach }),
            Some(total) if !self.is_end && seen < total => Err(PagingError::Short { seen, total }),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET: Next = Next::Offset(PageOffset {
        parameter: "offset",
        most: 90,
        total: &["total"],
        kinds: ("kinds", &["A", "B"]),
        order: ("order", ["ASC", "DESC"]),
    });

    /// Reads a list of so many elements in pages of ten: the offsets asked for, and how it ended.
    fn read(elements: u64, total: Option<u64>, is_end: bool) -> (Vec<u64>, Result<(), String>) {
        let mut course = Course::new(OFFSET, Some(10), is_end);
        let (mut offsets, mut before) = (Vec::new(), 0);
        loop {
            offsets.push(before);
            let digests = (before..elements.min(before + 10)).collect();
            match course.next(Turn { next: None, reached: None, total, digests }, 1) {
                Ok(Some(At::Offset(next))) => before = next,
                Ok(other) => {
                    return (offsets, other.map_or(Ok(()), |_| Err("no offset".to_owned())));
                }
                Err(error) => return (offsets, Err(error.to_string())),
            }
        }
    }

    fn tens(until: u64) -> Vec<u64> {
        (0..until).step_by(10).collect()
    }

    #[test]
    fn a_list_is_read_to_its_total_and_not_beyond() {
        for (elements, pages) in [(0, 1), (9, 10), (10, 10), (11, 20), (100, 100)] {
            assert_eq!(read(elements, Some(elements), false), (tens(pages), Ok(())), "{elements}");
        }
    }

    #[test]
    fn a_list_that_offsets_do_not_reach_the_end_of_is_given_up_on_its_first_page() {
        let error = "a list of 101 elements, of which Amazon gives out 100";
        assert_eq!(read(101, Some(101), false), (vec![0], Err(error.to_owned())));
        // From either end as much can be had.
        assert_eq!(read(101, Some(101), true), (tens(100), Ok(())));
        assert_eq!(read(200, Some(200), true), (tens(100), Ok(())));
        let error = "a list of 201 elements, of which Amazon gives out 200";
        assert_eq!(read(201, Some(201), true), (vec![0], Err(error.to_owned())));
    }

    #[test]
    fn a_list_of_unknown_length_ends_with_an_empty_page_or_is_too_long() {
        assert_eq!(read(25, None, false), (vec![0, 10, 20, 25], Ok(())));
        assert!(read(100, None, false).1.unwrap_err().contains("gives out 100"));
        assert!(read(100, None, true).1.unwrap_err().contains("gives out 200"));
    }

    #[test]
    fn a_list_with_less_on_its_pages_than_it_says_is_not_whole() {
        let error = "15 different elements in a list of 20: it may have changed while it was read";
        assert_eq!(read(15, Some(20), false).1, Err(error.to_owned()));
        let mut course = Course::new(OFFSET, Some(10), false);
        let turn = |digests| Turn { next: None, reached: None, total: Some(20), digests };
        assert!(course.next(turn((0..10).collect()), 1).is_ok());
        // The last element of the first page has moved to the second.
        let moved = course.next(turn((9..19).collect()), 2).unwrap_err();
        assert_eq!(moved.to_string(), error.replace("15", "19"));
    }

    #[test]
    fn a_token_that_comes_again_leads_in_a_circle() {
        let token = crate::streams::PageToken { parameter: "token", member: &["token"] };
        let mut course = Course::new(Next::Token(token), None, false);
        let turn = |text: &str| Turn {
            next: Some(text.to_owned()),
            reached: None,
            total: None,
            digests: vec![],
        };
        assert_eq!(course.next(turn("a"), 1).unwrap(), Some(At::Token("a".to_owned())));
        assert_eq!(course.next(turn("b"), 2).unwrap(), Some(At::Token("b".to_owned())));
        let circle = course.next(turn("a"), 3).unwrap_err();
        assert!(circle.to_string().starts_with("page 3 names a page that was read before"));
    }
}
