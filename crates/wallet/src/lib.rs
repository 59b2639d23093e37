#![doc = include_str!("../README.md")]

mod account;
mod error;
pub mod files;
mod keystore;
mod passed_over;
mod secret_file;
mod store;

pub use account::{Account, Phrase};
pub use error::WalletError;
pub use keystore::{KeystoreInfo, is_keystore, open as open_keystore, seal as seal_keystore};
pub use passed_over::PassedOver;
pub use secret_file::{SecretFileError, read_password_file, read_secret_file};
pub use store::{Listed, Listing, Store, check_account_name};
