//! What to do about a report that Amazon could not make, judged by the words of its explanation.
//!
//! There are no codes: an explanation is English text, or JSON around one. The words here stand in
//! explanations that users have published, such as "Date range exceeded. Report can be requested only
//! upto 30 days" (issue 2591 of amzn/selling-partner-api-models) and "is not yet available" (issue 38166
//! of airbytehq/airbyte). Texts that hold none of them are [`Cause::Unknown`], never a success.

/// Why a report ended FATAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The end of the window is too near to the present.
    NotYet,
    /// The window is longer than Amazon makes it.
    TooLong,
    /// An option, a marketplace or a permission: asking again would be refused again.
    Refused,
    /// Anything else, or nothing was said; perhaps a bad hour of Amazon's.
    Unknown,
}

/// Words of which one makes the cause, in the order in which they are looked for.
const WORDS: [(Cause, &[&str]); 3] = [
    (Cause::NotYet, &["not yet available", "not available yet", "not yet been", "not ready"]),
    (
        Cause::TooLong,
        &[
            "range exceed",
            "exceeds the maximum",
            "range is too",
            "upto",
            "up to",
            "longer than",
            "more than",
        ],
    ),
    (
        Cause::Refused,
        &[
            "report option",
            "reportoption",
            "reportperiod",
            "invalid",
            "unsupported",
            "not supported",
            "not authorized",
            "unauthorized",
            "permission",
            "access denied",
            "access to",
            "not eligible",
            "not enrolled",
            "brand registry",
            "marketplace",
        ],
    ),
];

/// The cause that an explanation tells.
#[must_use]
pub fn cause(explanation: &str) -> Cause {
    let text = explanation.to_lowercase();
    let told = WORDS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
    told.map_or(Cause::Unknown, |(cause, _)| *cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_explanations_are_understood() {
        for (text, expected) in [
            ("Date range exceeded. Report can be requested only upto 30 days", Cause::TooLong),
            ("The requested data is not yet available for the given date range.", Cause::NotYet),
            ("Missing report options: reportPeriod, distributorView", Cause::Refused),
            ("The marketplace of the request does not match the account", Cause::Refused),
            ("Vendor does not have permission for this view", Cause::Refused),
            ("Amazon gave no reason", Cause::Unknown),
            ("Internal failure", Cause::Unknown),
        ] {
            assert_eq!(cause(text), expected, "{text}");
        }
    }
}
