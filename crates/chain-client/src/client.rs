//! The one way to the chain: a trait for each subject, and one that is all of them.

mod heads;
mod money;
mod names;
mod pages;
mod storage;
mod submit;

pub use self::{
    heads::HeadsClient, money::MoneyClient, names::NamesClient, storage::StorageClient, submit::SubmitClient,
};

/// All that a chain answers and takes. Object safe: hold it as `Arc<dyn ChainClient>`, on which the methods of all five
/// traits can be called without importing them.
///
/// Every read names the block it wants ([`crate::At`]): the finalized head where the answer must not be undone, the best
/// head where it must be fresh. Reads are retried over a lost connection; what still fails is a [`crate::ChainError`]
/// that says what to do.
pub trait ChainClient: HeadsClient + NamesClient + StorageClient + MoneyClient + SubmitClient {}

impl<T: HeadsClient + NamesClient + StorageClient + MoneyClient + SubmitClient> ChainClient for T {}
