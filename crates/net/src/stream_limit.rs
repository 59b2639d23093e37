//! The limit on open incoming streams.
//!
//! A stranger's share shrinks as others come: it may open another stream while it has less than a quarter of the number that
//! is free, and its block of addresses less than half. So the first may have many, and a newcomer finds a place however many
//! streams a few others hold. Where few are free, a newcomer ends a stream of the block that has the most, if that is more than
//! its own block has. A quarter of all is kept for preferred peers.

use crate::preferred::Preferred;
use meganet_address_block::{AddressBlock, BlockCounts};
use meganet_primitives::receipt::PeerKey;
use parking_lot::Mutex;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// The most streams that have lost their places and have not ended yet. One that runs ends when its request next sends or
/// receives; more of them at a time would be a way around the limit.
const ENDING: usize = 64;

/// Counts open streams.
#[derive(Clone, Debug)]
pub(crate) struct StreamLimit {
    open: Arc<Mutex<Open>>,
    preferred: Preferred,
    total: usize,
    per_peer: usize,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_peer: HashMap<PeerKey, usize>,
    strangers: BTreeMap<u64, Stranger>,
    blocks: BlockCounts,
    ending: usize,
    /// The next number: of streams, and of moments.
    next: u64,
}

/// A stranger's stream that has its place.
#[derive(Debug)]
struct Stranger {
    peer: PeerKey,
    block: Option<AddressBlock>,
    /// Whether a request is being answered, or else waited for.
    is_running: bool,
    /// The moment from which on it has been so.
    since: u64,
    ended: CancellationToken,
}

/// The place of one open stream, released when dropped.
#[derive(Debug)]
pub(crate) struct StreamPermit {
    limit: StreamLimit,
    number: u64,
    peer: PeerKey,
    is_stranger: bool,
    ended: CancellationToken,
}

impl StreamLimit {
    pub(crate) fn new(total: usize, per_peer: usize, preferred: Preferred) -> Self {
        StreamLimit { open: Arc::default(), preferred, total, per_peer }
    }

    /// The peers for whom places are kept.
    pub(crate) fn preferred(&self) -> &Preferred {
        &self.preferred
    }

    /// Returns true if a peer has an open stream.
    pub(crate) fn has_any(&self, peer: &PeerKey) -> bool {
        self.open.lock().by_peer.contains_key(peer)
    }

    /// Returns a place for another stream of a peer, which is at an address of this block; `None` if a limit is reached.
    pub(crate) fn admit(&self, peer: PeerKey, block: Option<AddressBlock>) -> Option<StreamPermit> {
        let is_stranger = !self.preferred.contains(&peer);
        let mut open = self.open.lock();
        let has = open.by_peer.get(&peer).copied().unwrap_or_default();
        let free = self.total.saturating_sub(open.total);
        if has >= self.per_peer {
            return None;
        }
        let has_place = if is_stranger { self.make_place(&mut open, free, has, block) } else { free > 0 };
        if !has_place {
            return None;
        }
        let number = open.tick();
        let ended = CancellationToken::new();
        if is_stranger {
            let stranger = Stranger { peer, block, is_running: false, since: number, ended: ended.clone() };
            open.strangers.insert(number, stranger);
            if let Some(block) = block {
                open.blocks.add(block);
            }
        }
        open.total += 1;
        *open.by_peer.entry(peer).or_default() += 1;
        Some(StreamPermit { limit: self.clone(), number, peer, is_stranger, ended })
    }

    /// Finds a place for another stream of a stranger that has some.
    fn make_place(&self, open: &mut Open, free: usize, has: usize, block: Option<AddressBlock>) -> bool {
        let most = self.total / 4 * 3;
        let free = most.saturating_sub(open.strangers.len()).min(free);
        let of_block = block.map_or(0, |block| open.blocks.load(block));
        if free > 0 && has <= free / 4 && of_block <= free / 2 {
            return true;
        }
        // With more free places, shares are large enough, and those that are free are left to others who come.
        free <= most / 8 && block.is_some_and(|block| open.displace(block))
    }

    /// The number of open streams.
    pub(crate) fn open(&self) -> usize {
        self.open.lock().total
    }
}

