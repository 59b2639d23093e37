//! How a network learns, and passes on, that it has ended.

use futures::future::BoxFuture;
use tokio::sync::watch;

/// The reason why a network has ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetEnd {
    /// This program ended it.
    #[error("the network of this process was shut down")]
    Stopped,
    /// The task that owns all connections failed, which is a fault of this program.
    #[error("the network of this process failed ({reason})")]
    Failed {
        /// The task's error.
        reason: String,
    },
    /// The last address on which it listened was lost. Connections to others continue.
    #[error("this process no longer listens on any address, so nobody can reach it (the last listener: {reason})")]
    NotListening {
        /// The listener's error.
        reason: String,
    },
}

/// Notes why a network has ended. Clones share it.
#[derive(Clone)]
pub(crate) struct End {
    reason: watch::Sender<Option<NetEnd>>,
}

impl End {
    /// It has not ended.
    pub(crate) fn new() -> Self {
        End { reason: watch::Sender::new(None) }
    }

    /// Notes a reason. The first one counts: others may follow from it.
    pub(crate) fn note(&self, reason: NetEnd) {
        self.reason.send_if_modified(|noted| {
            let is_first = noted.is_none();
            if is_first {
                *noted = Some(reason);
            }
            is_first
        });
    }

    /// Resolves with the first reason.
    pub(crate) fn noted(&self) -> BoxFuture<'static, NetEnd> {
        let mut reasons = self.reason.subscribe();
        Box::pin(async move {
            // An error means that everything that could note a reason was dropped.
            let noted = reasons.wait_for(Option::is_some).await.map(|reason| (*reason).clone());
            noted.ok().flatten().unwrap_or(NetEnd::Stopped)
        })
    }
}
