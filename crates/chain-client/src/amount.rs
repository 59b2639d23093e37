//! Amounts of the native token as people write them.

use meganet_primitives::Balance;
use std::{fmt, str::FromStr};

pub use meganet_primitives::units::MEGA;

/// An amount in planck that prints and parses as MEGA: `1.5 MEGA`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mega(pub Balance);

impl fmt::Display for Mega {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / MEGA, self.0 % MEGA);
        if part == 0 {
            return write!(f, "{whole} MEGA");
        }
        let part = format!("{part:012}");
        write!(f, "{whole}.{} MEGA", part.trim_end_matches('0'))
    }
}

/// The text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an amount: write MEGA with at most 12 decimals, for example 1.5 or '1.5 MEGA'")]
pub struct AmountError(pub String);

impl FromStr for Mega {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let bad = || AmountError(text.to_owned());
        let trimmed = text.trim();
        let number = trimmed.strip_suffix("MEGA").unwrap_or(trimmed).trim_end().replace('_', "");
        let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && part.is_empty()) || part.len() > 12 || !digits(whole) || !digits(part) {
            return Err(bad());
        }
        let whole: Balance = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| bad())? };
        let part: Balance = format!("{part:0<12}").parse().map_err(|_| bad())?;
        whole.checked_mul(MEGA).and_then(|w| w.checked_add(part)).map(Self).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn amounts_print_and_parse() {
        for (planck, text) in [(0, "0 MEGA"), (1, "0.000000000001 MEGA"), (MEGA, "1 MEGA"), (MEGA * 3 / 2, "1.5 MEGA")]
        {
            assert_eq!(Mega(planck).to_string(), text);
            assert_eq!(text.parse::<Mega>().unwrap(), Mega(planck));
        }
        assert_eq!("1_000".parse::<Mega>().unwrap(), Mega(1000 * MEGA));
        assert_eq!(".5".parse::<Mega>().unwrap(), Mega(MEGA / 2));
        for text in ["", ".", "MEGA", "-1", "1e3", "0.0000000000001", "1.2.3", &u128::MAX.to_string()] {
            assert!(text.parse::<Mega>().is_err(), "{text}");
        }
    }
}
