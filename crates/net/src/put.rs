//! The put protocol's two halves: [`PutClient`] stores shards and collects receipts, [`PutServer`] takes them in.
//!
//! Both are typed by state: what may be said next is what the present value has methods for, so neither side can get
//! out of step by mistake.

mod client;
mod server;

pub use client::{PutClient, ShardWriter};
pub use server::{CloseCall, OpenCall, PutCall, PutServer, ShardUpload, SignCall};
