#![doc = include_str!("../README.md")]

pub mod account;
pub mod amount;
mod client;
pub mod cost;
mod error;
pub mod light;
mod proofs;
pub mod rpc;
mod secret;
mod signer;
mod subxt;
mod trust;
mod types;

pub use self::{
    amount::{MEGA, Mega},
    client::{ChainClient, HeadsClient, MoneyClient, NamesClient, StorageClient, SubmitClient},
    error::ChainError,
    proofs::NameProofs,
    secret::{PhraseError, is_development_secret, parse_phrase, parse_secret},
    signer::{Signer, SignerError},
    subxt::{ChainOptions, SubxtChain},
    trust::Trust,
    types::{
        AccountBalance, At, AutoRenewalCall, BlockRef, Call, ChainEvent, NameCall, NodeStatus, StorageCall, StoredLeaf,
        TxOutcome, Until, WorkerCall,
    },
};

/// The traits whose methods a [`ChainClient`] has, for calling them on a type of this crate such as [`SubxtChain`].
pub mod prelude {
    pub use crate::{HeadsClient as _, MoneyClient as _, NamesClient as _, StorageClient as _, SubmitClient as _};
}
