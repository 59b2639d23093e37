//! Conversions between lengths in memory (`usize`), lengths in formats (`u64`) and counts (`u32`), in one place.
//!
//! None of them can fail. Those that narrow return the largest value of the result where the argument does not fit, which
//! is right for bounds, counters and sizes that are checked later, and wrong for indices that are used as they are.

use core::time::Duration;

/// Returns a length in memory as a `u64`, without loss: no platform of Rust has a `usize` wider than 64 bits.
pub const fn to_u64(len: usize) -> u64 {
    len as u64
}

/// Returns a length of a format as a `usize`; [`usize::MAX`] if it does not fit (possible on 32 bits).
#[allow(clippy::cast_possible_truncation)]
pub const fn to_usize(len: u64) -> usize {
    if len > to_u64(usize::MAX) { usize::MAX } else { len as usize }
}

/// Returns a length in memory as a `u32`; [`u32::MAX`] if it does not fit.
#[allow(clippy::cast_possible_truncation)]
pub const fn to_u32(len: usize) -> u32 {
    // `u32::MAX as usize` would be lossy where `usize` has 16 bits.
    if to_u64(len) > u32::MAX as u64 { u32::MAX } else { len as u32 }
}

/// Returns a duration in whole milliseconds; [`u64::MAX`] if it does not fit.
pub fn to_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_becomes_the_largest_value() {
        assert_eq!(to_u64(usize::MAX), u64::try_from(usize::MAX).unwrap_or_default());
        assert_eq!((to_usize(7), to_usize(u64::MAX)), (7, usize::MAX));
        assert_eq!((to_u32(7), to_u32(usize::MAX)), (7, u32::MAX));
        assert_eq!((to_millis(Duration::from_secs(2)), to_millis(Duration::MAX)), (2_000, u64::MAX));
    }
}
