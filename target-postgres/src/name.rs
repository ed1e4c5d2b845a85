//! Names of tables and columns, made from names that a tap chose.
//!
//! Singer allows any text as a name; PostgreSQL allows 63 bytes of it, cuts the rest off in silence and
//! then finds two columns of one name. Everything here exists so that different names stay different,
//! and so that the same name becomes the same identifier in every run, whatever came before it.

use std::collections::{HashMap, HashSet};
use std::fmt;

/// The most bytes that PostgreSQL keeps of a name (`NAMEDATALEN - 1`); it drops the rest in silence.
pub const LONGEST: usize = 63;

/// Columns that every table of PostgreSQL has of its own and that nobody may add.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// How a name is written in the database.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// As the tap wrote it.
    #[default]
    Preserve,
    /// In lower case, otherwise as the tap wrote it.
    Lower,
    /// In lower case, with an underscore where a word starts and for everything that is neither a
    /// letter nor a digit: `SellerSKU` and `seller-sku` both become `seller_sku`.
    Snake,
}

/// Why a name cannot be one in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing to call it by.
    #[error("a name is empty")]
    Empty,
    /// PostgreSQL ends a name at a NUL character.
    #[error("a name holds a NUL character")]
    Nul,
    /// A name that a person configured is not cut: they could not find it again.
    #[error("a configured name has {0} bytes; PostgreSQL keeps {LONGEST}")]
    Long(usize),
}

/// The name of a namespace, table or column: not empty, at most [`LONGEST`] bytes, without NUL.
///
/// Its `Display` is the quoted form, so that a name in a statement is never anything else: `"select"`,
/// `"say ""hi"""`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(String);

impl Identifier {
    /// Takes a name as it is: one that a person configured or that the database gave.
    pub fn exact(name: &str) -> Result<Self, NameError> {
        checked(name)?;
        if name.len() > LONGEST {
            return Err(NameError::Long(name.len()));
        }
        Ok(Self(name.to_owned()))
    }

    /// Makes a name fit; a name that is too long is cut and gets a hash of the whole.
    pub fn fitted(name: &str, case: Case) -> Result<Self, NameError> {
        checked(name)?;
        let written = written(name, case);
        if written.len() > LONGEST { Ok(hashed(&written, name, 0)) } else { Ok(Self(written)) }
    }

    /// A name of ours beside this one, such as that of a table that is loaded to take its place.
    #[must_use]
    pub fn beside(&self, suffix: &str) -> Self {
        let long = format!("{}{suffix}", self.0);
        if long.len() > LONGEST { hashed(&self.0, &long, 0) } else { Self(long) }
    }

    /// A name of ours: a word and a hash of what tells it from others of its sort.
    pub(crate) fn of_hash(word: &str, distinction: &str) -> Self {
        hashed(word, distinction, 0)
    }

    /// A name that this crate gives, known to be short and without oddities.
    pub(crate) fn ours(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// The name without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// Identifiers for the columns of one table, in the order of `names`, which are all different.
///
/// Names that would become the same identifier (or one in `taken`, or one of PostgreSQL's own columns)
/// are told apart by a hash of the name as the tap wrote it; only a name that needs no change keeps
/// the identifier. So an identifier depends on the set of names and never on their order.
pub(crate) fn identifiers<S: AsRef<str>>(
    names: &[S],
    case: Case,
    taken: &HashSet<Identifier>,
) -> Result<Vec<Identifier>, NameError> {
    let wished = names
        .iter()
        .map(|name| Identifier::fitted(name.as_ref(), case))
        .collect::<Result<Vec<_>, _>>()?;
    let mut count = HashMap::<&Identifier, usize>::new();
    for wish in &wished {
        *count.entry(wish).or_default() += 1;
    }
    let free =
        |wish: &Identifier| !taken.contains(wish) && !SYSTEM_COLUMNS.contains(&wish.as_str());
    let keeps = |name: &str, wish: &Identifier| {
        free(wish) && (count.get(wish) == Some(&1) || name == wish.as_str())
    };
    let mut used = taken.clone();
    let mut given = HashMap::<&str, Identifier>::new();
    let mut others = Vec::new();
    for (name, wish) in names.iter().map(AsRef::as_ref).zip(&wished) {
        if keeps(name, wish) {
            used.insert(wish.clone());
            given.insert(name, wish.clone());
        } else {
            others.push((name, wish));
        }
    }
    // A hashed name can meet a name that looks like one. The order of the names then decides, which
    // is the same in every run.
    others.sort_unstable();
    for (name, wish) in others {
        let mut round = 0;
        let mut identifier = hashed(wish.as_str(), name, round);
        while !used.insert(identifier.clone()) {
            round += 1;
            identifier = hashed(wish.as_str(), name, round);
        }
        given.insert(name, identifier);
    }
    Ok(names.iter().filter_map(|name| given.get(name.as_ref()).cloned()).collect())
}

/// Refuses what can be no name at all.
fn checked(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.contains('\0') { Err(NameError::Nul) } else { Ok(()) }
}

/// The name in its case, of any length.
pub(crate) fn written(name: &str, case: Case) -> String {
    match case {
        Case::Preserve => name.to_owned(),
        Case::Lower => name.to_lowercase(),
        Case::Snake => snake(name),
    }
}

/// The words of a name in lower case, with underscores between them.
fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 8);
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| characters.get(before));
        let after = characters.get(index + 1);
        if character == '_' || character.is_alphanumeric() {
            let starts_word = character.is_uppercase()
                && before.is_some_and(|before| {
                    before.is_lowercase()
                        || before.is_numeric()
                        || (before.is_uppercase()
                            && after.is_some_and(|after| after.is_lowercase()))
                });
            if starts_word {
                snake.push('_');
            }
            snake.extend(character.to_lowercase());
        } else if !snake.ends_with('_') {
            snake.push('_');
        }
    }
    snake
}

