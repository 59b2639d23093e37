//! The adjustment of the price at the end of an epoch.

use crate::types::PriceCurve;
use meganet_primitives::{Balance, pay::MILLION};

/// The utilisation of the network in parts per million, at most a million.
pub fn utilisation_ppm(stored: u128, capacity: u64) -> u32 {
    let million = u128::from(MILLION);
    let share = stored.saturating_mul(million).checked_div(u128::from(capacity)).unwrap_or_default();
    u32::try_from(share.min(million)).unwrap_or(MILLION)
}

/// The price of the next epoch.
pub fn next_price(price: Balance, curve: &PriceCurve, utilisation_ppm: u32) -> Balance {
    let target = curve.target_ppm.min(MILLION);
    let (distance, whole) = if utilisation_ppm > target {
        (utilisation_ppm.saturating_sub(target), MILLION.saturating_sub(target))
    } else {
        (target.saturating_sub(utilisation_ppm), target)
    };
    // At most a million, so neither product can overflow 128 bits for any price that an account could pay.
    let move_ppm = u64::from(curve.step_ppm).saturating_mul(distance.into()).checked_div(whole.into()).unwrap_or(0);
    let step = price.saturating_mul(move_ppm.into()) / Balance::from(MILLION);
    let moved = if utilisation_ppm > target { price.saturating_add(step) } else { price.saturating_sub(step) };
    moved.clamp(curve.floor, curve.ceiling.max(curve.floor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CURVE: PriceCurve = PriceCurve { floor: 10, ceiling: 1_000_000, target_ppm: 500_000, step_ppm: 100_000 };

    #[test]
    fn at_the_target_it_stays() {
        assert_eq!(next_price(1_000, &CURVE, 500_000), 1_000);
    }

    #[test]
    fn it_moves_with_the_distance() {
        assert_eq!(next_price(1_000, &CURVE, 1_000_000), 1_100);
        assert_eq!(next_price(1_000, &CURVE, 750_000), 1_050);
        assert_eq!(next_price(1_000, &CURVE, 250_000), 950);
        assert_eq!(next_price(1_000, &CURVE, 0), 900);
    }

    #[test]
    fn an_empty_network_is_not_used_and_an_overfull_one_is_full() {
        assert_eq!(utilisation_ppm(5, 0), 0);
        assert_eq!(utilisation_ppm(5, 10), 500_000);
        assert_eq!(utilisation_ppm(u128::MAX, 10), 1_000_000);
    }

    proptest! {
        #[test]
        fn it_stays_within_floor_and_ceiling(price: u128, utilisation in 0u32..=1_000_000, target in 0u32..=1_000_000, step: u32) {
            let curve = PriceCurve { target_ppm: target, step_ppm: step, ..CURVE };
            let next = next_price(price, &curve, utilisation);
            prop_assert!((10..=1_000_000).contains(&next));
        }
    }
}
