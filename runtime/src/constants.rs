//! Constants of money, time and sizes.

use meganet_primitives::{Balance, BlockNumber, units::BLOCK_SECONDS};

pub use meganet_primitives::units::{DAYS, DECIMALS as TOKEN_DECIMALS, HOURS, MEGA, MINUTES, SS58_PREFIX};

/// The native token's symbol, as in chain specs and the metadata hash.
pub const TOKEN_SYMBOL: &str = "MEGA";
/// A thousandth of a MEGA.
pub const MILLI_MEGA: Balance = MEGA / 1_000;
/// A millionth of a MEGA.
pub const MICRO_MEGA: Balance = MEGA / 1_000_000;
/// An account with less is removed, which keeps the state free of dust.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_MEGA;

/// Milliseconds of a BABE slot, and so between blocks. It can't change after genesis.
pub const SLOT_MILLIS: u64 = 1_000 * BLOCK_SECONDS;
/// Slots of a BABE epoch, which is also a session: ten minutes. It can't change after genesis.
pub const EPOCH_SLOTS: u64 = 200;
/// `EPOCH_SLOTS` as a block number.
pub const EPOCH_BLOCKS: BlockNumber = 10 * MINUTES;

/// Maximum number of validators.
pub const MAX_AUTHORITIES: u32 = 100;
/// Maximum length of all extrinsics of a block, in bytes.
pub const MAX_BLOCK_LENGTH: u32 = 3 * 1024 * 1024;
