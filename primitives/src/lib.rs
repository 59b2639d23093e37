#![doc = include_str!("../README.md")]
//!
//! # Modules, from the bytes up
//! - [`hash`]: BLAKE2b-256 with a tag for each use.
//! - [`merkle`]: the tree over a shard's 1 KiB leaves, and proofs of a run of them.
//! - [`object`]: how a sealed object is cut into stripes, chunks and shards, and how its id is computed.
//! - [`sum_tree`]: a tree whose nodes carry byte sums; a *batch* of objects is one.
//! - [`range`]: the append-only mountain range of batches that a group keeps for each expiry epoch.
//! - [`audit`]: which bytes a worker has to prove and when, and the proof that it holds them.
//! - [`receipt`]: the receipt that a worker signs when it has stored a batch durably.
//! - [`pay`]: the price of storing, and the bond of workers; [`units`]: of the token, time and addresses.
//! - [`placement`]: profiles, the country rule, and how slots are filled from workers.
//! - [`country`]: ISO 3166-1 alpha-2 codes.
//! - [`name`]: valid labels, look-alikes, prices, and when names lapse.
//! - [`content`]: targets of names and links; [`manifest`]: the files of a site; [`link`]: both as text.
//! - [`convert`]: conversions between `usize`, `u64` and `u32`.
//! - [`chain`]: the runtime's answers to nodes, clients and workers.
//! - [`pallets`]: the errors and events of our pallets; [`rpc_error`]: the codes of the node's errors.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod audit;
pub mod chain;
pub mod content;
pub mod convert;
pub mod country;
pub mod hash;
pub mod link;
pub mod manifest;
pub mod merkle;
pub mod name;
pub mod object;
pub mod pallets;
pub mod pay;
pub mod placement;
pub mod range;
pub mod receipt;
pub mod rpc_error;
pub mod sum_tree;
mod text;
pub mod units;

/// An account's public key (sr25519), as in the SDK's `AccountId32`.
pub type AccountId = [u8; 32];
/// Amounts of the native token, in planck: 10^12 planck are one MEGA.
pub type Balance = u128;
/// Height of a block.
pub type BlockNumber = u32;
/// A placement group's number, counted up from 0.
pub type GroupId = u32;
/// A worker's number in the registry, counted up from 0 and never reused.
pub type WorkerId = u32;
/// An automatic renewal's number, counted up from 0 and never reused.
pub type AutoRenewalId = u64;
/// A storage epoch: the unit in which storage is bought and expires.
pub type Epoch = u32;
/// An audit period: in each, every worker that holds a slot is challenged once.
pub type Period = u32;
/// Index of a slot in its group and so of the shard it holds: `0..n`, and `n` is at most [`placement::MAX_SLOTS`].
pub type SlotIndex = u8;
