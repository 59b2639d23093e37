//! Printing: results on stdout, as text or JSON; everything else on stderr.

use meganet_terminal::{error_text, print_line, print_note, print_whole_line, shown, shown_json, shown_lines};
use meganet_wallet::PassedOver;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::{self, Display};
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
        print_line(&self.line(value, text)?)
    }

    /// Prints like [`Self::result`], and returns false if nobody can read it, since the pipe is closed.
    ///
    /// # Errors
    /// Stdout cannot be written to for another reason.
    pub fn whole<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<bool> {
        print_whole_line(&self.line(value, text)?)
    }

    fn line<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<String> {
        // The one place that all results pass: much of their text is of others, such as nodes and the owners of names.
        Ok(if self.json {
            shown_json(&serde_json::to_string_pretty(value)?).into_owned()
        } else {
            shown_lines(&text(value)).into_owned()
        })
    }
}

/// The context of an error that came after a part of the command was done. It is displayed as its text.
#[derive(Clone, Debug, PartialEq)]
pub struct PartlyDone {
    /// The results of that part, an object.
    pub results: Value,
    /// The description of what was done and what was not, and what to do.
    pub text: String,
}

impl Display for PartlyDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Prints an error and its causes on stderr; with `json`, also as JSON on stdout.
pub fn print_error(error: &anyhow::Error, json: bool) {
    if json {
        // If stdout is closed, there is no one to report to.
        let _ = print_line(&shown_json(&error_json(error).to_string()));
    }
    meganet_terminal::print_error(error);
}

/// An error as one JSON document, with the results that there are.
fn error_json(error: &anyhow::Error) -> Value {
    let mut value = error.downcast_ref::<PartlyDone>().map_or_else(|| json!({}), |done| done.results.clone());
    value["error"] = json!(error_text(error));
    value
}

/// The crates whose log is about what the user does.
const OURS: [&str; 5] = ["meganet", "meganet_client", "meganet_net", "meganet_chain_client", "meganet_gateway"];
/// The beginnings of the light client's targets. It warns of every peer that fails, and informs about every block.
const LIGHT_CLIENT: [&str; 8] =
    ["smoldot", "network", "connections", "sync-service-", "runtime-", "tx-service-", "json-rpc-", "bitswap-service-"];

/// Logs to stderr: errors only, more with each `-v`; `RUST_LOG` overrides that.
pub fn init_logging(verbose: u8) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_filter(verbose)));
    // Reporting that stderr is closed or full, on stderr, would panic.
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false).init();
}

/// The log filter without `RUST_LOG`.
fn default_filter(verbose: u8) -> String {
    let (others, ours, light_client) = match verbose {
        0 => return "error".to_owned(),
        1 => ("warn", "info", "error"),
        _ => ("info", "debug", "warn"),
    };
    let ours = OURS.map(|target| format!(",{target}={ours}"));
    let light_client = LIGHT_CLIENT.map(|target| format!(",{target}={light_client}"));
    format!("{others}{}{}", ours.concat(), light_client.concat())
}

/// Prints a note about entries of a folder that are not its own, if there are any.
pub fn note_passed_over(folder: &str, entries: &[PassedOver]) {
    if !entries.is_empty() {
        let entries: Vec<String> = entries.iter().map(|entry| format!("\n  {}", shown(&entry.to_string()))).collect();
        print_note(&format!("passed over in {folder}:{}", entries.concat()));
    }
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
    fn text_of_others_gives_no_commands_to_a_terminal() {
        let evil = "a\u{1b}[2J\u{7}\r\u{9b}\u{202e}b".to_owned();
        for json in [false, true] {
            let line = Output { json }.line(&evil, |evil| format!("name: {evil}\nnext")).unwrap_or_default();
            assert!(!line.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{line:?}");
            assert_eq!(line.lines().count(), if json { 1 } else { 2 });
            let back: Option<String> = serde_json::from_str(&line).ok();
            assert_eq!(back, json.then(|| evil.clone()));
        }
    }

    #[test]
    fn results_of_a_command_that_failed_in_part_stay_in_its_one_document() {
        let failed = || anyhow::anyhow!("the node went away");
        assert_eq!(error_json(&failed()), json!({ "error": "the node went away" }));
        let results = json!({ "version": 3, "auto": null });
        let error = failed().context(PartlyDone { results, text: "published, but not prepaid".to_owned() });
        let expected = json!({ "version": 3, "auto": null, "error": "published, but not prepaid: the node went away" });
        assert_eq!(error_json(&error), expected);
    }

    #[test]
    fn the_light_client_does_not_drown_the_log_of_this_program() {
        use tracing::Level;
        let enabled = |verbose, target, level| {
            // `EnvFilter` reads directives of targets alike, but cannot be asked.
            let filter: Option<tracing_subscriber::filter::Targets> = default_filter(verbose).parse().ok();
            filter.is_some_and(|filter| filter.would_enable(target, &level))
        };
        let light =
            ["smoldot", "network", "connections", "sync-service-dev", "runtime-dev", "tx-service-dev", "json-rpc-dev"];
        for target in light {
            assert!(enabled(0, target, Level::ERROR) && !enabled(0, target, Level::WARN), "{target}");
            assert!(enabled(1, target, Level::ERROR) && !enabled(1, target, Level::WARN), "{target}");
            assert!(enabled(2, target, Level::WARN) && !enabled(2, target, Level::INFO), "{target}");
        }
        for target in ["meganet_gateway::router", "meganet_cli::commands", "meganet_net"] {
            assert!(enabled(0, target, Level::ERROR) && !enabled(0, target, Level::WARN), "{target}");
            assert!(enabled(1, target, Level::INFO) && !enabled(1, target, Level::DEBUG), "{target}");
            assert!(enabled(2, target, Level::DEBUG) && !enabled(2, target, Level::TRACE), "{target}");
        }
        assert!(enabled(1, "libp2p_swarm", Level::WARN) && !enabled(1, "libp2p_swarm", Level::INFO));
    }

    #[test]
    fn one_is_singular() {
        let slots = |count: u32| counted(count, "slot", "slots");
        assert_eq!([slots(0), slots(1), slots(2)], ["0 slots", "1 slot", "2 slots"]);
    }
}
