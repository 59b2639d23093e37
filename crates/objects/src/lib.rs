//! Seals, erasure-codes, verifies, decodes and opens objects as streams, in memory bounded by one stripe.
//!
//! The format is defined in [`meganet_primitives::object`]; this crate moves bytes through it, fast. It does no I/O, starts
//! no thread and knows neither chain nor network. By user:
//!
//! - **Who uploads** pushes plaintext into a [`StripeEncoder`] (or an [`Encoder`] with a sink), gets each stripe's chunks for
//!   n workers, and at the end the header and shard roots.
//! - **Who stores** pushes its shard into a [`ShardHasher`] and keeps the tree, to prove frames from. A lost shard comes
//!   back by a [`Rebuilder`], from k others.
//! - **Who reads** checks header and shard roots into a [`Commitment`], checks every frame that arrives against that, fills
//!   in late data chunks with [`reconstruct_stripe`] and opens them with a [`RangeOpener`].
//!
//! Check first, decode then: any k chunks give *some* stripe.

mod backend;
mod encode;
mod erasure;
mod open;
mod seal;
mod tree;
mod units;
mod verify;

#[cfg(feature = "native")]
pub use backend::Native;
#[cfg(feature = "portable")]
pub use backend::Portable;
pub use backend::{Aead, Backend, Code, DefaultBackend, KEY_LEN, NONCE_LEN, Refused, TAG_LEN, Want};
pub use encode::{EncodeError, Encoded, Encoder, ShardSink, Stripe, StripeEncoder};
pub use erasure::{ErasureCode, ErasureError, Rebuilder, reconstruct_stripe, reconstruct_stripe_with};
pub use open::{OpenError, RangeOpener};
pub use seal::{FrameCipher, NONCE_PREFIX, SealError, nonce, random_key, random_key_with};
pub use tree::{ChunkHasher, RootHasher, ShardHasher, TreeError};
pub use verify::{Commitment, VerifyError, verify_frames};
