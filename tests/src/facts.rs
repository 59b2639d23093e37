//! What a scenario did and measured.

use std::{fmt::Display, time::Duration};

/// Prints `key: value` lines as they become known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Stands before every key, where several scenarios are played at once.
    pub of: Option<&'static str>,
}

impl Facts {
    /// States a fact.
    pub fn say(&self, key: &str, value: impl Display) {
        match self.of {
            Some(scenario) => println!("{scenario}/{key}: {value}"),
            None => println!("{key}: {value}"),
        }
    }

    /// States a duration in seconds.
    pub fn seconds(&self, key: &str, duration: Duration) {
        self.say(key, format!("{:.1}", duration.as_secs_f64()));
    }

    /// States a duration in milliseconds.
    pub fn milliseconds(&self, key: &str, duration: Duration) {
        self.say(key, format!("{:.1}", duration.as_secs_f64() * 1000.0));
    }

    /// States bytes in MiB.
    pub fn mebibytes(&self, key: &str, bytes: u64) {
        self.say(key, format!("{:.1}", mib(bytes)));
    }
}

/// Bytes as MiB, for people.
#[allow(clippy::cast_precision_loss)] // what is printed has one decimal
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1u32 << 20)
}