impl Open {
    fn tick(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    /// Ends a stream of the block that has the most, if that is more than the newcomer's has: the one that has waited for a
    /// request for the longest time, or else whose request has run for the longest time. Returns false if there is no such
    /// stream.
    fn displace(&mut self, newcomer: AddressBlock) -> bool {
        if self.ending >= ENDING {
            return false;
        }
        let candidates = self.strangers.iter().filter_map(|(number, stranger)| {
            let excess = self.blocks.excess(stranger.block?, newcomer)?;
            Some((excess, !stranger.is_running, Reverse(stranger.since), *number))
        });
        let Some((.., number)) = candidates.max() else { return false };
        if let Some(ended) = self.release_stranger(number) {
            ended.cancel();
            self.ending += 1;
        }
        true
    }

    /// Frees the place of a stranger's stream, if it has one still.
    fn release_stranger(&mut self, number: u64) -> Option<CancellationToken> {
        let Stranger { peer, block, ended, .. } = self.strangers.remove(&number)?;
        if let Some(block) = block {
            self.blocks.remove(block);
        }
        self.release(&peer);
        Some(ended)
    }

    fn release(&mut self, peer: &PeerKey) {
        self.total = self.total.saturating_sub(1);
        if let Some(count) = self.by_peer.get_mut(peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_peer.remove(peer);
            }
        }
    }
}

impl StreamPermit {
    /// Cancelled when the place is given to another stream, so that this one has to end.
    pub(crate) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Notes that a request is being answered from now on, or else waited for.
    pub(crate) fn set_running(&self, is_running: bool) {
        let mut open = self.limit.open.lock();
        let since = open.tick();
        if let Some(stranger) = open.strangers.get_mut(&self.number) {
            (stranger.is_running, stranger.since) = (is_running, since);
        }
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.limit.open.lock();
        if !self.is_stranger {
            open.release(&self.peer);
        } else if open.release_stranger(self.number).is_none() {
            open.ending = open.ending.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn peer(seed: u8) -> PeerKey {
        PeerKey([seed; 32])
    }

    fn limit(total: usize, per_peer: usize) -> StreamLimit {
        StreamLimit::new(total, per_peer, Preferred::default())
    }

    /// Opens streams until it may not open more.
    fn fill(limit: &StreamLimit, peer: PeerKey, block: Option<AddressBlock>) -> Vec<StreamPermit> {
        std::iter::from_fn(|| limit.admit(peer, block)).collect()
    }

    #[test]
    fn places_are_counted_by_peer_and_come_back() {
        let limit = limit(100, 2);
        let first = limit.admit(peer(1), None).unwrap();
        let _second = limit.admit(peer(1), None).unwrap();
        assert!(limit.admit(peer(1), None).is_none());
        let other = limit.admit(peer(2), None).unwrap();
        drop(first);
        assert_eq!(limit.open(), 2);
        let _third = limit.admit(peer(1), None).unwrap();
        drop(other);
        assert_eq!(limit.open(), 2);
        assert_eq!(limit.open.lock().by_peer.len(), 1);
    }

    #[test]
    fn a_stranger_leaves_places_for_others() {
        let limit = limit(512, 512);
        let mut held = Vec::new();
        // Each takes what it can get, and yet a newcomer gets some.
        for seed in 0..20 {
            let streams = fill(&limit, peer(seed), None);
            assert!(!streams.is_empty(), "stranger {seed} got none");
            held.extend(streams);
        }
        assert!(held.len() <= 384);
    }

    #[test]
    fn a_block_of_addresses_leaves_places_for_others() {
        let limit = limit(512, 32);
        let block = |number| Some(AddressBlock::of([192, 0, number, 1].into()));
        let held: Vec<_> = (0..200).flat_map(|seed| fill(&limit, peer(seed), block(1))).collect();
        assert!(held.len() <= 129, "a block has {}", held.len());
        assert!(limit.admit(peer(201), block(1)).is_none());
        assert!(fill(&limit, peer(202), block(2)).len() > 16);
    }

    #[test]
    fn preferred_peers_find_places_that_strangers_cannot_take() {
        let limit = limit(512, 32);
        let held: Vec<_> = (0..u8::MAX).flat_map(|seed| fill(&limit, peer(seed), None)).collect();
        assert!(held.len() <= 384);
        let friend = peer(u8::MAX);
        limit.preferred().set([friend].into());
        assert_eq!(fill(&limit, friend, None).len(), 32);
    }

    fn block(number: u16) -> Option<AddressBlock> {
        let [high, low] = number.to_be_bytes();
        Some(AddressBlock::of([10, high, low, 1].into()))
    }

    fn number(seed: impl Into<u64>) -> PeerKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.into().to_be_bytes());
        PeerKey(key)
    }

