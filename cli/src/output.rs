//! Printing: results on stdout, as text or JSON; everything else on stderr.

use meganet_terminal::{error_text, print_line};
use serde::Serialize;
use serde_json::json;
use std::fmt::Display;
use tracing_subscriber::EnvFilter;

/// Prints results as text or JSON.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
}

impl Output {
    /// Prints `value` as one JSON document, or else what `text` makes of it.
    ///
    /// # Errors
    /// Stdout cannot be written to.
    pub fn result<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        let line = if self.json { serde_json::to_string_pretty(value)? } else { text(value) };
        print_line(&line)
    }
}

/// Prints an error and its causes on stderr; with `json`, also as JSON on stdout.
pub fn print_error(error: &anyhow::Error, json: bool) {
    if json {
        // If stdout is closed, there is no one to report to.
        let _ = print_line(&json!({ "error": error_text(error) }).to_string());
    }
    meganet_terminal::print_error(error);
}

/// Logs to stderr: errors only, more with each `-v`; `RUST_LOG` overrides that.
pub fn init_logging(verbose: u8) {
    let default = match verbose {
        0 => "error",
        1 => {
            "warn,json-rpc=error,meganet=info,meganet_client=info,meganet_net=info,meganet_chain_client=info,meganet_gateway=info"
        }
        _ => {
            "info,meganet=debug,meganet_client=debug,meganet_net=debug,meganet_chain_client=debug,meganet_gateway=debug"
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// A number of bytes as text: `1.50 MiB`.
pub fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

/// A number with its noun: `1 slot`, `2 slots`.
pub fn counted<T: Display + PartialEq + From<u8>>(count: T, singular: &str, plural: &str) -> String {
    let noun = if count == T::from(1) { singular } else { plural };
    format!("{count} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        let slots = |count: u32| counted(count, "slot", "slots");
        assert_eq!([slots(0), slots(1), slots(2)], ["0 slots", "1 slot", "2 slots"]);
    }
}
