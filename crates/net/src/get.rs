//! The get protocol's two halves: [`GetClient`] asks, [`GetServer`] answers.
//!
//! A [`GetClient`] keeps a small pool of streams to one peer, so that several requests run side by side and a stream's
//! set-up is paid once. What it returns has the shape that was asked for and keeps every bound; whether it is *true*
//! (roots, proofs, ids) is for the caller to check.

mod client;
mod pool;
mod server;

pub use client::{Frames, GetClient};
pub(crate) use pool::Pool;
pub use server::{Answer, GetCall, GetServer};