    /// Opens streams of a block, each of another peer, until it may not open more. Those that lose their places end at once.
    fn crowd(limit: &StreamLimit, held: &mut Vec<(u16, StreamPermit)>, of: u16) {
        let fresh = || number((1u64 << 32) + limit.open.lock().next);
        while let Some(permit) = limit.admit(fresh(), block(of)) {
            held.push((of, permit));
            held.retain(|(_, permit)| !permit.ended.is_cancelled());
        }
    }

    fn of_block(held: &[(u16, StreamPermit)], of: u16) -> usize {
        held.iter().filter(|(block, _)| *block == of).count()
    }

    #[test]
    fn twelve_blocks_end_with_the_same_number() {
        let limit = limit(384, 32);
        let mut held = Vec::new();
        (0..12).for_each(|of| crowd(&limit, &mut held, of));
        for of in 0..12 {
            assert!(of_block(&held, of) >= 20, "block {of} has {}", of_block(&held, of));
        }
        assert!(held.len() <= 288);
        assert_eq!(limit.open(), held.len());
    }

    #[test]
    fn a_few_blocks_do_not_keep_300_newcomers_out() {
        let limit = limit(384, 32);
        let mut siege = Vec::new();
        (0..9).for_each(|of| crowd(&limit, &mut siege, of));
        let mut newcomers = std::collections::VecDeque::new();
        for of in 100..400 {
            let permit = limit.admit(number(of), block(of));
            newcomers.push_back(permit.unwrap_or_else(|| panic!("newcomer {of} finds no place")));
            siege.retain(|(_, permit)| !permit.ended.is_cancelled());
            if newcomers.len() > 100 {
                newcomers.pop_front();
            }
            // The siege takes again what it can get.
            (0..9).for_each(|of| crowd(&limit, &mut siege, of));
            assert!(newcomers.iter().all(|permit| !permit.ended.is_cancelled()), "a newcomer made way");
            assert!(limit.open() <= 288);
        }
    }

    #[test]
    fn the_owner_of_a_site_is_no_256_newcomers() {
        let limit = limit(384, 32);
        let of = |site: u16, number: u16| {
            let address = std::net::Ipv6Addr::new(0x2001, 0xdb8, site, number << 8, 0, 0, 0, 1);
            Some(AddressBlock::of(address.into()))
        };
        let mut held: Vec<_> = (0..256).filter_map(|at| limit.admit(number(at), of(1, at))).collect();
        let all = held.len();
        assert!(all <= 160, "a /48 has {all}");
        for seed in 1000..1200 {
            held.extend(limit.admit(number(seed), of(2, seed % 256)));
        }
        assert!(held.len() - all > 60, "another /48 has {}", held.len() - all);
    }

    #[test]
    fn who_waits_for_a_request_makes_way_first() {
        let limit = limit(8, 8);
        let held: Vec<_> = (1..=4).filter_map(|seed| limit.admit(peer(seed), block(1))).collect();
        assert_eq!(held.len(), 3);
        let mut others: Vec<_> = (5..8).filter_map(|seed| limit.admit(peer(seed), block(u16::from(seed)))).collect();
        assert_eq!(limit.open(), 6);
        held[0].set_running(true);
        held[1].set_running(true);
        held[1].set_running(false);
        held[2].set_running(true);
        let ended = || [0, 1, 2].map(|index: usize| held[index].ended.is_cancelled());
        assert_eq!(ended(), [false; 3]);
        others.push(limit.admit(peer(8), block(8)).unwrap());
        assert_eq!(ended(), [false, true, false]);
        // Now the request that has run for the longest time.
        others.push(limit.admit(peer(9), block(9)).unwrap());
        assert_eq!(ended(), [true, true, false]);
        // Nobody has more than one.
        assert!(limit.admit(peer(10), block(10)).is_none());
        assert_eq!(limit.open(), 6);
        drop(held);
        assert_eq!((limit.open(), limit.open.lock().ending), (5, 0));
    }

    #[test]
    fn streams_that_have_not_ended_yet_are_bounded() {
        let limit = limit(512, 512);
        let held: Vec<_> = (0..6).map(|of| fill(&limit, number(of), block(of))).collect();
        let newcomers: Vec<_> = (100..400).filter_map(|of| limit.admit(number(of), block(of))).collect();
        let ending = held.iter().flatten().filter(|permit| permit.ended.is_cancelled()).count();
        assert_eq!((ending, limit.open.lock().ending), (ENDING, ENDING));
        assert!(newcomers.len() < 200);
        drop(held);
        assert_eq!((limit.open(), limit.open.lock().ending), (newcomers.len(), 0));
    }
}
