//! The get protocol's two halves: [`GetClient`] asks, [`GetServer`] answers.
//!
//! A [`GetClient`] keeps a small pool of streams to one peer, so that several requests run side by side and a stream is set up
//! once. Its replies have the requested shape and are within all bounds; whether they are *correct* (roots, proofs, ids)
//! is for the caller to check.

mod client;
mod pool;
mod server;

pub use client::{Frames, GetClient};
pub(crate) use pool::Pool;
pub use server::{Answer, GetCall, GetServer};
