//! Names from their user's side: reading what people type, registering, and who may write.
//!
//! - [`input`]: from what is typed, in any script, to a name of the chain;
//! - [`foreign`]: references to content of other networks, as the URIs that those networks use;
//! - [`lookalikes`]: labels that look alike, and alternatives to choose from;
//! - [`record`]: keys and values of records as text;
//! - [`access`]: who may write for a name;
//! - [`registration`]: the next step towards a name, as a pure decision. [`NameRegistration`] takes the steps, and [`Estimate`] works
//!   out beforehand what they cost. The state on the disk is encrypted ([`pending`]) with a key that only the account's holder can
//!   compute ([`secret`]).

pub mod access;
mod error;
mod estimate;
pub mod foreign;
pub mod input;
pub mod lookalikes;
pub mod pending;
pub mod record;
mod recover;
mod registrar;
pub mod registration;
pub mod secret;

pub use error::NameError;
pub use estimate::Estimate;
pub use input::{Input, InputError};
pub use pending::{Pending, PendingStore};
pub use recover::{Recovered, recover};
pub use registrar::{NameRegistration, NameTerms, Registered, check_years, obstacle, price};

pub use meganet_primitives::units::BLOCK_SECONDS;
