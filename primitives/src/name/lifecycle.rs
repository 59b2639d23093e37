//! When names lapse, and their prices. Chain and clients use the same code.
//!
//! A name is paid for until a block. From then on it is in *grace*: it works as before, and anybody may renew it. After
//! that it points to nothing and is free, at a *premium* that falls from high to nothing, so that it goes to
//! the account that wants it most, and not to the quickest. Then it costs what every name costs.

use crate::{
    Balance, BlockNumber,
    units::{DAYS, HOURS, MEGA},
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most years that a name can be paid for in advance.
pub const MAX_YEARS: u32 = 10;

/// Prices and periods of names. Periods are in blocks, amounts in planck.
// A genesis sets them, where a misspelled field must not be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct NameParams {
    /// The least age of a commitment when its name is registered.
    pub min_commit_age: BlockNumber,
    /// The greatest age of a commitment when its name is registered.
    pub max_commit_age: BlockNumber,
    /// The period for which the rent of a year pays.
    pub year: BlockNumber,
    /// The period in which a name still works after it has run out.
    pub grace: BlockNumber,
    /// The period after the grace in which a name costs a premium.
    pub premium: BlockNumber,
    /// The period in which the premium halves.
    pub halving: BlockNumber,
    /// The premium when the grace ends.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::decimal"))]
    pub premium_start: Balance,
    /// The rent of a year for labels of 3, of 4, of 5, and of more characters. It is burned.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::decimals"))]
    pub rent: [Balance; 4],
    /// Held for a name and returned at its end.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::decimal"))]
    pub deposit: Balance,
    /// Held for each record, subname and commitment, and returned at its end.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::decimal"))]
    pub record_deposit: Balance,
}

/// The values of a live chain, with a block every 3 seconds.
impl Default for NameParams {
    fn default() -> Self {
        Self {
            // A block is final within seconds; three are too many for somebody who learns of the name from its registration.
            min_commit_age: 3,
            max_commit_age: DAYS,
            // 365.25 days.
            year: 8_766 * HOURS,
            grace: 30 * DAYS,
            // As in ENS: three weeks, halving daily, from a sum that nobody pays for a name to less than a year's rent.
            premium: 21 * DAYS,
            halving: DAYS,
            premium_start: 100_000 * MEGA,
            rent: [640 * MEGA, 160 * MEGA, 20 * MEGA, 2 * MEGA],
            // Rent keeps names from being hoarded; the deposit has only to outweigh the state that lapsed names take up.
            deposit: MEGA,
            record_deposit: MEGA / 10,
        }
    }
}

/// The status of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum NameStatus {
    /// Paid for.
    #[codec(index = 0)]
    Active,
    /// It has run out, works as before, and can be renewed.
    #[codec(index = 1)]
    Grace,
    /// It resolves to nothing, and can be had at a premium.
    #[codec(index = 2)]
    Premium,
    /// It resolves to nothing and costs as much as every name.
    #[codec(index = 3)]
    Lapsed,
}

impl NameStatus {
    /// Returns true if the name resolves and its owner may change it.
    pub fn works(self) -> bool {
        matches!(self, Self::Active | Self::Grace)
    }

    /// Returns its name in JSON, headers and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Grace => "grace",
            Self::Premium => "premium",
            Self::Lapsed => "lapsed",
        }
    }
}

/// The price of registering a name, in planck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Quote {
    /// The rent for the years; burned.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub rent: Balance,
    /// The premium for a name that another owner let lapse a short while ago; burned.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub premium: Balance,
    /// Held, and returned at the end.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub deposit: Balance,
}

impl Quote {
    /// Returns the sum that an account needs. Saturates.
    pub fn total(&self) -> Balance {
        self.rent.saturating_add(self.premium).saturating_add(self.deposit)
    }
}

impl NameParams {
    /// Returns the status in block `now` of a name that is paid for until block `expires`.
    pub fn status(&self, expires: BlockNumber, now: BlockNumber) -> NameStatus {
        let grace = expires.saturating_add(self.grace);
        if now < expires {
            NameStatus::Active
        } else if now < grace {
            NameStatus::Grace
        } else if now < grace.saturating_add(self.premium) {
            NameStatus::Premium
        } else {
            NameStatus::Lapsed
        }
    }

    /// Returns the rent of a label for `years` years, in planck. Saturates.
    pub fn rent(&self, label_len: usize, years: u32) -> Balance {
        let [three, four, five, more] = self.rent;
        let year = match label_len {
            0..=3 => three,
            4 => four,
            5 => five,
            _ => more,
        };
        year.saturating_mul(years.into())
    }

    /// Returns the premium in block `now` of a name that was paid for until `expires`, in planck; 0 unless its status is
    /// [`NameStatus::Premium`]. It halves every [`Self::halving`] blocks, falls linearly in between, and is reduced by what
    /// would be left at the end, so that it ends at 0.
    pub fn premium(&self, expires: BlockNumber, now: BlockNumber) -> Balance {
        if self.status(expires, now) != NameStatus::Premium {
            return 0;
        }
        let elapsed = now.saturating_sub(expires.saturating_add(self.grace));
        self.decayed(elapsed).saturating_sub(self.decayed(self.premium))
    }

