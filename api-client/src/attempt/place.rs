//! Waiting until a request may be sent: beside the line while the class is paused, in the line of
//! the operation, at the gate, and for a place in the windows.

use std::sync::Arc;
use tokio::time::Instant;

use super::Attempts;
use crate::error::Error;
use crate::queue::{Line, Probe};
use crate::quota::{Admission, Quota};

impl Attempts<'_> {
    /// Waits for a place in the plan, for the gate, and for a place in the windows.
    pub(super) async fn place(&mut self) -> Result<(), Error> {
        let client = self.client;
        let _waiting = client.counts.waiting(self.operation.name);
        if let Some(line) = self.line.clone() {
            self.planned(&line).await?;
        }
        loop {
            let closed_for = client.gate.closed_for(Instant::now());
            self.accepted(429, closed_for)?;
            tokio::time::sleep(closed_for).await;
            client.windows.pass().await;
            // The gate may have closed meanwhile. Then the place has passed unused, and another is
            // taken, or all who waited would start together when the gate opens.
            if client.gate.closed_for(Instant::now()).is_zero() {
                return Ok(());
            }
        }
    }

    /// Waits for a place in the plan. A call whose class is refused while it stands in the line
    /// leaves the line, so that it holds up nobody, and comes back after the pause.
    async fn planned(&mut self, line: &Arc<Line<Quota>>) -> Result<(), Error> {
        let Some(class) = self.class else {
            line.pass().await;
            return Ok(());
        };
        loop {
            self.probe = self.admitted(line, class).await?;
            let is_probe = self.probe.is_some();
            if line.pass_while(|quota| is_probe || quota.accepts(class)).await {
                return Ok(());
            }
        }
    }

    /// Waits while the class is paused, at the expense of this call's time, and while another call
    /// finds out whether the pause has helped. Returns a probe when that is up to this call.
    async fn admitted(
        &mut self,
        line: &Arc<Line<Quota>>,
        class: &str,
    ) -> Result<Option<Probe>, Error> {
        loop {
            let changed = line.changed();
            let now = Instant::now();
            match line.look(|quota| quota.admit(class, now)) {
                Admission::Open => return Ok(None),
                Admission::Probe => return Ok(Some(Probe::new(line, class))),
                Admission::Probed => changed.await,
                Admission::Paused(until, refusal) => {
                    if !self.budget.allows(until.saturating_duration_since(now)) {
                        return Err(self.exhausted(refusal));
                    }
                    tokio::select! {
                        () = tokio::time::sleep_until(until) => {}
                        () = changed => {}
                    }
                    self.budget.spend(now.elapsed());
                }
            }
        }
    }
}
