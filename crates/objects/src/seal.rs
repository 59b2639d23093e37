//! Sealing and opening frames: AES-256-GCM with STREAM nonces.
//!
//! The nonce of a frame is `"mgnet1\0"`, the frame's number (u32, big-endian) and one byte that is 1 for the object's last
//! frame and 0 for the others. A key seals one object only, so no nonce repeats under a key. Because number and last
//! flag are in the nonce, a frame does not open in another's place, and an object that was cut short or extended does
//! not open to its end.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use meganet_primitives::content::ReadKey;

use crate::units::{FRAME, FRAME_PLAIN, TAG};

/// What the nonce of every frame begins with. It is constant because every object has a key of its own.
pub const NONCE_PREFIX: &[u8; 7] = b"mgnet1\0";

/// Why a frame was not sealed or did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The frame is not what was sealed under this key in this place.
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

/// The nonce of a frame.
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

/// A fresh random key, for one object.
///
/// # Errors
/// [`SealError::Unavailable`] if the system gives no randomness.
pub fn random_key() -> Result<ReadKey, SealError> {
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| SealError::Unavailable)?;
    Ok(ReadKey(key))
}

/// Seals and opens the frames of one object.
pub struct FrameCipher {
    key: LessSafeKey,
}

impl FrameCipher {
    /// The cipher of the object with this key.
    ///
    /// # Errors
    /// [`SealError::Unavailable`] if the crypto library refuses to work.
    pub fn new(key: &ReadKey) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, &key.0).map_err(|_| SealError::Unavailable)?;
        Ok(Self { key: LessSafeKey::new(key) })
    }

    /// Seals a frame in place: `frame_bytes` holds its plaintext and room for the tag of 16 bytes behind it. Never call
    /// it twice for one `frame` of an object with different bytes: that gives the key away.
    ///
    /// # Errors
    /// [`SealError::WrongLength`] without plaintext or with more than a frame takes, [`SealError::NoSuchFrame`].
    pub fn seal(&self, frame: u64, last: bool, frame_bytes: &mut [u8]) -> Result<(), SealError> {
        let len = frame_bytes.len();
        if len <= TAG || len > FRAME {
            return Err(SealError::WrongLength { frame, len });
        }
        let (plain, room) = frame_bytes.split_at_mut(len - TAG);
        let nonce = Nonce::assume_unique_for_key(nonce(number(frame)?, last));
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::empty(), plain);
        room.copy_from_slice(tag.map_err(|_| SealError::Unavailable)?.as_ref());
        Ok(())
    }

    /// Opens a sealed frame and appends its plaintext to `out`, which is as it was if the frame does not open.
    ///
    /// # Errors
    /// [`SealError::WrongLength`] if no frame has that length, [`SealError::Refused`] if it is not the frame that was
    /// sealed under this key with this number and last flag.
    pub fn open(&self, frame: u64, last: bool, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let len = sealed.len();
        if len <= TAG || len > FRAME || (!last && len - TAG != FRAME_PLAIN) {
            return Err(SealError::WrongLength { frame, len });
        }
        let nonce = Nonce::assume_unique_for_key(nonce(number(frame)?, last));
        let (ciphertext, tag) = sealed.split_at(len - TAG);
        let start = out.len();
        out.resize(start + ciphertext.len(), 0);
        self.key.open_separate_gather(nonce, Aad::empty(), ciphertext, tag, &mut out[start..]).map_err(|_| {
            out.truncate(start);
            SealError::Refused { frame }
        })
    }
}
