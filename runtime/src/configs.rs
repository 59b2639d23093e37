//! The configuration of the pallets.

pub mod consensus;
pub mod money;
pub mod network;
pub mod system;
