//! When to try again to rebuild a missing shard.

/// Seconds before the first further attempt.
const FIRST: u64 = 5;
/// Seconds between attempts at most.
const LONGEST: u64 = 600;

/// Seconds to wait after so many failed attempts: doubling up to ten minutes, less up to a quarter by chance, so that
/// workers that failed together do not come back together. `chance` is any random number.
pub fn wait(attempts: u32, chance: u64) -> u64 {
    let doubled = FIRST.saturating_mul(1u64 << attempts.min(16)).min(LONGEST);
    doubled - chance % (doubled / 4 + 1)
}
