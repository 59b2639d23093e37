//! The content of a worker: shards of all lengths, in ranges of all sizes, in several groups.

use meganet_primitives::{
    Epoch, GroupId,
    audit::{Holding, Sample},
    object::LEAF_LEN,
};
use rand::{Rng, rngs::StdRng};
use std::collections::BTreeMap;

const GROUPS: GroupId = 24;

/// All bytes of a worker in the order of sampling, so that each has a *position*: its number.
pub struct StoredBytes {
    holdings: Vec<Holding>,
    /// Start of each range.
    starts: BTreeMap<(GroupId, Epoch), u64>,
    /// Start and end of each shard.
    shards: Vec<(u64, u64)>,
    bytes: u64,
}

impl StoredBytes {
    /// Slots in [`GROUPS`] groups, with one to twelve ranges each, of one to some thousand shards from 1 KiB to 1 GiB: many
    /// are small, and few have most of the bytes.
    pub fn realistic(random: &mut StdRng) -> Self {
        let mut held = Self { holdings: Vec::new(), starts: BTreeMap::new(), shards: Vec::new(), bytes: 0 };
        for group in 0..GROUPS {
            let mut ranges = Vec::new();
            for expiry in 0..random.random_range(1..=12) {
                let start = held.bytes;
                held.starts.insert((group, expiry), start);
                for _ in 0..magnitude(random, 11) {
                    let end = held.bytes + magnitude(random, 20) * LEAF_LEN;
                    held.shards.push((held.bytes, end));
                    held.bytes = end;
                }
                ranges.push((expiry, held.bytes - start));
            }
            held.holdings.push(Holding { group, slot: 3, ranges });
        }
        held
    }

    /// Its size and ranges, as needed for sampling.
    pub fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    /// Begin and end of each shard.
    pub fn shards(&self) -> &[(u64, u64)] {
        &self.shards
    }

    /// Total number of bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The position of a sampled byte.
    pub fn place(&self, sample: &Sample) -> u64 {
        self.starts.get(&(sample.group, sample.expiry)).map_or(u64::MAX, |start| start + sample.offset)
    }
}

/// A number from 1 to 2^`most`, every magnitude equally often.
fn magnitude(random: &mut StdRng, most: u32) -> u64 {
    let most = 1 << random.random_range(0..=most);
    random.random_range(1..=most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn ranges_and_shards_share_their_bytes() {
        let held = StoredBytes::realistic(&mut StdRng::seed_from_u64(5));
        let ranges = held.holdings.iter().flat_map(|holding| &holding.ranges).map(|(_, bytes)| bytes);
        assert_eq!(ranges.sum::<u64>(), held.bytes);
        assert_eq!(held.shards.iter().map(|(start, end)| end - start).sum::<u64>(), held.bytes);
        let mut place = 0;
        for holding in &held.holdings {
            for (expiry, bytes) in &holding.ranges {
                let sample = Sample { group: holding.group, slot: holding.slot, expiry: *expiry, offset: bytes - 1 };
                place += bytes;
                assert_eq!(held.place(&sample), place - 1);
            }
        }
    }
}
