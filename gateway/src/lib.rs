//! Names and objects in a browser: HTTP over verified reads.
//!
//! `http://NAME.mega.localhost:PORT/PATH` is answered so: [`host`] takes the label from the request's host, a [`Source`]
//! opens the site that the name points at, [`page`] finds the file that a path means, [`respond`] answers with the file or
//! the range of it that was asked for. Every byte comes out of the source verified against the on-chain content reference;
//! a byte that does not fit ends the answer, it is never passed on.
//!
//! A source is a trait, so that all of this is tested without a network; [`NetworkSource`] is the real one.
//! [`server`] serves it, within limits.

pub mod cache;
pub mod host;
pub mod metrics;
pub mod network;
pub mod page;
pub mod respond;
pub mod router;
pub mod server;
pub mod source;

pub use network::NetworkSource;
pub use server::{serve, Limits};
pub use source::{Site, Source, SourceError};
