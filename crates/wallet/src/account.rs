//! Keys: from a recovery phrase or a secret URI to something that signs.

use crate::WalletError;
use bip39::Mnemonic;
use meganet_chain_client::{PhraseError, Signer, parse_phrase, parse_secret};
use meganet_primitives::AccountId;
use schnorrkel::{ExpansionMode, MiniSecretKey, SecretKey, derive::Derivation};
use std::fmt;
use subxt_signer::{DeriveJunction, ExposeSecret, SecretUri, sr25519::Keypair};
use zeroize::Zeroizing;

/// Words of a new recovery phrase: 128 bits, as in the ecosystem's wallets.
const NEW_PHRASE_WORDS: usize = 12;

/// A recovery phrase. It is wiped from memory when it is dropped, and `Debug` does not print it.
pub struct Phrase(Zeroizing<String>);

impl Phrase {
    /// A fresh phrase of 12 words from the system's random generator.
    ///
    /// # Errors
    /// [`WalletError::Phrase`] if the generator fails.
    pub fn generate() -> Result<Self, WalletError> {
        let mnemonic = Mnemonic::generate(NEW_PHRASE_WORDS).map_err(unusable)?;
        Ok(Self(Zeroizing::new(mnemonic.to_string())))
    }

    /// Parses a phrase that a person typed or pasted: see [`parse_phrase`].
    ///
    /// # Errors
    /// [`WalletError::Phrase`] if a word is unknown, or the number of words or the checksum is wrong.
    pub fn parse(text: &str) -> Result<Self, WalletError> {
        let mnemonic = parse_phrase(text).map_err(WalletError::Phrase)?;
        Ok(Self(Zeroizing::new(mnemonic.to_string())))
    }

    /// Returns the words, to be shown once and written down.
    pub fn words(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase(..)")
    }
}

/// An sr25519 account with its secret key.
pub struct Account {
    signer: Signer,
    // Known only for accounts made from a phrase or URI; a key from a keystore stays inside the signing library.
    secret: Option<SecretKey>,
}

impl Account {
    /// The account of a recovery phrase, underived and without a password.
    ///
    /// # Errors
    /// [`WalletError::Suri`]; not for a phrase made by [`Phrase`].
    pub fn from_phrase(phrase: &Phrase) -> Result<Self, WalletError> {
        Self::from_suri(phrase.words())
    }

    /// The account of a secret URI: `PHRASE//hard/soft///password`, `0xSEED//…`, or `//Alice` for a development account.
    ///
    /// # Errors
    /// [`WalletError::Phrase`] if the phrase is invalid, [`WalletError::Suri`] for any other mistake.
    pub fn from_suri(suri: &str) -> Result<Self, WalletError> {
        let refuse = |reason: String| WalletError::Suri(reason);
        let uri = parse_secret(suri)?;
        let secret = uri.junctions.iter().fold(root_secret(&uri)?, derive);
        let keypair = Keypair::from_uri(&uri).map_err(|e| refuse(e.to_string()))?;
        if keypair.public_key().0 != secret.to_public().to_bytes() {
            return Err(refuse("two derivations of its key disagree".into()));
        }
        Ok(Self { signer: Signer::from_keypair(keypair), secret: Some(secret) })
    }

    /// The account of a key that the signing library has opened.
    pub(crate) fn from_keypair(keypair: Keypair) -> Self {
        Self { signer: Signer::from_keypair(keypair), secret: None }
    }

    /// Returns the public key, which is the account id.
    pub fn id(&self) -> AccountId {
        self.signer.account()
    }

    /// Returns the address on this network.
    pub fn address(&self) -> String {
        self.signer.address()
    }

    /// Returns the signer of transactions.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Returns the 64-byte secret key in the form of an expanded Ed25519 key, as keystores store it; `None` for an account that was
    /// opened from a keystore.
    pub(crate) fn expanded_secret(&self) -> Option<Zeroizing<[u8; 64]>> {
        self.secret.as_ref().map(|secret| Zeroizing::new(secret.to_ed25519_bytes()))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.address()).finish()
    }
}

/// The key before its junctions are applied.
fn root_secret(uri: &SecretUri) -> Result<SecretKey, WalletError> {
    let text = uri.phrase.expose_secret();
    let mini = if let Some(seed) = text.strip_prefix("0x") {
        let seed =
            Zeroizing::new(hex::decode(seed).map_err(|e| WalletError::Suri(format!("its seed is not hex: {e}")))?);
        MiniSecretKey::from_bytes(&seed).map_err(|_| WalletError::Suri("its seed is not 32 bytes long".into()))?
    } else {
        let phrase = Mnemonic::parse(text).map_err(unusable)?;
        let password = uri.password.as_ref().map_or("", |p| p.expose_secret());
        let entropy = Zeroizing::new(phrase.to_entropy());
        substrate_bip39::mini_secret_from_entropy(&entropy, password)
            .map_err(|e| WalletError::Phrase(PhraseError::Other(format!("{e:?}"))))?
    };
    Ok(mini.expand(ExpansionMode::Ed25519))
}

fn unusable(error: bip39::Error) -> WalletError {
    WalletError::Phrase(PhraseError::Other(error.to_string()))
}

fn derive(secret: SecretKey, junction: &DeriveJunction) -> SecretKey {
    let code = schnorrkel::derive::ChainCode(*junction.inner());
    if junction.is_hard() {
        secret.hard_derive_mini_secret_key(Some(code), b"").0.expand(ExpansionMode::Ed25519)
    } else {
        secret.derived_key_simple(code, []).0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_chain_client::account::parse_account;

    /// From the address table that every Substrate tool's development keys share.
    #[test]
    fn development_accounts() {
        let bob = Account::from_suri("//Bob").unwrap();
        assert_eq!(bob.id(), parse_account("5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty").unwrap());
    }

    #[test]
    fn junctions_seeds_and_passwords_agree_with_the_signing_library() {
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        for suri in ["//foo//bar/wibble", "/1", "//0001///secret", "///secret"] {
            Account::from_suri(&format!("{phrase}{suri}")).unwrap();
        }
        Account::from_suri("0x1122334455667788112233445566778811223344556677881122334455667788//x").unwrap();
    }

    #[test]
    fn phrases_forgive_case_and_blanks_but_not_words() {
        let phrase = Phrase::generate().unwrap();
        assert_eq!(phrase.words().split(' ').count(), 12);
        let typed = format!("  {} ", phrase.words().to_uppercase().replace(' ', "  "));
        assert_eq!(Phrase::parse(&typed).unwrap().words(), phrase.words());
        assert!(Phrase::parse("bottom drive obey lake curtain smoke basket hold race lonely fit fit").is_err());
        assert!(!format!("{phrase:?}").contains(phrase.words()));
    }

    #[test]
    fn refuses_nonsense() {
        assert!(matches!(Account::from_suri("not a phrase"), Err(WalletError::Phrase(_))));
        assert!(matches!(Account::from_suri(" "), Err(WalletError::Suri(_))));
        assert!(matches!(Account::from_suri("0x12//a"), Err(WalletError::Suri(_))));
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        let pasted = format!("\u{feff}{}\r\n//Stash\n", phrase.to_uppercase().replace(' ', "\r\n"));
        let plain = Account::from_suri(&format!("{phrase}//Stash")).unwrap();
        assert_eq!(Account::from_suri(&pasted).unwrap().id(), plain.id());
    }
}
