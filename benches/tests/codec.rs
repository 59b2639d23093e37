//! The benchmark of objects runs and prints the documented lines.
#![allow(clippy::unwrap_used)]

use std::process::Command;

fn run(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_codec")).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_prints_every_pipeline_with_its_ratio() {
    let args = ["--seconds", "0", "--profile", "compact"];
    let lines = run(&args);
    let json: serde_json::Value = serde_json::from_str(&run(&[&args[..], &["--json"]].concat())).unwrap();
    for pipeline in ["write", "read", "degraded_read"] {
        for figure in ["mb_s", "parts_mb_s", "ratio"] {
            let key = format!("compact.{pipeline}_{figure}");
            let prefix = format!("{key}: ");
            let value: f64 = lines.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap().parse().unwrap();
            assert!(value > 0.0, "{key}");
            assert!(json[&key].as_f64().unwrap() > 0.0, "{key}");
        }
    }
}

#[test]
fn unknown_arguments_are_refused() {
    for args in [["--seconds", "-1"], ["--seconds", "soon"], ["--profile", "tiny"]] {
        assert!(!Command::new(env!("CARGO_BIN_EXE_codec")).args(args).output().unwrap().status.success(), "{args:?}");
    }
}
