//! Secrets that only an account's holder can compute: those of commitments, and the key that pending registrations are
//! encrypted with.
//!
//! The root is the public key of a hard derivation of the account's key that nothing else uses: it cannot be computed
//! without the secret key, and it is never shown. So it works for every account, also one from a keystore whose secret
//! stays inside the signing library. Everything else is keyed BLAKE2b of it, with a purpose.
//!
//! The secret of a commitment follows from the account, the chain, the label, and the block at which it was made. So it is
//! never used twice, and the account's holder can find it again with nothing left on the disk ([`super::recover()`]).

use blake2b_simd::Params;
use codec::Encode;
use crypto_secretbox::{
    Key, Nonce, XSalsa20Poly1305,
    aead::{Aead, KeyInit},
};
use meganet_chain_client::Signer;
use meganet_primitives::{AccountId, BlockNumber, hash::Hash, name::Secret};
use rand::RngCore;
use subxt_signer::DeriveJunction;
use zeroize::Zeroizing;

/// The derivation that nothing else uses. No secret URI can name it: it contains slashes.
const JUNCTION: &str = "meganet/names/1";
/// Bytes of a nonce before what is encrypted.
const NONCE_LEN: usize = 24;

/// The root of an account's secrets about names on one chain.
pub struct NameKey {
    account: AccountId,
    root: Zeroizing<[u8; 32]>,
}

impl NameKey {
    /// The one of an account on the chain with this genesis.
    pub fn new(signer: &Signer, genesis: &Hash) -> Self {
        let derived = Zeroizing::new(signer.keypair().derive([DeriveJunction::hard(JUNCTION)]).public_key().0);
        Self { account: signer.account(), root: keyed(&derived, &("root", genesis)) }
    }

    /// The account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The secret of a commitment to a label that was made at block `born`.
    pub fn secret(&self, label: &str, born: BlockNumber) -> Secret {
        *keyed(&self.root, &("commitment", label, born))
    }

    /// The file name of a label, which reveals nothing about the label without the key.
    pub fn file_name(&self, label: &str) -> String {
        let id = keyed(&self.root, &("file", label));
        hex::encode(id.get(..16).unwrap_or_default())
    }

    /// Encrypts.
    pub fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut sealed = nonce.to_vec();
        sealed.extend(self.cipher().encrypt(Nonce::from_slice(&nonce), plain).ok()?);
        Some(sealed)
    }

    /// Decrypts; `None` for what was encrypted with another key, or is damaged.
    pub fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        self.cipher().decrypt(Nonce::from_slice(nonce), sealed).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XSalsa20Poly1305 {
        XSalsa20Poly1305::new(Key::from_slice(&keyed(&self.root, &"cipher")[..]))
    }
}

impl std::fmt::Debug for NameKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameKey({})", hex::encode(self.account))
    }
}

/// Keyed BLAKE2b-256 of a value's SCALE encoding.
fn keyed(key: &[u8; 32], value: &impl Encode) -> Zeroizing<[u8; 32]> {
    let digest = Params::new().hash_length(32).key(key).hash(&value.encode());
    let mut out = Zeroizing::new([0; 32]);
    out.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_wallet::{Account, open_keystore, seal_keystore};

    fn key(suri: &str, genesis: u8) -> NameKey {
        NameKey::new(&Signer::from_suri(suri).unwrap(), &[genesis; 32])
    }

    #[test]
    fn secrets_depend_on_everything_and_on_nothing_else() {
        let secret = key("//Alice", 1).secret("alice", 7);
        assert_eq!(secret, key("//Alice", 1).secret("alice", 7));
        for other in [
            key("//Bob", 1).secret("alice", 7),
            key("//Alice", 2).secret("alice", 7),
            key("//Alice", 1).secret("alicf", 7),
            key("//Alice", 1).secret("alice", 8),
        ] {
            assert_ne!(secret, other);
        }
        assert_ne!(key("//Alice", 1).file_name("alice"), key("//Bob", 1).file_name("alice"));
    }

    #[test]
    fn an_account_from_a_keystore_has_the_same_secrets() {
        let account = Account::from_suri("//Alice").unwrap();
        let opened = open_keystore(&seal_keystore(&account, "a", "password").unwrap(), "password").unwrap();
        let of = |account: &Account| NameKey::new(account.signer(), &[1; 32]).secret("alice", 7);
        assert_eq!(of(&account), of(&opened));
    }

    #[test]
    fn only_the_account_opens_what_it_sealed() {
        let sealed = key("//Alice", 1).seal(b"alice").unwrap();
        assert_eq!(key("//Alice", 1).open(&sealed).unwrap().as_slice(), b"alice");
        assert!(key("//Bob", 1).open(&sealed).is_none());
        assert!(!sealed.windows(5).any(|window| window == b"alice"));
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(key("//Alice", 1).open(&damaged).is_none(), "{at}");
            assert!(key("//Alice", 1).open(&sealed[..at]).is_none(), "{at}");
        }
    }
}
