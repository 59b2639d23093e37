//! Values that both [`crate::service`] (which decides on them) and [`crate::store`] (which keeps them) work with. This
//! module depends on neither.
//!
//! - [`keys`]: keys of the index: shards, range leaves, receipts.
//! - [`records`]: values of the index, in SCALE.
//! - [`usage`]: how much is held and missing.
//! - [`sample`]: the local copy of a byte that an audit asks for.

pub mod keys;
pub mod records;
pub mod sample;
pub mod usage;

pub use sample::{Row, StoredSample};
pub use usage::Usage;
