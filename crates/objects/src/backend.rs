//! The two primitives that an object is made with, AES-256-GCM and Reed–Solomon over GF(2⁸), behind traits, so that the
//! same crate runs on servers and in browsers.
//!
//! Types are generic over their [`Backend`] with static dispatch, and default to [`DefaultBackend`]: their `new` makes
//! the default one, `with_backend` any. All backends compute the same bytes, which tests compare.

#[cfg(feature = "native")]
mod native;
#[cfg(feature = "portable")]
mod portable;

#[cfg(feature = "native")]
pub use native::Native;
#[cfg(feature = "portable")]
pub use portable::Portable;

use meganet_primitives::SlotIndex;
use parking_lot::{Mutex, const_mutex};
use std::{collections::BTreeMap, sync::Arc};

/// The fastest backend that this build has: [`Native`].
#[cfg(feature = "native")]
pub type DefaultBackend = Native;
/// The fastest backend that this build has: [`Portable`].
#[cfg(all(feature = "portable", not(feature = "native")))]
pub type DefaultBackend = Portable;

#[cfg(not(any(feature = "native", feature = "portable")))]
compile_error!("meganet-objects needs a backend: enable its feature `native` or `portable`");

/// Bytes of a key.
pub const KEY_LEN: usize = 32;
/// Bytes of a nonce.
pub const NONCE_LEN: usize = 12;
/// Bytes of an authentication tag.
pub const TAG_LEN: usize = 16;

/// A backend refused to work: bytes that are not authentic, a shape that has no code, no source of randomness. The caller
/// knows which of them it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// The missing chunks of a stripe to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// All n.
    All,
    /// The k data chunks.
    Data,
    /// One.
    Shard(SlotIndex),
}

/// An implementation of both primitives.
pub trait Backend: Sized + 'static {
    /// AES-256-GCM.
    type Aead: Aead;
    /// Reed–Solomon.
    type Code: Code;

    /// Returns the code of this shape, made once for each shape and kept.
    ///
    /// # Errors
    /// [`Refused`] if no code has this shape.
    fn code(data: u8, parity: u8) -> Result<Arc<Self::Code>, Refused>;

    /// Fills `bytes` from the system's source of randomness.
    ///
    /// # Errors
    /// [`Refused`] if the system has none.
    fn random(bytes: &mut [u8]) -> Result<(), Refused>;
}

/// AES-256-GCM without associated data, under one key.
pub trait Aead: Sized + Send + Sync {
    /// Prepares a key.
    ///
    /// # Errors
    /// [`Refused`] if the library does not work on this machine.
    fn new(key: &[u8; KEY_LEN]) -> Result<Self, Refused>;

    /// Encrypts `bytes` in place and returns their tag.
    ///
    /// # Errors
    /// [`Refused`] if the library does not work on this machine.
    fn seal(&self, nonce: &[u8; NONCE_LEN], bytes: &mut [u8]) -> Result<[u8; TAG_LEN], Refused>;

    /// Decrypts `sealed` into `plain`, which has the same length and unspecified content after an error.
    ///
    /// # Errors
    /// [`Refused`] if `tag` is not that of `sealed` under this key and nonce.
    fn open(&self, nonce: &[u8; NONCE_LEN], sealed: &[u8], tag: &[u8], plain: &mut [u8]) -> Result<(), Refused>;
}

/// A systematic Reed–Solomon code with the matrix of `reed-solomon-erasure` 6 (Vandermonde made systematic, polynomial
/// 0x11D). Callers check numbers and lengths of chunks before.
pub trait Code: Sized + Send + Sync {
    /// Computes the parity chunks of these data chunks.
    ///
    /// # Errors
    /// [`Refused`] if the numbers or lengths do not fit the code.
    fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) -> Result<(), Refused>;

    /// Computes the wanted chunks that are missing, and no others.
    ///
    /// # Errors
    /// [`Refused`] if fewer than k chunks are present, or lengths differ.
    fn reconstruct(&self, chunks: &mut [Option<Vec<u8>>], want: Want) -> Result<(), Refused>;

    /// Adds `factor` times `source` to `sum` in GF(2⁸), byte by byte; both have the same length.
    fn add_scaled(factor: u8, source: &[u8], sum: &mut [u8]);
}

/// Codes by shape, each made once.
struct CodeCache<C>(Mutex<BTreeMap<(u8, u8), Arc<C>>>);

impl<C> CodeCache<C> {
    const fn new() -> Self {
        Self(const_mutex(BTreeMap::new()))
    }

    fn get(&self, shape: (u8, u8), make: impl FnOnce() -> Result<C, Refused>) -> Result<Arc<C>, Refused> {
        let mut codes = self.0.lock();
        if let Some(code) = codes.get(&shape) {
            return Ok(code.clone());
        }
        let code = Arc::new(make()?);
        codes.insert(shape, code.clone());
        Ok(code)
    }
}
