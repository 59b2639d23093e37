//! The benchmark of small shards runs, and loses no value.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::Command;

#[test]
fn values_are_found_again_and_their_cost_is_counted() {
    let output = Command::new(env!("CARGO_BIN_EXE_index")).args(["--mib", "24", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    for way in ["baseline", "index"] {
        let figure = |key: &str| report[format!("{way}_{key}")].as_f64().unwrap();
        // Each byte is written to the log, and to a table or a blob file.
        assert!(figure("written_per_byte") >= 1.0, "{report}");
        assert!(figure("reads_per_value") >= 1.0, "{report}");
    }
}
