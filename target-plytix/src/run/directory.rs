//! The folder of one run.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::journal::Lines;
use super::spool::Spool;
use crate::report::Totals;

/// What a run was asked to do, as `run.json` has it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When it started.
    pub started: DateTime<Utc>,
    /// Where the account is.
    pub api_url: String,
    /// The phases.
    pub phases: Vec<String>,
    /// Whether it only read.
    pub dry_run: bool,
    /// The run whose records or failures it took up.
    pub of: Option<String>,
}

/// How far a run is, as `checkpoint.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Whether it came to its end.
    pub complete: bool,
    /// Commits that were finished.
    pub commits: u64,
    /// Records up to this line of the messages are committed.
    pub line: u64,
    /// What became of everything.
    pub totals: Totals,
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file of it cannot be read or written.
    #[error("{path}: give a folder of its own in the setting run_dir")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no such run.
    #[error("there is no run {id} in {folder}; --list-runs names them")]
    Unknown {
        /// The run.
        id: String,
        /// The folder.
        folder: PathBuf,
    },
    /// Another process works on this run.
    #[error("run {id} is in progress; wait for its end, or end it")]
    InProgress {
        /// The run.
        id: String,
    },
}

/// The folder of one run.
#[derive(Debug)]
pub struct RunDir {
    id: String,
    path: PathBuf,
    /// Tells other processes that this one works on the run, for as long as it lives.
    _lock: File,
    /// What became of every product in every phase.
    pub results: Lines,
    /// SKUs and ids.
    pub products: Lines,
    /// Which of the seller's own products were found.
    pub matches: Lines,
    /// What could not be done.
    pub failures: Lines,
}

impl RunDir {
    /// Makes the folder of a new run, named by the time of its start.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn create(folder: &Path, asked: &Asked) -> Result<Self, RunError> {
        let refused = |path: &Path, source| RunError::File { path: path.to_owned(), source };
        fs::create_dir_all(folder).map_err(|source| refused(folder, source))?;
        let stem = asked.started.format("%Y%m%dT%H%M%SZ").to_string();
        let names = std::iter::once(stem.clone()).chain((2..).map(|n| format!("{stem}-{n}")));
        for id in names {
            let path = folder.join(&id);
            match fs::create_dir(&path) {
                Ok(()) => {
                    let file = path.join("run.json");
                    let lock = lock_file(&path).map_err(|source| refused(&path, source))?;
                    // Nobody else works on it; at most somebody looks. Not every file system can lock.
                    let _ = lock.lock();
                    put(&file, asked).map_err(|source| refused(&file, source))?;
                    return Self::open(path, id, lock);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(refused(&path, source)),
            }
        }
        Err(refused(folder, io::ErrorKind::AlreadyExists.into()))
    }

    /// Opens the folder of a run that was made before.
    ///
    /// # Errors
    /// There is no such run, another process works on it, or its files cannot be written.
    pub fn existing(folder: &Path, id: &str) -> Result<Self, RunError> {
        let path = Self::find(folder, id)?;
        let lock = lock_file(&path);
        let lock = lock.map_err(|source| RunError::File { path: path.clone(), source })?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            return Err(RunError::InProgress { id: id.to_owned() });
        }
        Self::open(path, id.to_owned(), lock)
    }

    /// Where the folder of a run is that was made before.
    pub(super) fn find(folder: &Path, id: &str) -> Result<PathBuf, RunError> {
        let path = folder.join(id);
        let is_name = Path::new(id).components().count() == 1 && !id.starts_with('.');
        if is_name && path.join("run.json").is_file() {
            return Ok(path);
        }
        Err(RunError::Unknown { id: id.to_owned(), folder: folder.to_owned() })
    }

    fn open(path: PathBuf, id: String, lock: File) -> Result<Self, RunError> {
        let lines = |name: &str| {
            let path = path.join(name);
            Lines::append(&path).map_err(|source| RunError::File { path, source })
        };
        Ok(Self {
            results: lines("results.jsonl")?,
            products: lines("products.jsonl")?,
            matches: lines("matches.jsonl")?,
            failures: lines("failures.jsonl")?,
            id,
            path,
            _lock: lock,
        })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where a file of it is.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What it was asked to do.
    ///
    /// # Errors
    /// `run.json` cannot be read.
    pub fn asked(&self) -> Result<Asked, RunError> {
        let path = self.file("run.json");
        get(&path).map_err(|source| RunError::File { path, source })
    }

    /// Begins to keep the messages of a new run.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn spool(&self) -> Result<Spool, RunError> {
        let path = self.file("records.jsonl");
        let file = File::create(&path).map_err(|source| RunError::File { path, source })?;
        Ok(Spool::to(file))
    }

    /// The messages that were kept, and the length of their whole lines: a run that was killed may have
    /// torn the last one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn records(&self) -> Result<(File, u64), RunError> {
        let path = self.file("records.jsonl");
        let whole = || {
            let mut file = File::open(&path)?;
            let length = whole_lines(&mut file)?;
            file.seek(SeekFrom::Start(0))?;
            Ok((file, length))
        };
        whole().map_err(|source| RunError::File { path: path.clone(), source })
    }

    /// How far it was when it last said so; nothing before its first commit.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        get(&self.file("checkpoint.json")).ok()
    }

    /// SKUs and ids of the products that it has written or found.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn known(&self) -> Result<Vec<(String, String)>, RunError> {
        #[derive(Deserialize)]
        struct Known {
            sku: String,
            id: String,
        }
        let path = self.file("products.jsonl");
        let read = || {
            let known = super::lines::<Known>(&path)?;
            known.map(|known| known.map(|Known { sku, id }| (sku, id))).collect::<io::Result<_>>()
        };
        read().map_err(|source| RunError::File { path: path.clone(), source })
    }

    /// SKUs of the products of which something could not be done.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn failed(&self) -> Result<HashSet<String>, RunError> {
        #[derive(Deserialize)]
        struct Failed {
            sku: String,
        }
        let path = self.file("failures.jsonl");
        let read = || {
            let failed = super::lines::<Failed>(&path)?;
            failed.map(|failed| failed.map(|Failed { sku }| sku)).collect::<io::Result<_>>()
        };
        read().map_err(|source| RunError::File { path: path.clone(), source })
    }

    /// Says how far the run is.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), RunError> {
        let path = self.file("checkpoint.json");
        put(&path, checkpoint).map_err(|source| RunError::File { path, source })
    }
}

/// The file by which a process says that it works on a run.
fn lock_file(run: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(run.join("lock"))
}

/// The lock of a run that no process works on; where nothing can be locked, nobody is taken to.
pub(super) fn locked(run: &Path) -> Option<File> {
    let lock = lock_file(run).ok()?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => None,
        _ => Some(lock),
    }
}

/// Length of the whole lines of a file.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = [0; 8192];
    while end > 0 {
        let start = end.saturating_sub(8192);
        let length = usize::try_from(end - start).unwrap_or(0);
        let Some(part) = block.get_mut(..length) else { break };
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(place) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + u64::try_from(place).unwrap_or(0) + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Writes a file in one piece.
fn put(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, serde_json::to_vec_pretty(value)?)?;
    fs::rename(new, path)
}

/// Reads what [`put`] has written.
pub(super) fn get<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}
