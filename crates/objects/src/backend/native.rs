//! The fast backend, for machines that run an operating system.

use super::{Aead, Backend, Code, CodeCache, KEY_LEN, NONCE_LEN, Refused, TAG_LEN, Want};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustfs_erasure_codec::{CodecOptions, galois_8};
use std::sync::Arc;

const _: () = assert!(NONCE_LEN == aws_lc_rs::aead::NONCE_LEN);

/// AES-256-GCM of `aws-lc-rs`, which is C and assembly, and Reed–Solomon of `rustfs-erasure-codec`, which chooses the
/// processor's vector instructions at run time.
#[derive(Clone, Copy, Debug)]
pub struct Native;

impl Backend for Native {
    type Aead = LessSafeKey;
    type Code = galois_8::ReedSolomon;

    fn code(data: u8, parity: u8) -> Result<Arc<Self::Code>, Refused> {
        static CODES: CodeCache<galois_8::ReedSolomon> = CodeCache::new();
        CODES.get((data, parity), || {
            // Threads are the caller's business: chunks of 64 KiB are too small to be worth splitting.
            let options = CodecOptions::builder().max_parallel_jobs(1).build();
            galois_8::ReedSolomon::with_options(data.into(), parity.into(), options).map_err(|_| Refused)
        })
    }

    fn random(bytes: &mut [u8]) -> Result<(), Refused> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| Refused)
    }
}

impl Aead for LessSafeKey {
    fn new(key: &[u8; KEY_LEN]) -> Result<Self, Refused> {
        UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| Refused)
    }

    fn seal(&self, nonce: &[u8; NONCE_LEN], bytes: &mut [u8]) -> Result<[u8; TAG_LEN], Refused> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self.seal_in_place_separate_tag(nonce, Aad::empty(), bytes).map_err(|_| Refused)?;
        tag.as_ref().try_into().map_err(|_| Refused)
    }

    fn open(&self, nonce: &[u8; NONCE_LEN], sealed: &[u8], tag: &[u8], plain: &mut [u8]) -> Result<(), Refused> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.open_separate_gather(nonce, Aad::empty(), sealed, tag, plain).map_err(|_| Refused)
    }
}

impl Code for galois_8::ReedSolomon {
    fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) -> Result<(), Refused> {
        self.encode_sep(data, parity).map_err(|_| Refused)
    }

    fn reconstruct(&self, chunks: &mut [Option<Vec<u8>>], want: Want) -> Result<(), Refused> {
        let done = match want {
            Want::All => galois_8::ReedSolomon::reconstruct(self, chunks),
            Want::Data => self.reconstruct_data(chunks),
            Want::Shard(shard) => {
                let wanted: Vec<bool> = (0..chunks.len()).map(|index| index == usize::from(shard)).collect();
                self.reconstruct_some(chunks, &wanted)
            }
        };
        done.map_err(|_| Refused)
    }

    fn add_scaled(factor: u8, source: &[u8], sum: &mut [u8]) {
        galois_8::mul_slice_xor(factor, source, sum);
    }
}
