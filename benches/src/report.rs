//! The results of a benchmark.

use serde_json::{Map, Value};

/// Results, printed in the order in which they are added.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<(String, Value)>,
}

impl Report {
    /// An empty report.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub fn text(&mut self, key: impl Into<String>, value: &str) {
        self.lines.push((key.into(), value.into()));
    }

    /// Adds a measurement, rounded to three significant digits: medians on a shared machine are less precise than that.
    pub fn figure(&mut self, key: impl Into<String>, value: f64) {
        self.lines.push((key.into(), rounded(value).into()));
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

fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powf(2.0 - value.abs().log10().floor());
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn figures_have_three_digits() {
        for (value, expected) in
            [(0.0, 0.0), (1.2345, 1.23), (-0.098_765, -0.0988), (12_345.0, 12_300.0), (999.9, 1000.0)]
        {
            assert!((rounded(value) - expected).abs() < 1e-9, "{value}: {}", rounded(value));
        }
    }
}
