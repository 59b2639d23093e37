//! The price of storing. Chain and clients use the same code, so that nobody signs for an unknown sum.

use crate::{Balance, Epoch};

/// Bytes of a GiB: the unit of prices and bonds.
pub const GIB: u64 = 1 << 30;
/// Parts of a million.
pub const MILLION: u32 = 1_000_000;

/// Epochs before the expiry of a batch at which automatic renewal begins: only the last one, because until the old
/// registration expires both are paid for. An epoch is long enough for every member of the group to try.
pub const RENEWAL_WINDOW: Epoch = 1;

/// The price of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The most that a slot can earn with the batch in an epoch, in planck.
    pub rate: Balance,
    /// The part that goes to the pot, in planck: the rate for every slot and epoch.
    pub storage: Balance,
    /// The part that is burned, in planck, so that storing for oneself is a loss.
    pub burned: Balance,
}

impl Charge {
    /// Returns both together. Saturates: an absurd order costs more than anybody has.
    pub fn total(&self) -> Balance {
        self.storage.saturating_add(self.burned)
    }
}

/// Returns the price of keeping `bytes` in each of `slots` slots for `epochs` epochs, at `price_per_gib_epoch` planck for one
/// GiB in one slot and epoch, with `burn_ppm` parts of a million burned in addition. Rounded up. `None` if a sum does not fit.
pub fn charge(price_per_gib_epoch: Balance, bytes: u64, slots: u8, epochs: u32, burn_ppm: u32) -> Option<Charge> {
    let rate = Balance::from(bytes).checked_mul(price_per_gib_epoch)?.div_ceil(Balance::from(GIB));
    let storage = rate.checked_mul(Balance::from(slots))?.checked_mul(Balance::from(epochs))?;
    let burned = storage.checked_mul(Balance::from(burn_ppm))?.div_ceil(Balance::from(MILLION));
    Some(Charge { rate, storage, burned })
}

/// Returns the bond of a worker that lends `capacity` bytes, in planck: `bond_per_gib` for each GiB, rounded up, and at least
/// `min_bond`. `None` if it does not fit.
pub fn bond(capacity: u64, bond_per_gib: Balance, min_bond: Balance) -> Option<Balance> {
    let by_size = Balance::from(capacity).checked_mul(bond_per_gib)?.div_ceil(Balance::from(GIB));
    Some(by_size.max(min_bond))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_gib_in_two_slots_for_three_epochs() {
        let charged = charge(100, GIB, 2, 3, 50_000).unwrap();
        assert_eq!(charged, Charge { rate: 100, storage: 600, burned: 30 });
        assert_eq!(charged.total(), 630);
    }

    #[test]
    fn the_smallest_object_costs_something() {
        assert_eq!(charge(1, 1024, 6, 1, 1), Some(Charge { rate: 1, storage: 6, burned: 1 }));
        assert_eq!(charge(0, 1024, 6, 1, 1), Some(Charge { rate: 0, storage: 0, burned: 0 }));
    }

    #[test]
    fn a_bond_grows_with_the_capacity_and_has_a_minimum() {
        assert_eq!(bond(1, 10, 25), Some(25));
        assert_eq!(bond(4 * GIB, 10, 25), Some(40));
        assert_eq!(bond(4 * GIB + 1, 10, 25), Some(41));
        assert_eq!(bond(2, Balance::MAX, 0), None);
    }

    #[test]
    fn what_can_not_be_expressed_has_no_price() {
        assert_eq!(charge(Balance::MAX, 2, 1, 1, 0), None);
        assert_eq!(
            charge(Balance::from(GIB), u64::MAX, u8::MAX, u32::MAX, MILLION).map(|c| c.rate),
            Some(u64::MAX.into())
        );
    }
}
