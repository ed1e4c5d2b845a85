//! A thread of its own for the database, so that reading and encoding use another core.

use std::sync::Arc;
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

    /// The same, and holds this thread until it is done.
    pub fn wait<T, W>(&self, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: AsyncWork<T>,
    {
        let session = Arc::clone(&self.session);
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            let mut session = session.lock().await;
            let _ = sender.send(work.run(&mut session).await);
        });
        receiver.recv().unwrap_or(Err(Failure::NoThread))
    }
}

/// Something to be done with the session.
pub trait AsyncWork<T>: Send + 'static {
    /// Does it.
    fn run(self, session: &mut Session) -> impl Future<Output = Result<T, Failure>> + Send;
}
