//! The format's lengths as `usize`, for indexing.

use meganet_primitives::{convert::to_u64, object};

/// Bytes of a full frame.
pub(crate) const FRAME: usize = 64 * 1024;
/// Bytes of a frame's AEAD tag.
pub(crate) const TAG: usize = 16;
/// Plaintext bytes of a full frame.
pub(crate) const FRAME_PLAIN: usize = FRAME - TAG;
/// Bytes of a leaf.
pub(crate) const LEAF: usize = 1024;

const _: () = {
    assert!(to_u64(FRAME) == object::FRAME_LEN);
    assert!(to_u64(TAG) == object::TAG_LEN);
    assert!(to_u64(FRAME_PLAIN) == object::FRAME_PLAIN_LEN);
    assert!(to_u64(LEAF) == object::LEAF_LEN);
};