/// As much of `start` as fits, and a hash of `whole`.
fn hashed(start: &str, whole: &str, round: u64) -> Identifier {
    /// An underscore and twelve hexadecimal digits.
    const SUFFIX: usize = 13;
    let kept = start.floor_char_boundary(LONGEST - SUFFIX);
    let hash = fnv(whole, round) & 0xffff_ffff_ffff;
    Identifier(format!("{}_{hash:012x}", start.get(..kept).unwrap_or_default()))
}

/// FNV-1a with 64 bits: the standard library promises no hash that is the same in every release, and
/// columns must be found again after an upgrade.
fn fnv(text: &str, round: u64) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ round, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(names: &[&str], case: Case) -> Vec<String> {
        identifiers(names, case, &HashSet::new()).unwrap().into_iter().map(|name| name.0).collect()
    }

    #[test]
    fn a_quote_in_a_name_is_doubled_and_a_reserved_word_is_only_quoted() {
        assert_eq!(Identifier::exact(r#"say "hi""#).unwrap().to_string(), r#""say ""hi""""#);
        assert_eq!(Identifier::exact("select").unwrap().to_string(), r#""select""#);
    }

    #[test]
    fn a_name_that_is_empty_or_holds_nul_is_refused() {
        assert_eq!(Identifier::fitted("", Case::Preserve), Err(NameError::Empty));
        assert_eq!(Identifier::fitted("a\0b", Case::Snake), Err(NameError::Nul));
        assert_eq!(Identifier::exact(&"x".repeat(64)), Err(NameError::Long(64)));
    }

    #[test]
    fn snake_case_knows_words_abbreviations_and_dashes() {
        let cases = [
            ("AmazonOrderId", "amazon_order_id"),
            ("SellerSKU", "seller_sku"),
            ("SKUCode", "sku_code"),
            ("marketplace-id", "marketplace_id"),
            ("buy  box (%)", "buy_box_"),
            ("_sdc_x", "_sdc_x"),
            ("item2Price", "item2_price"),
            ("ÄrgerNis", "ärger_nis"),
        ];
        for (name, expected) in cases {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_keeps_its_hash_for_ever() {
        let name = "ä".repeat(40);
        let fitted = Identifier::fitted(&name, Case::Preserve).unwrap();
        assert_eq!(fitted.as_str(), "äääääääääääääääääääääääää_5329e79ec7e5");
        assert!(fitted.as_str().len() <= LONGEST);
    }

    #[test]
    fn of_names_that_meet_the_one_that_needs_no_change_keeps_the_identifier() {
        assert_eq!(of(&["ID", "id"], Case::Lower), ["id_0e07b5b8d640", "id"]);
        assert_eq!(of(&["id", "ID"], Case::Lower), ["id", "id_0e07b5b8d640"]);
    }

    #[test]
    fn a_column_of_postgresql_itself_is_never_taken() {
        let [xmin] = of(&["xmin"], Case::Preserve).try_into().unwrap();
        assert!(xmin.starts_with("xmin_"), "{xmin}");
    }

    fn case() -> impl Strategy<Value = Case> {
        prop_oneof![Just(Case::Preserve), Just(Case::Lower), Just(Case::Snake)]
    }

    proptest! {
        /// Few letters and long common starts, so that names meet often.
        #[test]
        fn different_names_become_different_identifiers_that_fit(
            names in prop::collection::hash_set("(x{0,70})?[aAäÄ_ -]{1,4}", 1..12), case in case(),
        ) {
            let names: Vec<String> = names.into_iter().collect();
            let identifiers = identifiers(&names, case, &HashSet::new()).unwrap();
            prop_assert_eq!(identifiers.len(), names.len());
            let distinct: HashSet<_> = identifiers.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
            prop_assert!(identifiers.iter().all(|name| (1..=LONGEST).contains(&name.as_str().len())));
        }

        #[test]
        fn the_order_of_names_decides_nothing(
            names in prop::collection::hash_set("[aAäÄ_ -]{1,4}", 1..12), case in case(),
        ) {
            let forth: Vec<String> = names.into_iter().collect();
            let back: Vec<String> = forth.iter().rev().cloned().collect();
            let mut of_back = identifiers(&back, case, &HashSet::new()).unwrap();
            of_back.reverse();
            prop_assert_eq!(identifiers(&forth, case, &HashSet::new()).unwrap(), of_back);
        }

        #[test]
        fn a_name_that_imitates_a_hashed_one_does_not_meet_it(name in "[aA]{64,80}") {
            let cut = Identifier::fitted(&name, Case::Preserve).unwrap().0;
            let both = of(&[&name, &cut], Case::Preserve);
            prop_assert_ne!(&both[0], &both[1]);
            prop_assert_eq!(&both[1], &cut);
        }
    }
}
