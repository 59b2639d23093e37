//! How often each job looks for work and tries again: all of the worker's delays in one place.
//!
//! Jobs whose pace the operator sets (scrub, collection) take it from [`crate::settings::WorkerSettings`].

use crate::background::Throttle;
use meganet_primitives::units::BLOCK_SECONDS;
use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Delay between attempts to reach the node before the worker has started.
pub const CONNECT_RETRY: Duration = seconds(3);
/// Delay between attempts to register while funds are missing or the node is away: one block.
pub const JOIN_RETRY: Duration = seconds(BLOCK_SECONDS);
/// Attempts to connect between two log lines with the same reason.
pub const LOG_EVERY: u32 = 10;

/// Serving streams: driven by the network alone.
pub const SERVE: Throttle = Throttle { poll: None, retry: seconds(1) };
/// Looking whether the node still tells of new blocks, where there are several nodes.
pub const NODES: Throttle = Throttle { poll: Some(seconds(30)), retry: seconds(30) };
/// Following the best block: driven by the chain alone.
pub const HEADS: Throttle = Throttle { poll: None, retry: seconds(1) };
/// Following finalized blocks: driven by the chain, and looks now and then whether it still moves.
pub const FOLLOW: Throttle = Throttle { poll: Some(seconds(5)), retry: seconds(3) };
/// Comparing ranges with the chain: also without a reason, once a minute.
pub const SYNC: Throttle = Throttle { poll: Some(seconds(60)), retry: seconds(3) };
/// Answering challenges: at every best block, and soon again, since a window has few blocks.
pub const PROVE: Throttle = Throttle { poll: None, retry: seconds(1) };
/// Withholding rows. Without a new block for as long as `poll`, everything is served again: readers must not suffer
/// from a node or chain that stands still.
pub const BLACKOUT: Throttle = Throttle { poll: Some(seconds(300)), retry: seconds(1) };
/// Renewing prepaid batches: the next best block will do.
pub const RENEW: Throttle = Throttle { poll: None, retry: seconds(6) };
/// Reporting other members: the next best block will do.
pub const REPORT: Throttle = Throttle { poll: None, retry: seconds(6) };
/// Reading this worker's account, and leaving.
pub const LEAVE: Throttle = Throttle { poll: None, retry: seconds(3) };
/// Rebuilding missing shards: looks for those whose time has come.
pub const REBUILD: Throttle = Throttle { poll: Some(seconds(2)), retry: seconds(2) };
/// Comparing files with the index once after a start; after a failure of the disk, again.
pub const ADOPT: Throttle = Throttle { poll: None, retry: seconds(30) };
/// Looking at the free bytes of the disk.
pub const SPACE: Throttle = Throttle { poll: Some(seconds(5)), retry: seconds(5) };
/// Reading everything again; the pauses follow from the operator's rate and interval.
pub const SCRUB: Throttle = Throttle { poll: Some(seconds(30)), retry: seconds(30) };
