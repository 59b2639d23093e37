//! The bounds that a reader keeps.

use std::time::Duration;

/// Bounds on memory and waiting.
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
    /// Object headers and roots remembered, at most 2 KiB each.
    pub object_cache: u64,
    /// When to ask others.
    pub hedge: Hedge,
    /// How often a read is tried while too few members answer and some of them may yet.
    pub rounds: u32,
    /// After that long no further try begins.
    pub patience: Duration,
    /// For how long members are asked again that may not serve something because the chain challenges one of them for it.
    /// Challenges last some blocks, and another may follow at once.
    pub challenged: Duration,
}

/// When a member counts as late, so that others are asked as well.
#[derive(Clone, Copy, Debug)]
pub struct Hedge {
    /// While too little is known of what is usual.
    pub initial: Duration,
    /// At the earliest.
    pub min: Duration,
    /// At the latest.
    pub max: Duration,
    /// How many times the usual (median) time.
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
