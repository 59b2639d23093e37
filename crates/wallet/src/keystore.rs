//! Keystore files: the JSON format, version 3, of the polkadot-js keyring.
//!
//! `encoded` is base64 of `salt (32) ‖ N ‖ p ‖ r (u32 LE each) ‖ nonce (24) ‖ box`. The key of the box is scrypt of the
//! password; in it is `header ‖ secret (64, expanded as for Ed25519) ‖ divider ‖ public (32)`, a PKCS#8 look-alike.
//! The signing library opens keystores, but cannot write them; this module does.

mod form;

use crate::{Account, WalletError};
use crypto_secretbox::{
    Key, Nonce, XSalsa20Poly1305,
    aead::{Aead, KeyInit},
};
use data_encoding::BASE64;
use form::Form;
pub use form::is_keystore;
use meganet_chain_client::account::parse_account;
use meganet_primitives::AccountId;
use rand::RngCore;
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};
use subxt_signer::polkadot_js_compat;
use zeroize::Zeroizing;

const PKCS8_HEADER: [u8; 16] = [48, 83, 2, 1, 1, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const PKCS8_DIVIDER: [u8; 5] = [161, 35, 3, 33, 0];
/// log2 N, p and r of scrypt: 128 MiB and about half a second for each guess.
const SCRYPT: (u8, u32, u32) = (17, 1, 8);
const SALT_LEN: usize = 32;
const NONCE_LEN: usize = 24;

#[derive(Serialize)]
struct Encoding {
    content: [&'static str; 2],
    r#type: [&'static str; 2],
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    name: &'a str,
    when_created: u64,
}

#[derive(Serialize)]
struct Keystore<'a> {
    address: String,
    encoded: String,
    encoding: Encoding,
    meta: Meta<'a>,
}

/// The part of a keystore that needs no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeystoreInfo {
    /// The account.
    pub account: AccountId,
    /// The name that its owner chose; may be empty.
    pub name: String,
    /// When it was created, in milliseconds since 1970; 0 if unknown.
    pub created_ms: u64,
}

impl KeystoreInfo {
    /// Reads the unencrypted part of a keystore.
    ///
    /// # Errors
    /// [`WalletError::Format`] if it is not a keystore of an sr25519 key, [`WalletError::Batch`] if of several accounts,
    /// [`WalletError::Ethereum`] if of an Ethereum account.
    pub fn read(json: &str) -> Result<Self, WalletError> {
        let Form { address, name, created_ms } = Form::read(json)?;
        // Addresses of any network: wallets write the prefix of the network that they were on.
        let account = parse_account(&address).map_err(|e| WalletError::Format(e.to_string()))?;
        Ok(Self { account, name, created_ms })
    }
}

/// Opens a keystore. Takes about half a second: run it where blocking is allowed.
///
/// # Errors
/// [`WalletError::WrongPassword`], or as of [`KeystoreInfo::read`].
pub fn open(json: &str, password: &str) -> Result<Account, WalletError> {
    KeystoreInfo::read(json)?;
    let json = form::with_usual_version(json)?;
    polkadot_js_compat::decrypt_json(&json, password).map(Account::from_keypair).map_err(|error| match error {
        polkadot_js_compat::Error::Secretbox(_) => WalletError::WrongPassword,
        other => WalletError::Format(other.to_string()),
    })
}

/// Seals an account into the JSON of a keystore, under a password. Takes about half a second.
///
/// # Errors
/// [`WalletError::EmptyPassword`]; [`WalletError::Format`] for an account that was itself opened from a keystore (copy the
/// file instead).
pub fn seal(account: &Account, name: &str, password: &str) -> Result<String, WalletError> {
    if password.is_empty() {
        return Err(WalletError::EmptyPassword);
    }
    let mut salt = [0; SALT_LEN];
    let mut nonce = [0; NONCE_LEN];
    rand::rng().fill_bytes(&mut salt);
    rand::rng().fill_bytes(&mut nonce);
    let encoded = seal_with(account, password, SCRYPT, &salt, &nonce)?;
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    let keystore = Keystore {
        address: account.address(),
        encoded,
        encoding: Encoding {
            content: ["pkcs8", "sr25519"],
            r#type: ["scrypt", "xsalsa20-poly1305"],
            version: form::VERSION,
        },
        meta: Meta { name, when_created: u64::try_from(created).unwrap_or(u64::MAX) },
    };
    serde_json::to_string_pretty(&keystore).map_err(|e| WalletError::Format(e.to_string()))
}

