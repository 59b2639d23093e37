//! From plaintext to shards on the members of a group, and to their receipts.
//!
//! [`choose_profile`] and [`Groups`] find a group with room, or have the chain open and fill one. A [`Session`] is the
//! members of a group that can be reached. [`Session::store`] seals, encodes and sends one object: stripe after stripe
//! goes to all members side by side, through short queues, so memory is a few stripes whatever the object's length. A
//! member that lags behind the quorum, or fails, is left out and the others go on; without a quorum the upload fails and
//! says who was missing and why. [`Session::sign`] makes batches of what was stored and collects the receipts.

mod batch;
mod error;
mod group;
mod lane;
mod object;
mod session;
mod sign;

pub use error::UploadError;
pub(crate) use group::{Groups, Room, choose_profile};
pub(crate) use object::{Source, Stored};
pub(crate) use session::Session;
pub(crate) use sign::SignedBatch;
