//! Secrets that only an account's holder can compute: those of commitments, and the key that pending registrations are
//! encrypted with.
//!
//! The secret of a commitment follows from the account, the chain, the label, and the block at which it was made. So it is
//! never used twice, and the account's holder can find it again with nothing left on the disk ([`super::recover()`]).

use crate::sealing::SealingKey;
use meganet_chain_client::Signer;
use meganet_primitives::{AccountId, BlockNumber, hash::Hash, name::Secret};
use zeroize::Zeroizing;

/// The derivation that nothing else uses.
const JUNCTION: &str = "meganet/names/1";

/// The root of an account's secrets about names on one chain.
pub struct NameKey {
    account: AccountId,
    key: SealingKey,
}

impl NameKey {
    /// The one of an account on the chain with this genesis.
    pub fn new(signer: &Signer, genesis: &Hash) -> Self {
        Self { account: signer.account(), key: SealingKey::derive(signer, genesis, JUNCTION) }
    }

    /// The account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The secret of a commitment to a label that was made at block `born`.
    pub fn secret(&self, label: &str, born: BlockNumber) -> Secret {
        *self.key.keyed(&("commitment", label, born))
    }

    /// The file name of a label, which reveals nothing about the label without the key.
    pub fn file_name(&self, label: &str) -> String {
        self.key.file_name(&label)
    }

    /// Encrypts.
    pub fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.key.seal(plain)
    }

    /// Decrypts; `None` for what was encrypted with another key, or is damaged.
    pub fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.key.open(sealed)
    }
}

impl std::fmt::Debug for NameKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameKey({})", hex::encode(self.account))
    }
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