/// The `encoded` field. Pure, so that known answers can test it.
fn seal_with(
    account: &Account,
    password: &str,
    (log_n, p, r): (u8, u32, u32),
    salt: &[u8; SALT_LEN],
    nonce: &[u8; NONCE_LEN],
) -> Result<String, WalletError> {
    let fail = |what: &str| WalletError::Format(what.to_owned());
    let secret = account
        .expanded_secret()
        .ok_or_else(|| fail("this account was opened from a keystore, so only that file has its key; copy the file"))?;
    let mut plain = Zeroizing::new(Vec::with_capacity(PKCS8_HEADER.len() + 64 + PKCS8_DIVIDER.len() + 32));
    plain.extend_from_slice(&PKCS8_HEADER);
    plain.extend_from_slice(&secret[..]);
    plain.extend_from_slice(&PKCS8_DIVIDER);
    plain.extend_from_slice(&account.id());

    let params = scrypt::Params::new(log_n, r, p, 32).map_err(|_| fail("unusable scrypt parameters"))?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password.as_bytes(), salt, &params, &mut key[..]).map_err(|_| fail("unusable scrypt parameters"))?;
    let cipher = XSalsa20Poly1305::new(Key::from_slice(&key[..]));
    let sealed =
        cipher.encrypt(Nonce::from_slice(nonce), plain.as_slice()).map_err(|_| fail("the key could not be sealed"))?;

    let mut bytes = salt.to_vec();
    for number in [1_u32 << log_n, p, r] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(nonce);
    bytes.extend_from_slice(&sealed);
    Ok(BASE64.encode(&bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Written by the polkadot-js app for //Alice; published with the tests of the subxt library.
    const ALICE_ENCODED: &str = "DumgApKCTqoCty1OZW/8WS+sgo6RdpHhCwAkA2IoDBMAgAAAAQAAAAgAAAB6IG/q24EeVf0JqWqcBd5m2tKq5BlyY84IQ8oamLn9DZe9Ouhgunr7i36J1XxUnTI801axqL/ym1gil0U8440Qvj0lFVKwGuxq38zuifgoj0B3Yru0CI6QKEvQPU5xxj4MpyxdSxP+2PnTzYao0HDH0fulaGvlAYXfqtU89xrx2/z9z7IjSwS3oDFPXRQ9kAdDebtyCVreZ9Otw9v3";
    const ALICE_PASSWORD: &str = "whoisalice";

    /// Same key, password, salt and nonce: the very bytes that polkadot-js wrote.
    #[test]
    fn writes_what_polkadot_js_writes() {
        let bytes = BASE64.decode(ALICE_ENCODED.as_bytes()).unwrap();
        let salt = bytes[..32].try_into().unwrap();
        let nonce = bytes[44..68].try_into().unwrap();
        let alice = Account::from_suri("//Alice").unwrap();
        assert_eq!(seal_with(&alice, ALICE_PASSWORD, (15, 1, 8), &salt, &nonce).unwrap(), ALICE_ENCODED);
    }

    #[test]
    fn opens_what_polkadot_js_wrote() {
        let json = serde_json::json!({
            "encoded": ALICE_ENCODED,
            "encoding": {"content": ["pkcs8", "sr25519"], "type": ["scrypt", "xsalsa20-poly1305"], "version": "3"},
            "address": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
            "meta": {"genesisHash": "", "name": "Alice", "whenCreated": 1718265838755_u64}
        })
        .to_string();
        let alice = Account::from_suri("//Alice").unwrap();
        let number = json.replace(r#""version":"3""#, r#""version":3"#);
        assert_ne!(number, json);
        for json in [json.clone(), format!("\u{feff}{json}\r\n"), number] {
            assert_eq!(open(&json, ALICE_PASSWORD).unwrap().id(), alice.id());
            assert_eq!(KeystoreInfo::read(&json).unwrap().name, "Alice");
        }
        assert!(matches!(open(&json, "whoisbob"), Err(WalletError::WrongPassword)));
    }

    #[test]
    fn opens_its_own_and_nothing_else() {
        let account = Account::from_phrase(&crate::Phrase::generate().unwrap()).unwrap();
        let json = seal(&account, "mine", "pass word").unwrap();
        let opened = open(&json, "pass word").unwrap();
        assert_eq!(opened.id(), account.id());
        assert!(matches!(seal(&opened, "again", "x"), Err(WalletError::Format(_))));
        assert!(matches!(seal(&account, "mine", ""), Err(WalletError::EmptyPassword)));
        assert!(matches!(open(&json.replace("\"3\"", "\"2\""), "x"), Err(WalletError::Format(_))));
        assert!(matches!(open(&json.replace("sr25519", "ed25519"), "x"), Err(WalletError::Format(_))));
        let mut value: serde_json::Value = serde_json::from_str(&json).unwrap();
        value["encoded"] = "AAAA".into();
        assert!(matches!(open(&value.to_string(), "x"), Err(WalletError::Format(_))));
        assert!(open("{}", "x").is_err());
    }
}
