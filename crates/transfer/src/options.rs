//! The limits of readers.

use std::time::Duration;

/// Limits on memory and waiting.
#[derive(Clone, Copy, Debug)]
pub struct FetchOptions {
    /// Plaintext bytes of a window: what one reader fetches in one go. A window has at least one stripe.
    pub window: u64,
    /// Windows that one reader fetches ahead of its consumer.
    pub prefetch: usize,
    /// Bytes that all readers together may have under way, not counting what they fetch ahead.
    pub budget: u64,
    /// Bytes that all readers together may hold fetched ahead.
    pub prefetch_budget: u64,
    /// Cached object headers with their shard roots, at most 2 KiB each.
    pub object_cache: u64,
    /// When to ask other members as well.
    pub hedge: Hedge,
    /// The number of attempts at a read while too few members answer and some of them may succeed later.
    pub rounds: u32,
    /// After this time no further attempt begins.
    pub patience: Duration,
    /// For how long members are asked again that may not serve something because the chain challenges one of them for it.
    /// Challenges last some blocks, and another may follow at once.
    pub challenged: Duration,
}

/// When a member counts as late, so that others are asked as well.
#[derive(Clone, Copy, Debug)]
pub struct Hedge {
    /// The time to wait while the usual time is unknown.
    pub initial: Duration,
    /// The least time to wait.
    pub min: Duration,
    /// The longest time to wait.
    pub max: Duration,
    /// The multiple of the usual (median) time.
    pub factor: u32,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            window: 2 * 1024 * 1024,
            prefetch: 2,
            budget: 64 * 1024 * 1024,
            prefetch_budget: 32 * 1024 * 1024,
            object_cache: 4096,
            hedge: Hedge::default(),
            rounds: 4,
            patience: Duration::from_secs(20),
            challenged: Duration::from_secs(120),
        }
    }
}

impl Default for Hedge {
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(400),
            min: Duration::from_millis(60),
            max: Duration::from_secs(3),
            factor: 4,
        }
    }
}
