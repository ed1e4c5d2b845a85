//! A thread of its own for the database, so that reading and encoding use another core.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Mutex, oneshot};

use crate::failure::Failure;
use crate::session::Session;

/// The session, and the thread on which everything is done with it.
///
/// Work is done in the order in which it was given: the runtime of the thread starts tasks in order, and
/// the lock is given in the order in which it was asked for.
#[derive(Debug)]
pub struct Database {
    runtime: Handle,
    session: Arc<Mutex<Session>>,
    /// Ends the thread when it is dropped.
    _alive: oneshot::Sender<()>,
}

impl Database {
    /// Starts the thread and puts `session`, which may be opened later, on it.
    pub fn start(session: Session) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("database".to_owned()).spawn(move || {
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, session: Arc::new(Mutex::new(session)), _alive: alive })
    }

    /// Starts `work` with the session, after everything that was started before it.
    pub fn run<T, W>(&self, work: W) -> impl Future<Output = Result<T, Failure>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: AsyncWork<T>,
    {
        let session = Arc::clone(&self.session);
        let task = self.runtime.spawn(async move {
            let mut session = session.lock().await;
            work.run(&mut session).await
        });
        async move { task.await.unwrap_or(Err(Failure::NoThread)) }
    }

    /// The same, for work whose end is looked for later.
    pub fn hand<T, W>(&self, work: W) -> Handed<T>
    where
        T: Send + 'static,
        W: AsyncWork<T>,
    {
        let session = Arc::clone(&self.session);
        let (sender, receiver) = sync_channel(1);
        self.runtime.spawn(async move {
            let mut session = session.lock().await;
            let _ = sender.send(work.run(&mut session).await);
        });
        Handed(receiver)
    }

    /// The same, and holds this thread until it is done.
    pub fn wait<T, W>(&self, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: AsyncWork<T>,
    {
        self.hand(work).wait()
    }
}

/// Work that was handed to the database's thread.
#[derive(Debug)]
pub struct Handed<T>(Receiver<Result<T, Failure>>);

impl<T> Handed<T> {
    /// What it came to, if it has ended.
    #[must_use]
    pub fn ended(&self) -> Option<Result<T, Failure>> {
        match self.0.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(Failure::NoThread)),
        }
    }

    /// Holds this thread until it has ended.
    pub fn wait(self) -> Result<T, Failure> {
        self.0.recv().unwrap_or(Err(Failure::NoThread))
    }
}

/// Something to be done with the session.
pub trait AsyncWork<T>: Send + 'static {
    /// Does it.
    fn run(self, session: &mut Session) -> impl Future<Output = Result<T, Failure>> + Send;
}
