//! Sealing and opening frames: AES-256-GCM with STREAM nonces.
//!
//! The nonce of a frame is `"mgnet1\0"`, the frame's number (u32, big-endian) and one byte that is 1 for the object's last
//! frame and 0 for the others. A key seals one object only, so no nonce repeats under a key. Because number and last
//! flag are in the nonce, a frame does not open in another's place, and an object that was cut short or extended does
//! not open to its end.

use crate::{
    backend::{Aead, Backend, DefaultBackend, NONCE_LEN},
    units::{FRAME, FRAME_PLAIN, TAG},
};
use meganet_primitives::content::ReadKey;

/// The first bytes of the nonce of every frame: constant, because every object has a key of its own.
pub const NONCE_PREFIX: &[u8; 7] = b"mgnet1\0";

/// Why a frame was not sealed or did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The frame was not sealed under this key in this place.
    #[error(
        "frame {frame} does not open: wrong key, or bytes that are not this object's; check the link, or fetch from another worker"
    )]
    Refused {
        /// The frame's number in its object.
        frame: u64,
    },
    /// The frame's length is impossible.
    #[error("frame {frame} has {len} bytes, which its place in the object does not allow: fetch it again")]
    WrongLength {
        /// The frame's number in its object.
        frame: u64,
        /// Its bytes.
        len: usize,
    },
    /// An object has at most 2^32 frames.
    #[error("frame {0} is beyond the end of any object")]
    NoSuchFrame(u64),
    /// The crypto library refused to work.
    #[error("AES-256-GCM is not available here: use a build with a working crypto library")]
    Unavailable,
}

/// Returns the nonce of a frame.
pub fn nonce(frame: u32, last: bool) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[..7].copy_from_slice(NONCE_PREFIX);
    nonce[7..11].copy_from_slice(&frame.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

fn number(frame: u64) -> Result<u32, SealError> {
    u32::try_from(frame).map_err(|_| SealError::NoSuchFrame(frame))
}

/// Returns a fresh random key, for one object.
///
/// # Errors
/// [`SealError::Unavailable`] if the system has no source of randomness.
pub fn random_key() -> Result<ReadKey, SealError> {
    random_key_with::<DefaultBackend>()
}

/// As [`random_key`], with backend `B`.
///
/// # Errors
/// As [`random_key`].
pub fn random_key_with<B: Backend>() -> Result<ReadKey, SealError> {
    let mut key = [0; 32];
    B::random(&mut key).map_err(|_| SealError::Unavailable)?;
    Ok(ReadKey(key))
}

/// Seals and opens the frames of one object.
pub struct FrameCipher<B: Backend = DefaultBackend> {
    aead: B::Aead,
}

impl FrameCipher {
    /// Returns the cipher of the object with this key, computed by the default backend.
    ///
    /// # Errors
    /// [`SealError::Unavailable`] if the crypto library refuses to work.
    pub fn new(key: &ReadKey) -> Result<Self, SealError> {
        Self::with_backend(key)
    }
}

impl<B: Backend> FrameCipher<B> {
    /// As [`FrameCipher::new`], with backend `B`.
    ///
    /// # Errors
    /// As [`FrameCipher::new`].
    pub fn with_backend(key: &ReadKey) -> Result<Self, SealError> {
        Ok(Self { aead: B::Aead::new(&key.0).map_err(|_| SealError::Unavailable)? })
    }

    /// Seals a frame in place: `frame_bytes` holds its plaintext and room for the tag of 16 bytes behind it. Never seal two
    /// different plaintexts as the same `frame` of an object: that reveals both and lets anybody forge frames.
    ///
    /// # Errors
    /// [`SealError::WrongLength`] without plaintext or with more than fits a frame, [`SealError::NoSuchFrame`] beyond
    /// frame 2^32 - 1.
    pub fn seal(&self, frame: u64, last: bool, frame_bytes: &mut [u8]) -> Result<(), SealError> {
        let len = frame_bytes.len();
        if len <= TAG || len > FRAME {
            return Err(SealError::WrongLength { frame, len });
        }
        let (plain, room) = frame_bytes.split_at_mut(len - TAG);
        let tag = self.aead.seal(&nonce(number(frame)?, last), plain).map_err(|_| SealError::Unavailable)?;
        room.copy_from_slice(&tag);
        Ok(())
    }

    /// Opens a sealed frame and appends its plaintext to `out`, which is unchanged after an error.
    ///
    /// # Errors
    /// [`SealError::WrongLength`] if no frame has that length, [`SealError::Refused`] if it was not sealed under this
    /// key with this number and last flag.
    pub fn open(&self, frame: u64, last: bool, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let len = sealed.len();
        if len <= TAG || len > FRAME || (!last && len - TAG != FRAME_PLAIN) {
            return Err(SealError::WrongLength { frame, len });
        }
        let nonce = nonce(number(frame)?, last);
        let (ciphertext, tag) = sealed.split_at(len - TAG);
        let start = out.len();
        out.resize(start + ciphertext.len(), 0);
        self.aead.open(&nonce, ciphertext, tag, &mut out[start..]).map_err(|_| {
            out.truncate(start);
            SealError::Refused { frame }
        })
    }
}
