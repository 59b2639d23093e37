//! The benchmark of storage proofs runs, and its machine-independent results are as promised.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::Command;

/// Its report. Its exit code is ignored: it also fails if the machine is too busy.
fn report() -> Value {
    let cases = ["--case", "one", "--case", "thousand", "--case", "tebibyte"];
    let output =
        Command::new(env!("CARGO_BIN_EXE_audits")).args(["--seconds", "0", "--json"]).args(cases).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn proofs_are_small_for_any_slot() {
    let report = report();
    let count = |key: &str| report[key].as_u64().unwrap();
    assert_eq!([count("one.objects"), count("thousand.objects"), count("tebibyte.gib_held")], [1, 1_000, 1_024]);
    for case in ["one", "thousand", "tebibyte"] {
        assert!(count(&format!("{case}.proof_bytes_max")) <= 16 * 1024, "{case}");
        assert!(report[format!("{case}.verify_ms")].as_f64().unwrap() > 0.0, "{case}");
        assert!(report[format!("{case}.hashing_ms")].as_f64().unwrap() > 0.0, "{case}");
    }
    // A thousand objects in a batch are ten levels, four times; the trees of shards are equal.
    let more = count("thousand.proof_bytes_max") - count("one.proof_bytes_max");
    assert!(more <= 4 * 10 * 40, "{more} bytes more");
    assert_eq!(count("thousand.list_proof_bytes"), 1_000 * 72);
    assert_eq!(count("thousand.chain_bytes"), count("one.chain_bytes"));
}

#[test]
fn unknown_arguments_are_refused() {
    for args in [["--seconds", "-1"], ["--seconds", "soon"], ["--case", "two"]] {
        assert!(!Command::new(env!("CARGO_BIN_EXE_audits")).args(args).output().unwrap().status.success(), "{args:?}");
    }
}
