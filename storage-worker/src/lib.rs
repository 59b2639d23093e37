#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! The middle decides and is pure; the edges act and are thin. From below:
//!
//! - [`model`]: values that the layers share. [`settings`], [`clock`], [`throttle`]: limits, time and delays.
//! - [`durable`]: small files that survive power cuts.
//! - [`store`]: the disk: shards, why each is kept, and which are missing. [`disk`] runs it off the async runtime.
//! - [`service`]: the worker's decisions, without I/O, clock or randomness of its own.
//! - [`background`]: the trait of background jobs, and their supervisor.
//! - [`accounts`], [`groups`], [`operator`]: the handles with which jobs and streams use the chain. [`status`] and [`metrics`]: what
//!   operators are shown.
//! - [`reclaim`]: releases lapsed promises once the chain has confirmed their end.
//! - [`serve`]: the network's edge: answers put and get streams.
//! - [`jobs`]: everything that runs in the background. [`join`] registers the worker before that; [`funds`] is the money
//!   that this takes.
//! - [`local`] and [`worker`]: assemble all of it; each job is given the handles that it needs and no others.
//! - [`http`]: health and metrics. [`daemon`]: the process, from [`config`] and [`identity`]. [`listing`]: the
//!   command that lists the jobs of a running process.
//!
//! A shard's way in: `serve` asks `service::admission`, streams into `store`, checks by `service::put`, and only then
//! acknowledges; a receipt is recorded in the store before it is sent. The chain's registrations are read by
//! `jobs::follow`; shards that are not held by then are found by `jobs::sync` and rebuilt by `jobs::rebuild`. When the chain
//! challenges the worker, `jobs::prove` reads the sampled bytes with their proofs from `store`, decides by
//! `service::prove`, and answers with the operator's key.

pub mod accounts;
pub mod background;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod disk;
pub mod durable;
pub mod funds;
pub mod groups;
pub mod http;
pub mod identity;
pub mod jobs;
pub mod join;
pub mod listing;
pub mod local;
pub mod metrics;
pub mod model;
pub mod operator;
pub mod reclaim;
pub mod serve;
pub mod service;
pub mod settings;
pub mod status;
pub mod store;
pub mod throttle;
mod watchdog;
pub mod worker;
