//! How everything off chain talks to the chain.
//!
//! [`ChainClient`] is the one way in: an object-safe async trait with typed reads, one `submit`, and a stream of
//! finalized blocks. Programs hold an `Arc<dyn ChainClient>` and know nothing of what is behind it:
//!
//! - [`SubxtChain`] is a node, over WebSocket. Nothing is generated from a runtime: reads are runtime API calls whose
//!   answers decode into [`meganet_primitives::chain`], calls are SCALE bytes whose pallet and call indices are looked
//!   up by name in the node's metadata and which are checked against it before they are signed. So a runtime upgrade
//!   that leaves our pallets alone needs no new client. It reconnects by itself. [`SubxtChain::over_light`] asks a
//!   light client in this process instead ([`light`]), which believes no node.
//! - [`fake::FakeChain`] is a chain in memory with the same rules where clients care, for tests of everything that
//!   uses the trait. Its blocks are made by [`fake::FakeChain::tick`], and it can be told to fail.
//!
//! Around them: [`Call`], what can be submitted; [`Signer`], an sr25519 key; [`account`], addresses as text;
//! [`amount`], tokens as text; [`cost`], what a call takes from an account; [`ChainError`], what can go wrong, each
//! with what to do about it.
//!
//! Reads say at which block they look: [`At::Finalized`] for what must not be undone, [`At::Best`] for freshness.

pub mod account;
pub mod amount;
mod client;
pub mod cost;
mod error;
pub mod fake;
pub mod light;
mod proofs;
mod signer;
mod subxt;
mod trust;
mod types;

pub use self::{
    amount::{MEGA, Mega},
    client::ChainClient,
    error::ChainError,
    proofs::NameProofs,
    signer::{Signer, SignerError},
    subxt::{Options, SubxtChain},
    trust::Trust,
    types::{AccountBalance, At, BlockRef, Call, ChainEvent, NodeStatus, StoredLeaf, TxOutcome, Until},
};
