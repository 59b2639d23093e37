//! Constants of money, time and sizes.

use meganet_primitives::{Balance, BlockNumber};

/// The native token's symbol, as in chain specs and the metadata hash.
pub const TOKEN_SYMBOL: &str = "MEGA";
/// Decimals of the native token.
pub const TOKEN_DECIMALS: u8 = 12;
/// The SS58 prefix of this chain's addresses.
pub const SS58_PREFIX: u16 = 6342;

/// One MEGA, in planck.
pub const MEGA: Balance = 1_000_000_000_000;
/// A thousandth of a MEGA.
pub const MILLI_MEGA: Balance = MEGA / 1_000;
/// A millionth of a MEGA.
pub const MICRO_MEGA: Balance = MEGA / 1_000_000;
/// An account with less is removed, which keeps the state free of dust.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_MEGA;

/// Milliseconds of a BABE slot, and so between blocks. It can't change after genesis.
pub const SLOT_MILLIS: u64 = 3_000;
/// Blocks of a minute.
pub const MINUTES: BlockNumber = 20;
/// Blocks of an hour.
pub const HOURS: BlockNumber = 60 * MINUTES;
/// Blocks of a day.
pub const DAYS: BlockNumber = 24 * HOURS;
/// Slots of a BABE epoch, which is also a session: ten minutes. It can't change after genesis.
pub const EPOCH_SLOTS: u64 = 200;
/// `EPOCH_SLOTS` as a block number.
pub const EPOCH_BLOCKS: BlockNumber = 10 * MINUTES;

/// Maximum number of validators.
pub const MAX_AUTHORITIES: u32 = 100;
/// Maximum length of all extrinsics of a block, in bytes.
pub const MAX_BLOCK_LENGTH: u32 = 3 * 1024 * 1024;
