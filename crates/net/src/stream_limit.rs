//! The limit on open incoming streams, per peer and in total.

use meganet_primitives::receipt::PeerKey;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// Counts open streams.
#[derive(Clone, Debug)]
pub(crate) struct StreamLimit {
    open: Arc<Mutex<Open>>,
    total: usize,
    per_peer: usize,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_peer: HashMap<[u8; 32], usize>,
}

/// The place of one open stream, released when dropped.
#[derive(Debug)]
pub(crate) struct StreamPermit {
    limit: StreamLimit,
    peer: PeerKey,
}

impl StreamLimit {
    pub(crate) fn new(total: usize, per_peer: usize) -> Self {
        StreamLimit { open: Arc::default(), total, per_peer }
    }

    /// Returns a place for another stream of the peer; `None` if a limit is reached.
    pub(crate) fn admit(&self, peer: PeerKey) -> Option<StreamPermit> {
        let mut open = self.open.lock();
        if open.total >= self.total || open.by_peer.get(&peer.0).is_some_and(|&count| count >= self.per_peer) {
            return None;
        }
        open.total += 1;
        *open.by_peer.entry(peer.0).or_default() += 1;
        Some(StreamPermit { limit: self.clone(), peer })
    }

    /// The number of open streams.
    pub(crate) fn open(&self) -> usize {
        self.open.lock().total
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.limit.open.lock();
        open.total = open.total.saturating_sub(1);
        if let Some(count) = open.by_peer.get_mut(&self.peer.0) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_peer.remove(&self.peer.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_are_counted_by_peer_and_in_all_and_come_back() {
        let limit = StreamLimit::new(3, 2);
        let (a, b) = (PeerKey([1; 32]), PeerKey([2; 32]));
        let first = limit.admit(a).unwrap();
        let _second = limit.admit(a).unwrap();
        assert!(limit.admit(a).is_none());
        let _third = limit.admit(b).unwrap();
        assert!(limit.admit(b).is_none());
        drop(first);
        assert_eq!(limit.open(), 2);
        let _fourth = limit.admit(b).unwrap();
        assert!(limit.admit(a).is_none());
    }
}
