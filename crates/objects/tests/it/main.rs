//! The crate's guarantees, by subject.
#![allow(clippy::unwrap_used)]

#[cfg(all(feature = "native", feature = "portable"))]
mod backends;
mod encoding;
mod erasure;
mod opening;
mod refusals;
mod support;
mod trees;
mod vectors;
