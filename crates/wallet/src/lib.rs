#![doc = include_str!("../README.md")]

mod account;
mod error;
pub mod files;
mod keystore;
mod store;

pub use account::{Account, Phrase};
pub use error::WalletError;
pub use keystore::{KeystoreInfo, open as open_keystore, seal as seal_keystore};
pub use store::{Listed, Store, check_account_name};
