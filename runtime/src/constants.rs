//! Money, time and sizes that the rest of the runtime is set by.

use meganet_primitives::{Balance, BlockNumber};

/// The native token's symbol, as in chain specs and the metadata hash.
pub const TOKEN_SYMBOL: &str = "MEGA";
/// Decimals of the native token.
pub const TOKEN_DECIMALS: u8 = 12;
/// The first byte(s) of every SS58 address of this chain.
pub const SS58_PREFIX: u16 = 6342;

/// One MEGA, in planck.
pub const MEGA: Balance = 1_000_000_000_000;
/// A thousandth of a MEGA.
pub const MILLI_MEGA: Balance = MEGA / 1_000;
/// A millionth of a MEGA.
pub const MICRO_MEGA: Balance = MEGA / 1_000_000;
/// An account below this is removed: it keeps the state free of dust.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_MEGA;

/// Milliseconds of a BABE slot and so of the usual block. It can't change after genesis.
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

/// Most validators that a session can have.
pub const MAX_AUTHORITIES: u32 = 100;
/// Bytes that one block's extrinsics may have.
pub const MAX_BLOCK_LENGTH: u32 = 3 * 1024 * 1024;
