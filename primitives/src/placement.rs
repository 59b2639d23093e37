//! Placement: profiles, the country rule, and how the slots of a group are filled.
//!
//! The rule, always: no country holds more than `(n - k) / 2` of a group's slots, so any two countries can vanish at
//! once and every object can still be read; and no operator holds two of them.

mod fill;
mod profile;

pub use fill::{Candidate, PlacementError, check, fill};
pub use profile::{Profile, ProfileId, UnknownProfile};

use crate::object::MAX_SHARDS;

/// The most slots of a group: one for each shard.
pub const MAX_SLOTS: u32 = MAX_SHARDS;

#[cfg(test)]
mod tests;
