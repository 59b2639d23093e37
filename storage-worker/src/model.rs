//! Values that both [`crate::service`] (which decides on them) and [`crate::store`] (which keeps them) work with. This
//! module depends on neither.
//!
//! - [`keys`]: keys of the index: shards, range leaves, receipts.
//! - [`lapse`]: promises that are reported to have ended.
//! - [`records`]: values of the index, in SCALE.
//! - [`usage`]: how much is held and missing.
//! - [`sample`]: the local copy of a byte that an audit asks for.
//! - [`staged`]: uploaded shards that nothing promises.

pub mod keys;
pub mod lapse;
pub mod records;
pub mod sample;
pub mod staged;
pub mod usage;

pub use lapse::Lapse;
pub use sample::{Row, StoredSample};
pub use staged::StagedShard;
pub use usage::{Usage, footprint};
