//! Which runs are deleted, so that a folder that gets one every night does not grow for ever.
//!
//! | run | is kept |
//! |---|---|
//! | in progress | always |
//! | everything done, or its failures put right by a later run | while it is one of the newest, and young enough |
//! | with failures, or unfinished | while it is young enough: it can be tried again or taken up |
//!
//! A run is deleted by another one that begins, and out of the way with one step, so that who is killed in
//! between leaves no half of one.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::directory::{Asked, Checkpoint, get, locked};

/// What the folder of a run is called while it is being deleted.
const GOING: &str = "deleted-";

/// How long runs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How many of the newest are kept, with whatever came of them.
    pub runs: usize,
    /// Days after which none is kept.
    pub days: u32,
}

/// What a run that was kept looks like from outside.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) asked: Asked,
    pub(super) checkpoint: Option<Checkpoint>,
    /// Whether a process has it open.
    pub(super) is_open: bool,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// A process works on it.
    InProgress,
    /// It did not come to its end, and can be taken up.
    Unfinished,
    /// Something could not be done, and can be tried again.
    Failed,
    /// Something could not be done, and a later run did it.
    PutRight,
    /// Everything was done.
    Complete,
}

impl Standing {
    /// The word for people.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in progress",
            Self::Unfinished => "unfinished",
            Self::Failed => "failures",
            Self::PutRight => "put right",
            Self::Complete => "complete",
        }
    }

    /// Whether nothing is left to do.
    fn is_settled(self) -> bool {
        matches!(self, Self::PutRight | Self::Complete)
    }
}

/// The runs in a folder, the oldest first; what cannot be read is no run.
///
/// # Errors
/// The folder is there and cannot be read.
pub(super) fn runs(folder: &Path) -> io::Result<Vec<Kept>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let run = |id: String| {
        let path = folder.join(&id);
        let asked = get(&path.join("run.json")).ok().filter(|_| !id.starts_with(GOING))?;
        let checkpoint = get(&path.join("checkpoint.json")).ok();
        let is_open = locked(&path).is_none();
        Some(Kept { id, asked, checkpoint, is_open })
    };
    let mut runs: Vec<Kept> = names.filter_map(run).collect();
    runs.sort_by(|one, other| (one.asked.started, &one.id).cmp(&(other.asked.started, &other.id)));
    Ok(runs)
}

/// What became of each of these runs, in their order, which is that of their beginning.
pub(super) fn standings(runs: &[Kept]) -> Vec<Standing> {
    let mut put_right: HashSet<&str> = HashSet::new();
    let mut standings: Vec<Standing> = Vec::new();
    // A run that tries failures again is younger than the run that had them.
    for run in runs.iter().rev() {
        let standing = match &run.checkpoint {
            _ if run.is_open => Standing::InProgress,
            Some(Checkpoint { complete: true, totals, .. }) => match totals.failures() {
                None => Standing::Complete,
                Some(_) if put_right.contains(run.id.as_str()) => Standing::PutRight,
                Some(_) => Standing::Failed,
            },
            _ => Standing::Unfinished,
        };
        if standing.is_settled() && !run.asked.dry_run {
            put_right.extend(run.asked.of.as_deref());
        }
        standings.push(standing);
    }
    standings.reverse();
    standings
}

