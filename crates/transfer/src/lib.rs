#![doc = include_str!("../README.md")]

mod error;
mod fetch;
mod network;
mod object;
mod options;
pub mod progress;
mod rebuild;
pub mod upload;

pub use error::{FetchError, Trouble};
pub use fetch::{ByteStream, ObjectReader};
pub use network::Network;
pub use object::Object;
pub use options::{FetchOptions, Hedge};
