//! How members have answered: the usual time, and the members that failed.

use crate::options::Hedge;
use meganet_primitives::receipt::PeerKey;
use parking_lot::Mutex;
use rand::Rng;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Durations remembered for each size of request.
const SAMPLES: usize = 64;
/// Sizes of requests that are distinguished: 1, 2, 3–4, 5–8, more frames.
const SIZES: usize = 5;
/// Below this number of samples, the usual time counts as unknown.
const ENOUGH: usize = 8;
/// For how long a member is distrusted after its first failure; doubles with each further one.
const FIRST_DISTRUST: Duration = Duration::from_secs(10);
/// The longest distrust.
const MAX_DISTRUST: Duration = Duration::from_secs(160);
/// Members in memory.
const MAX_PEERS: usize = 4096;

/// Statistics of the members that were asked.
pub(crate) struct Health {
    hedge: Hedge,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    durations: [Ring; SIZES],
    peers: HashMap<PeerKey, Peer>,
}

#[derive(Default)]
struct Ring {
    samples: Vec<Duration>,
    next: usize,
}

#[derive(Clone, Copy)]
struct Peer {
    /// Failures in a row.
    strikes: u32,
    distrusted_until: Instant,
    /// Smoothed time for a frame, in microseconds.
    pace: u64,
}

impl Health {
    pub(crate) fn new(hedge: Hedge) -> Self {
        Self { hedge, known: Mutex::default() }
    }

    /// How long to wait for a request of this many frames before others are asked.
    pub(crate) fn patience(&self, frames: u32) -> Duration {
        let known = self.known.lock();
        match known.durations[size(frames)].median() {
            Some(median) => median.saturating_mul(self.hedge.factor).clamp(self.hedge.min, self.hedge.max),
            None => self.hedge.initial,
        }
    }

    /// Records a correct answer.
    pub(crate) fn answered(&self, peer: PeerKey, frames: u32, took: Duration) {
        let mut known = self.known.lock();
        known.durations[size(frames)].push(took);
        let pace = u64::try_from(took.as_micros()).unwrap_or(u64::MAX) / u64::from(frames.max(1));
        known.make_room();
        known
            .peers
            .entry(peer)
            .and_modify(|known| {
                known.pace = (known.pace.saturating_mul(3).saturating_add(pace)) / 4;
                known.strikes = 0;
                known.distrusted_until = Instant::now();
            })
            .or_insert(Peer { strikes: 0, distrusted_until: Instant::now(), pace });
    }

    /// Records that a member was late, unreachable or wrong.
    pub(crate) fn let_down(&self, peer: PeerKey) {
        let mut known = self.known.lock();
        known.make_room();
        let now = Instant::now();
        let entry = known.peers.entry(peer).or_insert(Peer { strikes: 0, distrusted_until: now, pace: u64::MAX / 4 });
        // Many requests that fail together are one failure.
        if entry.strikes == 0 || entry.distrusted_until <= now {
            entry.strikes = entry.strikes.saturating_add(1);
            let distrust =
                FIRST_DISTRUST.saturating_mul(1 << entry.strikes.saturating_sub(1).min(10)).min(MAX_DISTRUST);
            entry.distrusted_until = now + distrust;
        }
    }

    /// Whether to ask others first.
    pub(crate) fn is_distrusted(&self, peer: &PeerKey) -> bool {
        self.known.lock().peers.get(peer).is_some_and(Peer::is_distrusted)
    }

    /// Sorts members so that the ones to ask first come first: trusted before distrusted, quick before slow by factors
    /// of two, and in random order where that makes no difference, so that readers spread over them.
    pub(crate) fn sort<T>(&self, members: &mut [T], peer_of: impl Fn(&T) -> PeerKey) {
        let known = self.known.lock();
        let mut rng = rand::rng();
        members.sort_by_cached_key(|member| {
            let peer = known.peers.get(&peer_of(member));
            let distrusted = peer.is_some_and(Peer::is_distrusted);
            // Unknown ones count as quick, so that they are tried.
            (distrusted, peer.map_or(0, |peer| peer.pace.max(1).ilog2()), rng.random::<u32>())
        });
    }
}

impl Peer {
    fn is_distrusted(&self) -> bool {
        self.strikes > 0 && self.distrusted_until > Instant::now()
    }
}

impl Known {
    fn make_room(&mut self) {
        if self.peers.len() >= MAX_PEERS {
            self.peers.retain(|_, peer| peer.is_distrusted());
        }
        if self.peers.len() >= MAX_PEERS {
            self.peers.clear();
        }
    }
}

impl Ring {
    fn push(&mut self, sample: Duration) {
        if self.samples.len() < SAMPLES {
            self.samples.push(sample);
        } else {
            self.samples[self.next] = sample;
        }
        self.next = (self.next + 1) % SAMPLES;
    }

    fn median(&self) -> Option<Duration> {
        if self.samples.len() < ENOUGH {
            return None;
        }
        let mut sorted = self.samples.clone();
        let middle = sorted.len() / 2;
        Some(*sorted.select_nth_unstable(middle).1)
    }
}

fn size(frames: u32) -> usize {
    let class = frames.max(1).next_power_of_two().ilog2();
    usize::try_from(class).unwrap_or(SIZES).min(SIZES - 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn peer(byte: u8) -> PeerKey {
        PeerKey([byte; 32])
    }

    #[test]
    fn patience_follows_the_median() {
        let health = Health::new(Hedge::default());
        assert_eq!(health.patience(1), Hedge::default().initial);
        for _ in 0..20 {
            health.answered(peer(1), 1, Duration::from_millis(50));
        }
        health.answered(peer(1), 1, Duration::from_secs(30));
        assert_eq!(health.patience(1), Duration::from_millis(200));
        assert_eq!(health.patience(16), Hedge::default().initial, "other sizes are learnt on their own");
        for _ in 0..SAMPLES {
            health.answered(peer(1), 1, Duration::from_micros(1));
        }
        assert_eq!(health.patience(1), Hedge::default().min);
    }

    #[test]
    fn who_lets_down_comes_last_until_it_answers() {
        let health = Health::new(Hedge::default());
        health.let_down(peer(1));
        health.answered(peer(3), 1, Duration::from_secs(2));
        assert!(health.is_distrusted(&peer(1)) && !health.is_distrusted(&peer(2)));
        let mut members = [peer(1), peer(3), peer(2)];
        health.sort(&mut members, |peer| *peer);
        assert_eq!(members, [peer(2), peer(3), peer(1)]);
        health.answered(peer(1), 1, Duration::from_millis(1));
        assert!(!health.is_distrusted(&peer(1)));
    }
}
