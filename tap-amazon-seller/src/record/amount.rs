//! Amounts of money, whichever sign stands before their decimals.

/// The digits of an amount with a point before its decimals, if they can only mean one amount.
///
/// Settlement files have been said to come with a comma there in Europe. With one separator only, three
/// digits behind it may be thousands as well, and nobody can tell: a comma is refused then. A point
/// alone always stands before decimals, as in all of Amazon's files that were seen.
pub(crate) fn plain(cell: &str) -> Option<String> {
    let cell = cell.trim();
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let sign = if cell.starts_with('-') { "-" } else { "" };
    let mark = digits.rfind(['.', ',']).and_then(|at| digits.get(at..)?.chars().next());
    let (whole, decimals) = match mark {
        None => (digits, ""),
        Some(mark) => {
            let (whole, decimals) = digits.rsplit_once(mark)?;
            let count = digits.matches(mark).count();
            match (count, whole.contains(['.', ',']), mark, decimals.len()) {
                (1, false, ',', 3) => return None,
                (1, ..) => (whole, decimals),
                // Thousands only.
                _ => (digits, ""),
            }
        }
    };
    let whole = ungrouped(whole)?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(decimals) || (whole.is_empty() && decimals.is_empty()) {
        return None;
    }
    let point = if decimals.is_empty() { "" } else { "." };
    let zero = if whole.is_empty() { "0" } else { "" };
    Some(format!("{sign}{zero}{whole}{point}{decimals}"))
}

/// Digits without the separators of their thousands.
fn ungrouped(digits: &str) -> Option<String> {
    let separator = digits.chars().find(|letter| !letter.is_ascii_digit());
    let Some(separator) = separator else { return Some(digits.to_owned()) };
    let mut groups = digits.split(separator);
    let first = groups.next().filter(|group| (1..=3).contains(&group.len()))?;
    let is_group = |group: &str| group.len() == 3 && group.bytes().all(|it| it.is_ascii_digit());
    let is_separator = matches!(separator, '.' | ',');
    let groups: Vec<_> = groups.collect();
    let is_right = is_separator && groups.iter().all(|group| is_group(group));
    is_right.then(|| format!("{first}{}", groups.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_and_a_point_are_told_apart_or_refused() {
        for (cell, digits) in [
            ("12", "12"),
            ("-12.30", "-12.30"),
            ("+0.5", "0.5"),
            (".5", "0.5"),
            ("1.234", "1.234"),
            ("-12,30", "-12.30"),
            ("1.234,56", "1234.56"),
            ("1,234.56", "1234.56"),
            ("1.234.567,8", "1234567.8"),
            ("1,234,567", "1234567"),
            ("1.234.567", "1234567"),
        ] {
            assert_eq!(plain(cell).as_deref(), Some(digits), "{cell}");
        }
        for cell in ["1,234", "1,2,3", "12.34,5", "1,23.4", "--1", "1e5", "", "-", ",", "1 234,5"] {
            assert_eq!(plain(cell), None, "{cell}");
        }
    }
}
