//! The units of the network: the token, the time of blocks, and the prefix of addresses. Chain and programs use the same.

use crate::{Balance, BlockNumber};

/// Decimals of the native token.
pub const DECIMALS: u8 = 12;
/// One MEGA, in planck.
pub const MEGA: Balance = 10u128.pow(DECIMALS as u32);
/// The SS58 prefix of this chain's addresses.
pub const SS58_PREFIX: u16 = 6342;

/// Seconds between blocks, about: the length of a slot. It can't change after genesis.
pub const BLOCK_SECONDS: u64 = 3;
/// Blocks of a minute.
pub const MINUTES: BlockNumber = 20;
/// Blocks of an hour.
pub const HOURS: BlockNumber = 60 * MINUTES;
/// Blocks of a day.
pub const DAYS: BlockNumber = 24 * HOURS;

const _: () = assert!(MINUTES as u64 * BLOCK_SECONDS == 60);
