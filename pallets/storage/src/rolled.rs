//! A value as it is now and as it was at the beginning of the period.
//!
//! Audits are about the beginning of the period, so that nothing that is registered during it changes what is sampled.
//! No work is done when a period begins: the old value is kept at the first change in the period.

use codec::{Decode, Encode, MaxEncodedLen};
use meganet_primitives::Period;
use scale_info::TypeInfo;

/// A current value and the one at the beginning of the period of its last change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Rolled<V> {
    /// The current value.
    now: V,
    /// The value at the beginning of the period of its last change.
    before: V,
    /// The period of the last change.
    changed: Period,
}

impl<V: Clone + Default> Rolled<V> {
    /// A value that is created in a period; before, it was the default.
    pub fn beginning(period: Period, now: V) -> Self {
        Self { now, before: V::default(), changed: period }
    }

    /// Returns the current value.
    pub fn now(&self) -> &V {
        &self.now
    }

    /// Returns the value at the beginning of `period`, which must not be before the period of the last change.
    pub fn at_start_of(&self, period: Period) -> &V {
        if self.changed < period { &self.now } else { &self.before }
    }

    /// Changes the value in `period`, which must not be before the period of the last change.
    pub fn set(&mut self, period: Period, now: V) {
        if self.changed < period {
            self.before = core::mem::replace(&mut self.now, now);
            self.changed = period;
        } else {
            self.now = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_remembers_the_beginning_of_the_period(changes in proptest::collection::vec((0u32..3, any::<u8>()), 1..40)) {
            let mut period = 0;
            let mut rolled = Rolled::beginning(0, 7u8);
            let (mut start, mut now) = (0u8, 7u8);
            for (later, value) in changes {
                if later > 0 {
                    start = now;
                }
                period += later;
                prop_assert_eq!(rolled.at_start_of(period), &start);
                rolled.set(period, value);
                now = value;
                prop_assert_eq!((rolled.now(), rolled.at_start_of(period)), (&now, &start));
                prop_assert_eq!(rolled.at_start_of(period + 1), &now);
            }
        }
    }
}
