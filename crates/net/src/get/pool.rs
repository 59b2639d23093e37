//! A pool of streams to one peer, each used by one request at a time.

use crate::{
    config::NetLimits,
    error::NetError,
    framing::Channel,
    transport::{Protocol, Transport},
};
use meganet_primitives::receipt::PeerKey;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// The pool of one peer.
pub(crate) struct Pool {
    pub(crate) peer: PeerKey,
    pub(crate) limits: NetLimits,
    transport: Arc<dyn Transport>,
    idle: Mutex<Vec<(Instant, Channel)>>,
    places: Arc<Semaphore>,
}

/// A stream for one exchange. It returns to the pool only by [`done`](Self::done): a stream that was dropped in the middle
/// of an exchange is out of step and cannot be used again.
pub(crate) struct Borrowed {
    pub(crate) channel: Channel,
    /// Whether it was used before: then the peer may have closed it meanwhile, which is not an error yet.
    pub(crate) used: bool,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(peer: PeerKey, limits: NetLimits, transport: Arc<dyn Transport>) -> Self {
        let places = Arc::new(Semaphore::new(limits.get_streams_per_peer.max(1)));
        Pool { peer, limits, transport, idle: Mutex::default(), places }
    }

    /// Returns true if no stream is in use or idle.
    pub(crate) fn is_empty(&self) -> bool {
        self.idle().is_empty() && self.places.available_permits() >= self.limits.get_streams_per_peer.max(1)
    }

    /// Returns an idle or new stream. Waits while all places are taken. With `fresh`, idle streams are closed first.
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

    /// The idle streams that are not too old.
    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Channel)>> {
        let mut idle = self.idle.lock();
        idle.retain(|(since, _)| since.elapsed() < self.limits.asking.idle);
        idle
    }
}

impl Borrowed {
    /// Returns the stream to the pool after a complete exchange.
    pub(crate) fn done(self) {
        self.pool.idle().push((Instant::now(), self.channel));
    }
}
