//! The key that signs transactions.

use crate::{
    account::format_account,
    secret::{PhraseError, parse_phrase, parse_secret},
};
use meganet_primitives::AccountId;
use subxt_signer::sr25519::Keypair;

/// The secret does not yield a key. No message contains any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// Its words are not a recovery phrase.
    #[error("the words of the secret are not a recovery phrase: {0}")]
    Phrase(#[from] PhraseError),
    /// It is not a secret URI.
    #[error(
        "the secret is not usable: {0}. Give 12 or 24 words, 0x and a 64-digit seed, or a derivation such as //Alice"
    )]
    Uri(String),
}

/// An sr25519 key and its account. Printing it shows the account only.
#[derive(Clone)]
pub struct Signer {
    keypair: Keypair,
    account: AccountId,
}

impl Signer {
    /// From a secret URI: words or `0x` seed, then `//hard` and `/soft` derivations, then `///password`. Without
    /// words it derives from the well-known development phrase, which everybody has.
    ///
    /// # Errors
    /// As of [`parse_secret`].
    pub fn from_suri(suri: &str) -> Result<Self, SignerError> {
        let uri = parse_secret(suri)?;
        Keypair::from_uri(&uri).map(Self::from_keypair).map_err(|e| SignerError::Uri(e.to_string()))
    }

    /// From BIP-39 words, in Substrate's derivation.
    ///
    /// # Errors
    /// If a word is unknown or the words fail their check.
    pub fn from_phrase(words: &str, password: Option<&str>) -> Result<Self, SignerError> {
        let mnemonic = parse_phrase(words)?;
        Keypair::from_phrase(&mnemonic, password).map(Self::from_keypair).map_err(|e| SignerError::Uri(e.to_string()))
    }

    /// From the 32-byte seed ("mini secret key").
    ///
    /// # Errors
    /// If the seed does not yield a key; practically never.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, SignerError> {
        Keypair::from_secret_key(seed).map(Self::from_keypair).map_err(|e| SignerError::Uri(e.to_string()))
    }

    /// From a key pair, for example one out of a keystore.
    pub fn from_keypair(keypair: Keypair) -> Self {
        let account = keypair.public_key().0;
        Self { keypair, account }
    }

    /// The account that it signs for.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The account's address.
    pub fn address(&self) -> String {
        format_account(&self.account)
    }

    /// Signs a message that is not a transaction.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.keypair.sign(message).0
    }

    /// The key pair, for signing other things.
    pub fn keypair(&self) -> &Keypair {
        &self.keypair
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::account::parse_account;

    const WORDS: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

    #[test]
    fn the_same_secret_in_every_form() {
        let alice = Signer::from_suri("//Alice").unwrap();
        assert_eq!(alice.account(), parse_account("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY").unwrap());
        assert_eq!(Signer::from_suri(&format!("{WORDS}//Alice")).unwrap().account(), alice.account());
        let root = Signer::from_phrase(WORDS, None).unwrap();
        assert_eq!(Signer::from_suri(WORDS).unwrap().account(), root.account());
        assert_ne!(Signer::from_phrase(WORDS, Some("x")).unwrap().account(), root.account());
        let seed: [u8; 32] = hex::decode("e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a")
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!(Signer::from_seed(seed).unwrap().account(), alice.account());
    }

    #[test]
    fn a_bad_secret_is_refused_and_never_printed() {
        let bad = WORDS.replace("walk", "bottom");
        let error = Signer::from_phrase(&bad, None).unwrap_err().to_string();
        assert!(!error.contains("drive"), "{error}");
        assert!(Signer::from_suri("not words at all").is_err());
        for empty in ["", " \n"] {
            assert!(Signer::from_suri(empty).unwrap_err().to_string().contains("empty"));
        }
        assert!(!format!("{:?}", Signer::from_suri(WORDS).unwrap()).contains("bottom"));
    }
}
