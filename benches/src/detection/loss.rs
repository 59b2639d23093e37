//! Losses of a worker.

use super::stored::StoredBytes;
use meganet_primitives::object::LEAF_LEN;
use rand::{Rng, rngs::StdRng, seq::SliceRandom};
use std::fmt;

/// The lost share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// 0.1 %.
    Thousandth,
    /// 1 %.
    Hundredth,
    /// 10 %.
    Tenth,
    /// Everything.
    All,
}

impl Share {
    /// All shares, smallest first.
    pub const ALL: [Self; 4] = [Self::Thousandth, Self::Hundredth, Self::Tenth, Self::All];

    /// One in this many bytes is lost.
    fn one_in(self) -> u32 {
        match self {
            Self::Thousandth => 1_000,
            Self::Hundredth => 100,
            Self::Tenth => 10,
            Self::All => 1,
        }
    }

    /// As a fraction of 1.
    pub fn fraction(self) -> f64 {
        1.0 / f64::from(self.one_in())
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lost_{}_percent", 100.0 * self.fraction())
    }
}

/// The pattern of a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Whole shards, chosen at random.
    Shards,
    /// Whole shards, the smallest first: as many objects as possible.
    SmallShards,
    /// Scattered leaves.
    Leaves,
}

impl Pattern {
    /// All patterns.
    pub const ALL: [Self; 3] = [Self::Shards, Self::SmallShards, Self::Leaves];
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shards => "shards",
            Self::SmallShards => "small_shards",
            Self::Leaves => "leaves",
        })
    }
}

/// The lost bytes, by position.
pub enum Loss {
    /// Runs of bytes, ascending.
    Runs(Vec<(u64, u64)>),
    /// The leaves whose number, multiplied by `factor` modulo the number of leaves, is below a bound. Since the factor is
    /// coprime to the number of leaves, these are exactly as many as the bound, scattered.
    Leaves {
        /// Number of leaves.
        leaves: u64,
        /// The factor.
        factor: u64,
        /// Number of lost leaves.
        lost: u64,
    },
}

impl Loss {
    /// Loses a share of the stored bytes, rounded to leaves; the last shard may be lost in part.
    pub fn new(pattern: Pattern, share: Share, held: &StoredBytes, random: &mut StdRng) -> Self {
        let leaves = held.bytes() / LEAF_LEN;
        let lost = leaves / u64::from(share.one_in());
        let mut shards = held.shards().to_vec();
        match pattern {
            Pattern::Leaves => return Self::Leaves { leaves, factor: coprime_to(leaves, random), lost },
            Pattern::Shards => shards.shuffle(random),
            Pattern::SmallShards => shards.sort_unstable_by_key(|(start, end)| end - start),
        }
        let mut rest = lost * LEAF_LEN;
        let mut runs = Vec::new();
        for (start, end) in shards {
            let run = rest.min(end - start);
            if run > 0 {
                runs.push((start, start + run));
            }
            rest -= run;
        }
        runs.sort_unstable();
        Self::Runs(runs)
    }

    /// Whether the byte at a position is lost.
    pub fn has(&self, place: u64) -> bool {
        match self {
            Self::Runs(runs) => {
                let after = runs.partition_point(|(start, _)| *start <= place);
                after.checked_sub(1).is_some_and(|run| place < runs[run].1)
            }
            Self::Leaves { leaves, factor, lost } => {
                let number = u128::from(place / LEAF_LEN) * u128::from(*factor) % u128::from(*leaves);
                number < u128::from(*lost)
            }
        }
    }
}

/// A number coprime to another one.
fn coprime_to(other: u64, random: &mut StdRng) -> u64 {
    loop {
        let candidate = random.random_range(1..=other);
        let (mut a, mut b) = (candidate, other);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        if a == 1 {
            return candidate;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn just_that_share_is_lost() {
        let mut random = StdRng::seed_from_u64(5);
        let held = StoredBytes::realistic(&mut random);
        let leaves = held.bytes() / LEAF_LEN;
        for share in Share::ALL {
            for pattern in Pattern::ALL {
                let expected = leaves / u64::from(share.one_in());
                let lost = match Loss::new(pattern, share, &held, &mut random) {
                    Loss::Runs(runs) => runs.iter().map(|(start, end)| (end - start) / LEAF_LEN).sum(),
                    Loss::Leaves { lost, .. } => lost,
                };
                assert_eq!(lost, expected, "{share} {pattern}");
            }
        }
    }

    #[test]
    fn scattered_leaves_are_as_many_as_said() {
        let loss = Loss::Leaves { leaves: 1_000, factor: coprime_to(1_000, &mut StdRng::seed_from_u64(5)), lost: 10 };
        assert_eq!((0..1_000).filter(|leaf| loss.has(leaf * LEAF_LEN + 7)).count(), 10);
    }

    #[test]
    fn runs_have_a_begin_and_an_end() {
        let loss = Loss::Runs(vec![(10, 20), (30, 31)]);
        let lost: Vec<u64> = (0..40).filter(|place| loss.has(*place)).collect();
        assert_eq!(lost, (10..20).chain([30]).collect::<Vec<_>>());
    }
}
