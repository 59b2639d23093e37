//! meganet-worker: lends disk, holds shards, serves them, mends them.
//!
//! The middle decides and is pure; the edges act and are thin:
//!
//! - [`service`]: what a worker decides. No I/O, no clock, no chance of its own.
//! - [`store`]: the disk. Shards, why each is kept, and which are missing.
//! - [`serve`]: the network's edge: answers put and get streams.
//! - [`chain`]: the chain's edge: registers the worker, follows finalized blocks, keeps the store in step with them.
//! - [`jobs`]: what goes on in the background: scrub, rebuild, collection of garbage; proofs, blackout, reports, leaving.
//! - [`http`]: health and metrics for the operator.
//! - [`worker`]: puts them together and takes them apart again. [`daemon`] does so as a process: [`config`] says how,
//!   [`identity`] who.
//!
//! What ties them together is [`context::Context`]. A shard's way in: `serve` asks `service::admission`, streams into
//! `store`, checks by `service::put`, and only then answers; a receipt is noted in the store before it leaves. What the
//! chain registers comes by `chain`, and what is not here by then is found and rebuilt by `jobs`. When the chain asks for
//! bytes, `jobs::prove` reads them with their proofs from `store`, decides by `service::prove`, and answers with the
//! operator's key.

pub mod chain;
pub mod clock;
pub mod config;
pub mod context;
pub mod daemon;
pub mod http;
pub mod identity;
pub mod jobs;
pub mod metrics;
pub mod serve;
pub mod service;
pub mod settings;
pub mod status;
pub mod store;
mod sync;
pub mod worker;
