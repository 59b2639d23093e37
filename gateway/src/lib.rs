//! Names and objects in a browser: HTTP over verified reads.
//!
//! `http://NAME.mega.localhost:PORT/PATH` is answered so: [`host`] takes the name from the request's host, a [`Source`]
//! opens what the name points at, [`page`] finds the file that a path means, [`rules`] say what stands in for a file that is
//! not there and which headers an answer carries, [`respond`] answers with the file or the range of it that was asked for,
//! and [`stamp`] says how all that is known. Every byte comes out of the source verified against the on-chain content
//! reference; a byte that does not fit ends the answer, it is never passed on. Whether the reference itself is proven or a
//! node was believed is said in every answer, and an operator can have the former only.
//!
//! A source is a trait, so that all of this is tested without a network; [`NetworkSource`] is the real one.
//! [`server`] serves it, within limits.

pub mod cache;
pub mod digest;
pub mod foreign;
pub mod host;
pub mod listing;
pub mod metrics;
pub mod network;
pub mod options;
pub mod own;
pub mod page;
pub mod respond;
pub mod router;
pub mod rules;
pub mod server;
pub mod site;
pub mod source;
pub mod stamp;

pub use foreign::ForeignGateway;
pub use listing::Listings;
pub use network::NetworkSource;
pub use options::Options;
pub use server::{Limits, serve};
pub use source::{Evidence, Opened, Resolved, Site, Source, SourceError, Verified};
