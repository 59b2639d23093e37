//! How each pallet is set up.

pub mod consensus;
pub mod money;
pub mod network;
pub mod system;
