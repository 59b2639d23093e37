//! The consequences of missed periods.
//!
//! A leaky bucket: a missed period fills it by one, and a number of proofs in a row empties it by one. A worker that is away
//! now and then keeps its slots; one that is away for long, or has lost so much that it can't answer often enough, loses
//! them.

use crate::Period;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The number of misses that is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Tolerance {
    /// Missed periods for which a worker loses its slots and its bond; at least 1.
    pub misses: u32,
    /// Proofs in a row that make one missed period good; at least 1.
    pub proofs_per_miss: u32,
}

/// The periods that a worker has proven and missed since it got its first slot.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Record {
    /// The last period that is accounted for.
    pub settled: Period,
    /// Missed periods that are not made good.
    pub misses: u32,
    /// Proofs since the last miss, or since one was made good.
    pub streak: u32,
    /// Periods proven, ever.
    pub proven: u32,
    /// Periods missed, ever.
    pub missed: u32,
}

impl Record {
    /// Returns the record of a worker that is first challenged in the period after `settled`.
    pub fn since(settled: Period) -> Self {
        Self { settled, ..Self::default() }
    }

    /// Counts all periods before `period` that are not accounted for as missed.
    #[must_use]
    pub fn missed_before(mut self, period: Period) -> Self {
        let last = period.saturating_sub(1);
        let missed = last.saturating_sub(self.settled);
        if missed > 0 {
            self.settled = last;
            self.misses = self.misses.saturating_add(missed);
            self.missed = self.missed.saturating_add(missed);
            self.streak = 0;
        }
        self
    }

    /// Counts a proof in `period`, and all periods before that are not accounted for as missed.
    #[must_use]
    pub fn proven_in(self, period: Period, tolerance: &Tolerance) -> Self {
        let mut record = self.missed_before(period);
        record.settled = record.settled.max(period);
        record.proven = record.proven.saturating_add(1);
        record.streak = record.streak.saturating_add(1);
        if record.misses > 0 && record.streak >= tolerance.proofs_per_miss {
            record.misses -= 1;
            record.streak = 0;
        }
        record
    }

    /// Returns true if too many periods were missed.
    pub fn is_intolerable(&self, tolerance: &Tolerance) -> bool {
        self.misses >= tolerance.misses.max(1)
    }
}
