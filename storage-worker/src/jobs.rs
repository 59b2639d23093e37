//! What goes on in the background. Each job is a loop that ends when the worker is stopped, keeps to a rate, and takes up
//! after a crash where it was.
//!
//! - [`scrub`]: reads everything again, and finds what has gone bad.
//! - [`rebuild`]: makes missing and damaged shards anew from other members'.
//! - [`collect`]: removes what expired, was deleted, or was never registered.

pub mod collect;
pub mod rebuild;
pub mod scrub;
