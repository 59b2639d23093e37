//! The codes of the errors of `name_v1` and `storage_v1`. Callers may rely on them; the messages are for people.

/// The label is invalid.
pub const INVALID_LABEL: i32 = 7001;
/// The owner is not an address of this chain.
pub const INVALID_OWNER: i32 = 7002;
/// The node does not have the block.
pub const UNKNOWN_BLOCK: i32 = 7003;
/// The page size is out of bounds.
pub const INVALID_LIMIT: i32 = 7004;
/// The number of years is out of bounds.
pub const INVALID_YEARS: i32 = 7005;
/// The node has no justification for the block.
pub const NOT_JUSTIFIED: i32 = 7006;
/// The node has no justification for any block: ask again later.
pub const NOTHING_FINAL: i32 = 7007;
/// The validator set changed too often since the checkpoint for one answer.
pub const TOO_FAR_BEHIND: i32 = 7008;
/// The node does not know the validator sets since then.
pub const UNKNOWN_SETS: i32 = 7009;
/// The node could not read its database or run the runtime.
pub const NODE: i32 = 7010;
