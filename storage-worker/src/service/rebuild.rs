//! When to try again to rebuild a missing shard.

/// Seconds before the second attempt.
const FIRST: u64 = 5;
/// The most seconds between attempts.
const LONGEST: u64 = 600;

/// Seconds to wait after `attempts` failed attempts: doubling up to ten minutes, minus up to a quarter at random, so that
/// workers that failed together do not try again together. `chance` is any random number.
pub fn wait(attempts: u32, chance: u64) -> u64 {
    let doubled = FIRST.saturating_mul(1u64 << attempts.min(16)).min(LONGEST);
    doubled - chance % (doubled / 4 + 1)
}
