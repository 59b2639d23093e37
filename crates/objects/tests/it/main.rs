//! What the codec promises, by kind of promise.
#![allow(clippy::unwrap_used)]

mod encoding;
mod erasure;
mod opening;
mod refusals;
mod support;
mod trees;
mod vectors;
