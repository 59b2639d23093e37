//! Accounts that sign: mnemonics, secret URIs, and keystore files that the ecosystem's wallets read and write too.
//!
//! An [`Account`] is an sr25519 key, made from a BIP-39 phrase or a secret URI (`phrase//hard/soft///password`). A
//! [`Store`] is a folder of keystore files, one an account, in the JSON format (version 3) of the polkadot-js keyring,
//! so that a browser wallet can import what we wrote and we can open what it exported.

mod account;
mod error;
pub mod files;
mod keystore;
mod store;

pub use account::{Account, Phrase};
pub use error::WalletError;
pub use keystore::{KeystoreInfo, open as open_keystore, seal as seal_keystore};
pub use store::{Listed, Store, check_account_name};
