//! From plaintext to shards on the members of a group, and to their receipts.
//!
//! [`choose_profile`] and [`Groups`] find a group with room, or have the chain open and fill one. A [`UploadSession`] is the
//! members of a group that can be reached. [`UploadSession::store`] seals, encodes and sends one object: stripe after stripe
//! goes to all members side by side, through short queues, so memory is a few stripes whatever the object's length. A
//! member that lags behind the quorum, or fails, is left out and the others continue; without a quorum the upload fails with the
//! reasons of the others. [`UploadSession::sign`] makes batches of what was stored and collects the receipts.

mod batch;
mod busy;
mod error;
mod group;
mod lane;
mod session;
mod sign;
mod source;
mod store;

pub use error::UploadError;
pub use group::{Groups, Room, choose_profile, next_profile};
pub use session::UploadSession;
pub use sign::SignedBatch;
pub use source::Source;
pub use store::Stored;
