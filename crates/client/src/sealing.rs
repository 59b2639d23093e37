//! Encryption of what this program keeps on the disk, with keys that only an account's holder can compute.
//!
//! The root is the public key of a hard derivation of the account's key that nothing else uses: it cannot be computed
//! without the secret key, and it is never shown. So it works for every account, also one from a keystore whose secret
//! stays inside the signing library. Everything else is keyed BLAKE2b of it, with a purpose.

use blake2b_simd::Params;
use codec::Encode;
use crypto_secretbox::{
    Key, Nonce, XSalsa20Poly1305,
    aead::{Aead, KeyInit},
};
use meganet_chain_client::Signer;
use meganet_primitives::hash::Hash;
use rand::RngCore;
use subxt_signer::DeriveJunction;
use zeroize::Zeroizing;

/// Bytes of a nonce before what is encrypted.
const NONCE_LEN: usize = 24;

/// The root of an account's secrets for one purpose on one chain.
pub(crate) struct SealingKey {
    root: Zeroizing<[u8; 32]>,
}

impl SealingKey {
    /// The root of an account on the chain with this genesis. `junction` names the purpose; no secret URI can name it, since
    /// it contains slashes.
    pub(crate) fn derive(signer: &Signer, genesis: &Hash, junction: &str) -> Self {
        let derived = Zeroizing::new(signer.keypair().derive([DeriveJunction::hard(junction)]).public_key().0);
        Self { root: keyed(&derived, &("root", genesis)) }
    }

    /// Keyed BLAKE2b-256 of a value's SCALE encoding.
    pub(crate) fn keyed(&self, value: &impl Encode) -> Zeroizing<[u8; 32]> {
        keyed(&self.root, value)
    }

    /// A file name that reveals nothing about `what` without the key.
    pub(crate) fn file_name(&self, what: &impl Encode) -> String {
        let id = self.keyed(&("file", what));
        hex::encode(id.get(..16).unwrap_or_default())
    }

    /// Encrypts.
    pub(crate) fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut sealed = nonce.to_vec();
        sealed.extend(self.cipher().encrypt(Nonce::from_slice(&nonce), plain).ok()?);
        Some(sealed)
    }

    /// Decrypts; `None` for what was encrypted with another key, or is damaged.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        self.cipher().decrypt(Nonce::from_slice(nonce), sealed).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XSalsa20Poly1305 {
        XSalsa20Poly1305::new(Key::from_slice(&self.keyed(&"cipher")[..]))
    }
}

fn keyed(key: &[u8; 32], value: &impl Encode) -> Zeroizing<[u8; 32]> {
    let digest = Params::new().hash_length(32).key(key).hash(&value.encode());
    let mut out = Zeroizing::new([0; 32]);
    out.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    out
}
