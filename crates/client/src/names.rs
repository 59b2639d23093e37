//! Names from their user's side: reading what people type, registering, and who may write.
//!
//! - [`input`]: from what is typed, in any script, to a name of the chain;
//! - [`foreign`]: what other networks hold, as the URIs that they use;
//! - [`look`]: labels that look alike, and others to choose from;
//! - [`record`]: keys and values of records as text;
//! - [`standing`]: who may write for a name;
//! - [`registration`]: what to do next to get a name, as a pure decision; [`Registration`] does it, and [`Estimate`]
//!   says beforehand what that takes. What is kept on the disk meanwhile is encrypted ([`pending`]) with a key that only the
//!   account's holder can compute ([`secret`]).

mod error;
mod estimate;
pub mod foreign;
pub mod input;
pub mod look;
pub mod pending;
pub mod record;
mod recover;
mod registrar;
pub mod registration;
pub mod secret;
pub mod standing;

pub use error::NameError;
pub use estimate::Estimate;
pub use input::{Input, InputError};
pub use pending::{Pending, PendingStore};
pub use recover::{Recovered, recover};
pub use registrar::{Registered, Registration, Terms, obstacle};

/// Seconds that a block takes, about: for telling people when a block will be. The runtime's slot duration.
pub const BLOCK_SECONDS: u64 = 3;
