//! The state while a run goes on, and the only place that writes it out.
//!
//! Several regions move their bookmarks at once. Whatever is changed here is on its way to the target,
//! behind every record that was written before, when the change returns. A slow target holds changes up
//! as it holds up records; that happens on threads that may wait.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use singer::Output;

use crate::bookmark::Bookmarks;

/// The state of a run, shared by everybody who moves it.
#[derive(Debug, Clone)]
pub struct Ledger {
    bookmarks: Arc<Mutex<Bookmarks>>,
    output: Output,
}

impl Ledger {
    /// Goes on from a state.
    #[must_use]
    pub fn new(bookmarks: Bookmarks, output: Output) -> Self {
        Self { bookmarks: Arc::new(Mutex::new(bookmarks)), output }
    }

    /// Changes the state and writes it.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Bookmarks) -> T + Send + 'static,
    ) -> io::Result<T> {
        let ledger = self.clone();
        let changing = tokio::task::spawn_blocking(move || {
            // Held while writing, so that no older state overtakes a newer one.
            let mut bookmarks = ledger.lock();
            let result = change(&mut bookmarks);
            ledger.write(&bookmarks).map(|()| result)
        });
        match changing.await {
            Ok(result) => result,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }

    /// Looks at the state, before anything else uses it or after everything has.
    pub fn look<T>(&self, look: impl FnOnce(&Bookmarks) -> T) -> T {
        look(&self.lock())
    }

    /// A state without content says nothing, and some orchestrators take it for "forget everything".
    fn write(&self, bookmarks: &Bookmarks) -> io::Result<()> {
        match bookmarks.state() {
            state if state.is_empty() => self.output.flush(),
            state => self.output.state(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Bookmarks> {
        self.bookmarks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Roster;
    use singer::State;

    #[tokio::test]
    async fn a_change_is_written_when_it_returns_and_nothing_is_written_of_nothing() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let ledger =
            Ledger::new(Bookmarks::new(State::default()), Output::to(Shared(Arc::clone(&written))));
        ledger.change(|_| ()).await.unwrap();
        assert_eq!(*written.lock().unwrap(), b"");
        let taken = |bookmarks: &mut Bookmarks| {
            let stream = Roster::table().find("products_inventory").unwrap();
            bookmarks.taken(stream, "A1", "2026-11-19T01:02:03Z".parse().unwrap());
        };
        ledger.change(taken).await.unwrap();
        assert_eq!(
            String::from_utf8(written.lock().unwrap().clone()).unwrap(),
            concat!(
                r#"{"type":"STATE","value":{"bookmarks":{"products_inventory":"#,
                r#"{"cursor":{"A1":{"taken":"2026-11-19T01:02:03Z"}}}}}}"#,
                "\n"
            )
        );
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
