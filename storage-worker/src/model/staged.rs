//! Uploaded shards that nothing promises.

use super::keys::ShardKey;
use meganet_primitives::{AccountId, GroupId};

/// A shard that was uploaded and has no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StagedShard {
    /// The shard.
    pub key: ShardKey,
    /// The account in whose name it was uploaded.
    pub account: AccountId,
    /// The group for which it was uploaded.
    pub group: GroupId,
    /// Its length in bytes.
    pub len: u64,
}
