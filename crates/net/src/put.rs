//! The put protocol's two halves: [`PutClient`] stores shards and collects receipts, [`PutServer`] receives them.
//!
//! Both are typed by state: each value has methods only for the messages that may follow, so neither side can get out of step by
//! mistake.

mod client;
mod server;

pub use client::{PutClient, ShardWriter};
pub use server::{AccountCall, CloseCall, OpenCall, PutCall, PutServer, ShardUpload, SignCall};
