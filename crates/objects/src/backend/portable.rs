//! The backend in Rust alone, for browsers and for machines without a C compiler.

use super::{Aead, Backend, Code, CodeCache, KEY_LEN, NONCE_LEN, Refused, TAG_LEN, Want};
use aes_gcm::{AeadInPlace, Aes256Gcm, KeyInit, Nonce, Tag};
use reed_solomon_erasure::galois_8;
use std::sync::Arc;

/// AES-256-GCM of RustCrypto's `aes-gcm`, which uses the processor's AES instructions where there are some, and Reed–Solomon of
/// `reed-solomon-erasure` 6, the crate that the format names.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

impl Backend for Portable {
    type Aead = Aes256Gcm;
    type Code = galois_8::ReedSolomon;

    fn code(data: u8, parity: u8) -> Result<Arc<Self::Code>, Refused> {
        static CODES: CodeCache<galois_8::ReedSolomon> = CodeCache::new();
        CODES.get((data, parity), || galois_8::ReedSolomon::new(data.into(), parity.into()).map_err(|_| Refused))
    }

    fn random(bytes: &mut [u8]) -> Result<(), Refused> {
        getrandom::fill(bytes).map_err(|_| Refused)
    }
}

impl Aead for Aes256Gcm {
    fn new(key: &[u8; KEY_LEN]) -> Result<Self, Refused> {
        Ok(<Self as KeyInit>::new(key.into()))
    }

    fn seal(&self, nonce: &[u8; NONCE_LEN], bytes: &mut [u8]) -> Result<[u8; TAG_LEN], Refused> {
        let tag = self.encrypt_in_place_detached(Nonce::from_slice(nonce), &[], bytes);
        tag.map(Into::into).map_err(|_| Refused)
    }

    fn open(&self, nonce: &[u8; NONCE_LEN], sealed: &[u8], tag: &[u8], plain: &mut [u8]) -> Result<(), Refused> {
        if tag.len() != TAG_LEN || sealed.len() != plain.len() {
            return Err(Refused);
        }
        plain.copy_from_slice(sealed);
        let (nonce, tag) = (Nonce::from_slice(nonce), Tag::from_slice(tag));
        self.decrypt_in_place_detached(nonce, &[], plain, tag).map_err(|_| Refused)
    }
}

impl Code for galois_8::ReedSolomon {
    fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) -> Result<(), Refused> {
        self.encode_sep(data, parity).map_err(|_| Refused)
    }

    fn reconstruct(&self, chunks: &mut [Option<Vec<u8>>], want: Want) -> Result<(), Refused> {
        match want {
            Want::All => galois_8::ReedSolomon::reconstruct(self, chunks).map_err(|_| Refused),
            Want::Data => self.reconstruct_data(chunks).map_err(|_| Refused),
            Want::Shard(shard) => reconstruct_one(self, chunks, shard.into()),
        }
    }

    fn add_scaled(factor: u8, source: &[u8], sum: &mut [u8]) {
        galois_8::mul_slice_xor(factor, source, sum);
    }
}

/// Computes one missing chunk. The crate has nothing between "all data" and "all", so what it computes in addition is
/// dropped again.
fn reconstruct_one(code: &galois_8::ReedSolomon, chunks: &mut [Option<Vec<u8>>], shard: usize) -> Result<(), Refused> {
    let missing: Vec<usize> = (0..chunks.len()).filter(|index| chunks[*index].is_none()).collect();
    let want = if shard < code.data_shard_count() { Want::Data } else { Want::All };
    Code::reconstruct(code, chunks, want)?;
    for index in missing.into_iter().filter(|index| *index != shard) {
        chunks[index] = None;
    }
    Ok(())
}
