//! Streams to one peer, lent out one request at a time.

use crate::{
    config::Limits,
    error::NetError,
    framing::Channel,
    transport::{Protocol, Transport},
};
use meganet_primitives::receipt::PeerKey;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// The pool of one peer.
pub(crate) struct Pool {
    pub(crate) peer: PeerKey,
    pub(crate) limits: Limits,
    transport: Arc<dyn Transport>,
    idle: Mutex<Vec<(Instant, Channel)>>,
    places: Arc<Semaphore>,
}

/// A stream for one exchange. It goes back to the pool only by [`done`](Self::done): one that was dropped in the
/// middle of an exchange is out of step and must not be used again.
pub(crate) struct Borrowed {
    pub(crate) channel: Channel,
    /// Whether it has served before: then the peer may have closed it meanwhile, and that is no error yet.
    pub(crate) used: bool,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(peer: PeerKey, limits: Limits, transport: Arc<dyn Transport>) -> Self {
        let places = Arc::new(Semaphore::new(limits.get_streams_per_peer.max(1)));
        Pool { peer, limits, transport, idle: Mutex::default(), places }
    }

    /// Whether no stream is lent out or kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.idle().is_empty() && self.places.available_permits() >= self.limits.get_streams_per_peer.max(1)
    }

    /// A stream, kept or new. Waits while all places are taken.
    pub(crate) async fn borrow(self: &Arc<Self>, fresh: bool) -> Result<Borrowed, NetError> {
        let place = self.places.clone().acquire_owned().await.map_err(|_| NetError::Stopped)?;
        let kept = {
            let mut idle = self.idle();
            if fresh {
                idle.clear();
            }
            idle.pop()
        };
        if let Some((_, channel)) = kept {
            return Ok(Borrowed { channel, used: true, pool: self.clone(), _place: place });
        }
        let io = self.transport.open(self.peer, Protocol::Get).await?;
        let channel = Channel::new(io, self.limits.asking);
        Ok(Borrowed { channel, used: false, pool: self.clone(), _place: place })
    }

    /// The streams that are kept and not yet too old.
    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Channel)>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < self.limits.asking.idle);
        idle
    }
}

impl Borrowed {
    /// Gives the stream back after a complete exchange.
    pub(crate) fn done(self) {
        self.pool.idle().push((Instant::now(), self.channel));
    }
}
