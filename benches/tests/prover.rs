//! The benchmark of provers runs at a small size, and its machine-independent results are as promised.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::Command;

const SAMPLES: u64 = 4;

/// Its report. Its exit code is ignored: it also fails if the machine is too busy.
fn report() -> Value {
    let args = ["--seconds", "0", "--scale", "1024", "--json"];
    let output = Command::new(env!("CARGO_BIN_EXE_prover")).args(args).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_proof_reads_one_frame_for_each_sample_in_any_store() {
    let report = report();
    let count = |key: &str| report[key].as_u64().unwrap();
    let shards = ["gibibyte.shards", "gib32.shards", "tebibyte.shards", "million.shards", "singles.shards"].map(count);
    assert_eq!(shards, [1, 1, 16, 1_024, 97]);
    assert_eq!([count("million.batches"), count("singles.batches")], [1, 97]);
    for case in ["gibibyte", "gib32", "tebibyte", "million", "singles"] {
        let count = |key: &str| count(&format!("{case}.{key}"));
        assert!(count("proof_bytes") <= 16 * 1024, "{case}");
        assert!(count("shard_bytes") <= SAMPLES * 64 * 1024, "{case}");
        let reads = if case == "singles" { 0 } else { SAMPLES };
        assert_eq!(count("shard_reads"), reads, "{case}");
        for figure in ["proof_ms", "ratio", "memory_mib"] {
            assert!(report[format!("{case}.{figure}")].as_f64().unwrap() > 0.0, "{case}.{figure}");
        }
    }
}

#[test]
fn unknown_arguments_are_refused() {
    for args in [["--seconds", "-1"], ["--scale", "0"], ["--case", "two"]] {
        assert!(!Command::new(env!("CARGO_BIN_EXE_prover")).args(args).output().unwrap().status.success(), "{args:?}");
    }
}
