//! Files of JSON lines that survive their writer.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A file to which lines are appended.
#[derive(Debug)]
pub struct Lines(Mutex<File>);

impl Lines {
    /// Opens a file for appending; a line that a killed writer has torn is ended first.
    ///
    /// # Errors
    /// The file cannot be opened or read.
    pub fn append(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok(Self(Mutex::new(file)))
    }

    /// Appends a line; it is with the operating system when this returns.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn write(&self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes)
    }
}

/// The lines of a file that can be read; none if there is no file. Torn lines are passed over.
///
/// # Errors
/// The file is there and cannot be read.
pub fn lines<T: DeserializeOwned>(
    path: &Path,
) -> io::Result<impl Iterator<Item = io::Result<T>> + use<T>> {
    let file = match File::open(path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let split = file.into_iter().flat_map(|file| BufReader::new(file).split(b'\n'));
    Ok(split.filter_map(|line| match line {
        Ok(line) => serde_json::from_slice(&line).ok().map(Ok),
        Err(error) => Some(Err(error)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_passed_over_and_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        Lines::append(&path).unwrap().write(&1).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"a\":").unwrap();
        let file = Lines::append(&path).unwrap();
        file.write(&2).unwrap();
        let read: Vec<u8> = lines(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(read, [1, 2]);
        assert_eq!(lines::<u8>(&folder.path().join("none")).unwrap().count(), 0);
    }
}
