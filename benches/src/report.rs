//! What a bench prints.

use serde_json::{Map, Value};

/// Results in the order in which they were found.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<(String, Value)>,
}

impl Report {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a word.
    pub fn text(&mut self, key: impl Into<String>, value: &str) {
        self.lines.push((key.into(), value.into()));
    }

    /// Adds a figure, rounded to three significant digits, which is more than medians of a shared machine are good for.
    pub fn figure(&mut self, key: impl Into<String>, value: f64) {
        let scale = 10_f64.powf(2.0 - value.abs().max(f64::MIN_POSITIVE).log10().floor());
        self.lines.push((key.into(), ((value * scale).round() / scale).into()));
    }

    /// Adds a count.
    pub fn count(&mut self, key: impl Into<String>, value: u64) {
        self.lines.push((key.into(), value.into()));
    }

    /// Prints `key: value` lines, or one JSON object with the same keys.
    pub fn print(self, json: bool) {
        if json {
            println!("{:#}", Value::Object(Map::from_iter(self.lines)));
            return;
        }
        for (key, value) in self.lines {
            match value {
                Value::String(text) => println!("{key}: {text}"),
                value => println!("{key}: {value}"),
            }
        }
    }
}
