//! What is known of an account from run to run, so that nothing is asked twice that Plytix shows only at
//! a price: which name is which asset, which links were made, for which products none of the seller's own
//! was found, how much of its limits it really grants; and which products are just being created.
//!
//! A fact is a key and a text with the day on which it was seen. Facts grow old: after `remember_days` they
//! are looked up again, so that what people change in Plytix is noticed. Losing the file costs requests;
//! what was being created is then found by its age (`phase::family`), and links that this target has made
//! are then as good as anybody's and stay where they are (`phase::former`).

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api_client::{Allowance, Window, WindowMemory};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::journal::{Lines, lines};

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fact {
    key: String,
    /// Nothing if it turned out to be wrong.
    value: Option<String>,
    day: NaiveDate,
}

/// The facts about one account.
#[derive(Debug)]
pub struct Memory {
    facts: Mutex<HashMap<String, Fact>>,
    file: Option<Lines>,
    today: NaiveDate,
    days: Days,
    /// Locked, shared with all others who remember there, so that nobody puts another file in the place of
    /// one that is being written.
    _folder: Option<File>,
}

/// What a fact is about.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// The asset of this name; the text is its id.
    Asset(&'a str),
    /// A link of a relationship, by the SKUs at its ends; the text is the ids there. A product that was deleted
    /// and made again has another id, and none of the links of the one before it.
    Link {
        /// The relationship's label.
        relationship: &'a str,
        /// SKU at which the link begins.
        source: &'a str,
        /// SKU at which it ends.
        target: &'a str,
    },
    /// The links of a relationship to this SKU that this target has made itself, and may take away: the text is
    /// [`Made`](crate::phase::former::Made).
    Made {
        /// The relationship's label.
        relationship: &'a str,
        /// SKU at which they end.
        target: &'a str,
    },
    /// That Plytix takes away those links that it is told and leaves the others.
    LinksRemoved,
    /// That none of the seller's own products was found for this SKU; the text stands for what was looked
    /// for.
    Unmatched(&'a str),
    /// That the product of this SKU is being created, and may be there without its family.
    Creating(&'a str),
    /// That everything that was created without a family is noted here; the text is the last day of a run.
    Families,
    /// That Plytix takes a gallery, in its order, where none was before.
    GalleryWritten,
    /// That Plytix replaces a gallery as a whole when it is written.
    GalleryReplaced,
    /// A window of time for which so many requests are configured; the text is what is known of it.
    Window(Window),
}

impl About<'_> {
    /// Keys of different things differ: no name holds a line end.
    fn key(self) -> String {
        match self {
            Self::Asset(name) => format!("asset\n{name}"),
            Self::Link { relationship, source, target } => {
                format!("link\n{relationship}\n{source}\n{target}")
            }
            Self::Made { relationship, target } => format!("made\n{relationship}\n{target}"),
            Self::LinksRemoved => "links removed".to_owned(),
            Self::Unmatched(sku) => format!("unmatched\n{sku}"),
            Self::Creating(sku) => format!("creating\n{sku}"),
            Self::Families => "families are noted".to_owned(),
            Self::GalleryWritten => "gallery written".to_owned(),
            Self::GalleryReplaced => "gallery replaced".to_owned(),
            Self::Window(Window { requests, per }) => {
                format!("window\n{requests}\n{}", per.as_secs())
            }
        }
    }
}

impl Memory {
    /// Reads a file of facts, if it is there; writes it anew where most of its lines are old and no other
    /// process works in its folder.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn open(path: &Path, today: NaiveDate, days: u64) -> io::Result<Self> {
        let days = Days::new(days);
        let folder = path.parent().and_then(|folder| File::open(folder).ok());
        // Where nothing can be locked, nobody is taken to be there.
        let is_alone = folder
            .as_ref()
            .is_none_or(|folder| !matches!(folder.try_lock(), Err(TryLockError::WouldBlock)));
        let mut facts: HashMap<String, Fact> = HashMap::new();
        let mut count = 0_usize;
        for fact in lines::<Fact>(path)? {
            let fact = fact?;
            count += 1;
            facts.insert(fact.key.clone(), fact);
        }
        facts.retain(|_, fact| fact.value.is_some() && is_fresh(fact, today, days));
        if is_alone && count > 1000 && count > 2 * facts.len() {
            rewrite(path, facts.values())?;
        }
        if let Some(folder) = &folder {
            // Others do not wait for this lock, and hold theirs for as long as they rewrite a file.
            let _ = folder.unlock().and_then(|()| folder.lock_shared());
        }
        let file = Some(Lines::append(path)?);
        Ok(Self { facts: Mutex::new(facts), file, today, days, _folder: folder })
    }

    /// A memory that begins with nothing and ends with the process.
    #[must_use]
    pub fn forgetful(today: NaiveDate) -> Self {
        Self { facts: Mutex::default(), file: None, today, days: Days::new(1), _folder: None }
    }

    /// Forgets which name is which asset, so that every picture is looked for again.
    pub fn forget_assets(&self) {
        let prefix = About::Asset("").key();
        self.lock().retain(|key, _| !key.starts_with(&prefix));
    }

    /// What is known about something.
    #[must_use]
    pub fn recall(&self, about: About<'_>) -> Option<String> {
        let facts = self.lock();
        let fact = facts.get(&about.key()).filter(|fact| is_fresh(fact, self.today, self.days));
        fact.and_then(|fact| fact.value.clone())
    }

    /// The day on which a fact was seen first.
    #[must_use]
    pub fn since(&self, about: About<'_>) -> Option<NaiveDate> {
        self.lock().get(&about.key()).map(|fact| fact.day)
    }

    /// Keeps a fact. One that cannot be written is known in this run only, which costs requests later.
    pub fn keep(&self, about: About<'_>, value: &str) {
        if self.recall(about).as_deref() != Some(value) {
            self.put(about, Some(value.to_owned()));
        }
    }

    /// Forgets a fact that turned out to be wrong.
    pub fn forget(&self, about: About<'_>) {
        if self.recall(about).is_some() {
            self.put(about, None);
        }
    }

    fn put(&self, about: About<'_>, value: Option<String>) {
        let fact = Fact { key: about.key(), value, day: self.today };
        if let Some(Err(error)) = self.file.as_ref().map(|file| file.write(&fact)) {
            tracing::warn!("memory: cannot be written: {error}; the next run asks again");
        }
        self.lock().insert(fact.key.clone(), fact);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Fact>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of a memory that a client of the API needs. Forgotten windows are learnt again, which costs
/// refusals.
pub(crate) struct KnownWindows(pub(crate) Arc<Memory>);

impl WindowMemory for KnownWindows {
    fn recall(&self, window: Window) -> Option<Allowance> {
        let known = self.0.recall(About::Window(window))?;
        let (requests, trials) = known.split_once(' ')?;
        Some(Allowance { requests: requests.parse().ok()?, trials: trials.parse().ok()? })
    }

    fn keep(&self, window: Window, allowance: Allowance) {
        let Allowance { requests, trials } = allowance;
        self.0.keep(About::Window(window), &format!("{requests} {trials}"));
    }
}

/// Whether a fact may still be relied on. What was not brought to its end does not grow old, and neither does
/// what this target has done: nobody else could tell.
fn is_fresh(fact: &Fact, today: NaiveDate, days: Days) -> bool {
    fact.key.starts_with("creating\n")
        || fact.key.starts_with("made\n")
        || fact.day.checked_add_days(days).is_none_or(|end| today < end)
}

/// Writes a file of facts in one piece.
fn rewrite<'f>(path: &Path, facts: impl Iterator<Item = &'f Fact>) -> io::Result<()> {
    let new = PathBuf::from(format!("{}.new", path.display()));
    let _ = std::fs::remove_file(&new);
    let lines = Lines::append(&new)?;
    for fact in facts {
        lines.write(fact)?;
    }
    std::fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, day).unwrap()
    }

    #[test]
    fn a_fact_is_known_until_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory");
        let link = About::Link { relationship: "r", source: "S", target: "T" };
        let memory = Memory::open(&path, day(1), 3).unwrap();
        memory.keep(About::Asset("a.jpg"), "1");
        memory.keep(About::Asset("a.jpg"), "2");
        memory.keep(link, "");
        memory.keep(About::Creating("S"), "");
        let made = About::Made { relationship: "r", target: "T" };
        memory.keep(made, "1");
        drop(memory);
        let known = |on: NaiveDate| {
            let memory = Memory::open(&path, on, 3).unwrap();
            (memory.recall(About::Asset("a.jpg")), memory.recall(link).is_some())
        };
        assert_eq!(known(day(3)), (Some("2".to_owned()), true));
        assert_eq!(known(day(4)), (None, false));
        // What was begun stays until it is brought to its end, and what was made until it is taken away.
        let memory = Memory::open(&path, day(9), 3).unwrap();
        assert!(memory.recall(About::Creating("S")).is_some() && memory.recall(made).is_some());
    }

    #[test]
    fn what_is_known_of_a_window_is_forgotten_when_it_is_configured_anew() {
        let known = KnownWindows(Arc::new(Memory::forgetful(day(1))));
        let window = Window { requests: 20, per: Duration::from_secs(10) };
        assert_eq!(known.recall(window), None);
        let allowance = Allowance { requests: 8, trials: 4 };
        known.keep(window, allowance);
        assert_eq!(known.recall(window), Some(allowance));
        assert_eq!(known.recall(Window { requests: 50, ..window }), None);
    }

    #[test]
    fn what_turned_out_to_be_wrong_stays_forgotten_until_it_is_seen_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory");
        let open = || Memory::open(&path, day(1), 3).unwrap();
        let (right, wrong) = (About::Asset("a.jpg"), About::Asset("b.jpg"));
        let memory = open();
        memory.keep(right, "1");
        memory.keep(wrong, "2");
        memory.forget(wrong);
        assert_eq!(memory.recall(wrong), None);
        drop(memory);
        let memory = open();
        assert_eq!((memory.recall(right).as_deref(), memory.recall(wrong)), (Some("1"), None));
        memory.keep(wrong, "2");
        drop(memory);
        assert_eq!(open().recall(wrong).as_deref(), Some("2"));
    }

    #[test]
    fn assets_can_be_forgotten_and_links_stay() {
        let memory = Memory::forgetful(day(1));
        let link = About::Link { relationship: "r", source: "S", target: "T" };
        memory.keep(About::Asset("a.jpg"), "1");
        memory.keep(link, "");
        memory.forget_assets();
        assert_eq!(memory.recall(About::Asset("a.jpg")), None);
        assert!(memory.recall(link).is_some());
    }

    #[test]
    fn a_file_of_old_facts_shrinks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory");
        let memory = Memory::open(&path, day(1), 9).unwrap();
        for number in 0..1500 {
            memory.keep(About::Asset("a.jpg"), &number.to_string());
        }
        drop(memory);
        let memory = Memory::open(&path, day(1), 9).unwrap();
        assert_eq!(memory.recall(About::Asset("a.jpg")).as_deref(), Some("1499"));
        assert!(std::fs::metadata(&path).unwrap().len() < 200);
    }

    #[test]
    fn a_file_of_old_facts_stays_while_another_job_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory");
        let open = || Memory::open(&path, day(1), 9).unwrap();
        let memory = open();
        for number in 0..1500 {
            memory.keep(About::Asset("a.jpg"), &number.to_string());
        }
        let other = open();
        memory.keep(About::Creating("S"), "");
        other.keep(About::Creating("T"), "");
        drop((memory, other));
        let memory = open();
        for sku in ["S", "T"] {
            assert!(memory.recall(About::Creating(sku)).is_some(), "{sku}");
        }
        assert!(std::fs::metadata(&path).unwrap().len() < 500);
    }
}
