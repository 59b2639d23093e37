//! The results that scenarios print.

use std::{fmt::Display, time::Duration};

/// Prints results as `key: value` lines, as soon as they are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Prefix of every key, if several scenarios run at the same time.
    pub of: Option<&'static str>,
}

impl Facts {
    /// Prints a result.
    pub fn say(&self, key: &str, value: impl Display) {
        match self.of {
            Some(scenario) => println!("{scenario}/{key}: {value}"),
            None => println!("{key}: {value}"),
        }
    }

    /// Prints a duration in seconds.
    pub fn seconds(&self, key: &str, duration: Duration) {
        self.say(key, format!("{:.1}", duration.as_secs_f64()));
    }

    /// Prints a duration in milliseconds.
    pub fn milliseconds(&self, key: &str, duration: Duration) {
        self.say(key, format!("{:.1}", duration.as_secs_f64() * 1000.0));
    }

    /// Prints a number of bytes in MiB.
    pub fn mebibytes(&self, key: &str, bytes: u64) {
        self.say(key, format!("{:.1}", mib(bytes)));
    }
}

/// Bytes as MiB.
#[allow(clippy::cast_precision_loss)] // printed with one decimal
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1u32 << 20)
}
