#![doc = include_str!("../README.md")]

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