impl Retention {
    /// When a run is too old to be kept.
    pub(super) fn end(self, run: &Kept) -> DateTime<Utc> {
        let days = TimeDelta::days(i64::from(self.days));
        run.asked.started.checked_add_signed(days).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Those of these runs that are not kept any longer when so many more have begun, by their names.
    pub(super) fn over(self, runs: &[Kept], more: usize, now: DateTime<Utc>) -> Vec<&str> {
        let newest = (runs.len() + more).saturating_sub(self.runs);
        let is_over = |(place, (run, standing)): &(usize, (&Kept, Standing))| match standing {
            Standing::InProgress => false,
            standing => self.end(run) <= now || (standing.is_settled() && *place < newest),
        };
        let all = runs.iter().zip(standings(runs)).enumerate();
        all.filter(is_over).map(|(_, (run, _))| run.id.as_str()).collect()
    }
}

/// Deletes the runs in this folder that are not kept any longer, but for these; how many.
///
/// # Errors
/// The folder, or one of the runs, is there and cannot be changed.
pub fn delete_old(
    folder: &Path,
    retention: Retention,
    but: &[&str],
    now: DateTime<Utc>,
) -> io::Result<usize> {
    let runs = runs(folder)?;
    let over = retention.over(&runs, 0, now).into_iter().filter(|id| !but.contains(id));
    let mut count = 0;
    for id in over {
        // Somebody may just have taken it up.
        let Some(_lock) = locked(&folder.join(id)) else { continue };
        fs::rename(folder.join(id), folder.join(format!("{GOING}{id}")))?;
        count += 1;
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(GOING)) {
            match fs::remove_dir_all(entry.path()) {
                // Another run is at it too.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Tally, Totals};

    fn day(day: u32) -> DateTime<Utc> {
        format!("2026-01-{day:02}T02:00:00Z").parse().unwrap()
    }

    /// A run that began on this day; with so many failures if it came to its end.
    fn kept(id: &str, began: u32, failed: Option<u64>, of: Option<&str>) -> Kept {
        let asked = Asked {
            started: day(began),
            api_url: String::new(),
            phases: Vec::new(),
            dry_run: false,
            of: of.map(str::to_owned),
        };
        let checkpoint = failed.map(|products| {
            let failed = Tally { products, records: products };
            let totals = Totals { failed, ..Totals::default() };
            Checkpoint { complete: true, commits: 1, line: 1, totals }
        });
        Kept { id: id.to_owned(), asked, checkpoint, is_open: false }
    }

    #[test]
    fn beyond_the_newest_runs_those_stay_that_can_be_tried_again_or_taken_up_until_they_are_old() {
        let runs = [
            kept("a", 1, Some(1), None),
            kept("b", 2, Some(0), None),
            kept("c", 3, None, None),
            kept("d", 4, Some(0), None),
            kept("e", 5, Some(0), None),
        ];
        let over = |runs_kept, days, today| {
            Retention { runs: runs_kept, days }.over(&runs, 0, day(today)).join("")
        };
        assert_eq!(over(5, 30, 6), "");
        assert_eq!(over(2, 30, 6), "b");
        assert_eq!(over(1, 30, 6), "bd");
        assert_eq!(over(5, 3, 6), "abc");
        assert_eq!(over(1, 3, 31), "abcde");
        assert_eq!(Retention { runs: 5, days: 30 }.over(&runs, 2, day(6)), ["b"]);
    }

    #[test]
    fn a_run_that_a_process_works_on_is_never_deleted() {
        let mut run = kept("a", 1, Some(0), None);
        run.is_open = true;
        let runs = [run, kept("b", 2, Some(0), None)];
        assert_eq!(Retention { runs: 1, days: 1 }.over(&runs, 0, day(31)), ["b"]);
    }

    #[test]
    fn failures_are_put_right_by_the_run_that_did_what_was_left_of_them() {
        let of =
            |runs: &[Kept]| standings(runs).into_iter().map(Standing::word).collect::<Vec<_>>();
        let first = || kept("a", 1, Some(2), None);
        let second = || kept("b", 2, Some(1), Some("a"));
        assert_eq!(of(&[first(), second()]), ["failures", "failures"]);
        let third = kept("c", 3, Some(0), Some("b"));
        assert_eq!(of(&[first(), second(), third]), ["put right", "put right", "complete"]);
        let mut looked = kept("c", 3, Some(0), Some("a"));
        looked.asked.dry_run = true;
        assert_eq!(of(&[first(), looked]), ["failures", "complete"]);
        assert_eq!(of(&[first(), kept("c", 3, None, Some("a"))]), ["failures", "unfinished"]);
    }

    #[test]
    fn a_run_that_is_half_deleted_is_deleted_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let half = folder.path().join("deleted-20260101T020000Z");
        fs::create_dir(&half).unwrap();
        fs::write(half.join("run.json"), "{}").unwrap();
        fs::write(folder.path().join("memory-1.jsonl"), "").unwrap();
        let retention = Retention { runs: 1, days: 1 };
        assert_eq!(delete_old(folder.path(), retention, &[], day(1)).unwrap(), 0);
        assert!(!half.exists());
        assert!(folder.path().join("memory-1.jsonl").exists());
    }
}
