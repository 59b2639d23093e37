//! Sizes and durations as people write them.

use serde::{Deserialize, Deserializer, de::Error};
use std::{str::FromStr, time::Duration};

/// A number of bytes, written with an optional unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// A duration, written as a number with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A text is not a number with a known unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a number of bytes.
    #[error("{0:?} is not a number of bytes: write it like 100GiB, 500MB or 1073741824")]
    Bytes(String),
    /// Not a duration.
    #[error("{0:?} is not a duration: write it like 90s, 15m, 24h or 7d")]
    Time(String),
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    (number, unit.trim())
}

/// Parses bytes: a number with an optional unit of powers of 1000 (`kB`, `MB`, `GB`, `TB`) or 1024 (`KiB`, `MiB`, `GiB`, `TiB`).
///
/// # Errors
/// [`UnitError::Bytes`].
pub fn parse_bytes(text: &str) -> Result<u64, UnitError> {
    let (number, unit) = split(text);
    let refused = || UnitError::Bytes(text.to_owned());
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "tib" | "t" => 1 << 40,
        _ => return Err(refused()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(refused)
}

/// Parses a duration: a number with a unit (`s`, `m`, `h`, `d`).
///
/// # Errors
/// [`UnitError::Time`].
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let (number, unit) = split(text);
    let refused = || UnitError::Time(text.to_owned());
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(refused()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(refused)?;
    Ok(Duration::from_secs(seconds))
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        parse_bytes(text).map(Self)
    }
}

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        parse_duration(text).map(Self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(bytes) => Ok(Self(bytes)),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bytes_and_times_as_people_write_them() {
        assert_eq!(parse_bytes("1073741824").unwrap(), 1 << 30);
        assert_eq!(parse_bytes("100 GiB").unwrap(), 100 << 30);
        assert_eq!(parse_bytes("2TB").unwrap(), 2_000_000_000_000);
        assert_eq!(parse_duration("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(parse_duration("7d").unwrap(), Duration::from_secs(7 * 86_400));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "GiB", "-1", "1.5GiB", "10 apples", "99999999999TiB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        for text in ["", "10", "h", "5 years"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