    /// Returns what is left of the premium `elapsed` blocks after the grace.
    fn decayed(&self, elapsed: BlockNumber) -> Balance {
        let halving = self.halving.max(1);
        let whole = self.premium_start.checked_shr(elapsed / halving).unwrap_or(0);
        // The lower half of this step, as far as it has gone. Divided first: no product that could overflow.
        let step = whole / 2 / Balance::from(halving);
        whole.saturating_sub(step.saturating_mul(Balance::from(elapsed % halving)))
    }

    /// Returns the price of registering a label for `years` years in block `now`; `lapsed` is the block until which it was
    /// paid for before, if it was.
    pub fn quote(&self, label_len: usize, years: u32, lapsed: Option<BlockNumber>, now: BlockNumber) -> Quote {
        Quote {
            rent: self.rent(label_len, years),
            premium: lapsed.map_or(0, |expires| self.premium(expires, now)),
            deposit: self.deposit,
        }
    }

    /// Returns the block until which a name is paid for that was paid for until `from` and is renewed for `years`. Saturates.
    pub fn extended(&self, from: BlockNumber, years: u32) -> BlockNumber {
        from.saturating_add(self.year.saturating_mul(years))
    }

    /// Returns true if the values are consistent.
    pub fn are_sound(&self) -> bool {
        self.min_commit_age > 0
            && self.max_commit_age > self.min_commit_age
            && self.year > 0
            && self.year.checked_mul(MAX_YEARS).is_some()
            && self.halving > 0
            && self.deposit > 0
            && self.record_deposit > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn params() -> NameParams {
        NameParams {
            min_commit_age: 3,
            max_commit_age: 100,
            year: 1_000,
            grace: 100,
            premium: 80,
            halving: 10,
            premium_start: 25_600,
            rent: [1_000, 100, 10, 1],
            deposit: 5,
            record_deposit: 2,
        }
    }

    #[test]
    fn a_name_goes_through_its_life() {
        let at = |now| params().status(1_000, now);
        assert_eq!(at(999), NameStatus::Active);
        assert_eq!(at(1_000), NameStatus::Grace);
        assert_eq!(at(1_099), NameStatus::Grace);
        assert_eq!(at(1_100), NameStatus::Premium);
        assert_eq!(at(1_179), NameStatus::Premium);
        assert_eq!(at(1_180), NameStatus::Lapsed);
        assert!(at(1_099).works() && !at(1_100).works());
    }

    #[test]
    fn the_live_values_are_sound() {
        let live = NameParams::default();
        assert!(live.are_sound());
        assert_eq!(live.year, 10_519_200);
        assert!(live.premium(0, live.grace + live.premium - 1) < live.rent[3]);
        for unsound in [
            NameParams { min_commit_age: 0, ..live },
            NameParams { max_commit_age: live.min_commit_age, ..live },
            NameParams { year: 0, ..live },
            NameParams { year: BlockNumber::MAX / 2, ..live },
            NameParams { halving: 0, ..live },
            NameParams { deposit: 0, ..live },
            NameParams { record_deposit: 0, ..live },
        ] {
            assert!(!unsound.are_sound(), "{unsound:?}");
        }
    }

    #[test]
    fn short_names_cost_more() {
        let rents = [3, 4, 5, 6, 63].map(|len| params().rent(len, 2));
        assert_eq!(rents, [2_000, 200, 20, 2, 2]);
        assert_eq!(NameParams { rent: [Balance::MAX; 4], ..params() }.rent(3, 2), Balance::MAX);
    }

    #[test]
    fn the_premium_halves_until_it_is_gone() {
        let at = |now| params().premium(1_000, now);
        // 25,600 less the 100 that are left after eight halvings.
        assert_eq!(at(1_100), 25_500);
        assert_eq!(at(1_110), 12_700);
        assert_eq!(at(1_105), 19_100);
        assert_eq!((at(1_099), at(1_180), at(u32::MAX)), (0, 0, 0));
        let quote = params().quote(6, 3, Some(1_000), 1_110);
        assert_eq!((quote.rent, quote.premium, quote.deposit, quote.total()), (3, 12_700, 5, 12_708));
    }

    proptest! {
        #[test]
        fn the_premium_never_rises(start: Balance, halving in 1u32..1_000, len in 1u32..5_000, at in 0u32..6_000) {
            let params = NameParams { premium_start: start, halving, premium: len, ..params() };
            let now = 1_100 + at;
            prop_assert!(params.premium(1_000, now + 1) <= params.premium(1_000, now));
        }

        #[test]
        fn no_input_panics(a: u32, b: u32, c: u32, d: u32, start: Balance, years: u32) {
            let params = NameParams { year: a, grace: b, premium: c, halving: d, premium_start: start, ..params() };
            let _ = (params.status(a, b), params.premium(c, d), params.extended(a, years), params.rent(3, years));
            let _ = params.quote(3, years, Some(b), a).total();
        }
    }
}
