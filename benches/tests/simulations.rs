//! The simulations run, print the documented lines, and fail if a promise is broken. Fixed seeds make them deterministic.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::{Command, Output};

fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).arg("--json").output().unwrap()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

const DETECTION: &str = env!("CARGO_BIN_EXE_detection");
const TOLERANCE: &str = env!("CARGO_BIN_EXE_tolerance");

#[test]
fn losses_are_detected_as_the_formula_predicts() {
    let output = run(DETECTION, &["--trials", "300"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = report(&output);
    for pattern in ["shards", "small_shards", "leaves"] {
        assert!(report[format!("lost_1_percent.{pattern}.day_30.measured")].as_f64().unwrap() >= 0.95);
        assert!((report[format!("lost_100_percent.{pattern}.day_1.measured")].as_f64().unwrap() - 1.0).abs() < 1e-9);
        // The loss of a few bytes is not always detected within a day.
        let measured = report[format!("lost_0.1_percent.{pattern}.day_1.measured")].as_f64().unwrap();
        assert!((0.01..0.25).contains(&measured), "{pattern}: {measured}");
    }
    let (ours, theirs) =
        (&report["lost_1_percent.day_30.formula"], &report["rival.filecoin_pdp.lost_1_percent.day_30"]);
    assert!(ours.as_f64() > theirs.as_f64());
}

#[test]
fn the_tolerance_keeps_honest_workers_and_expels_others() {
    let output = run(TOLERANCE, &["--years", "3"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = report(&output);
    assert!(report["lost_1_percent.pay_lost_over_bytes_saved"].as_f64().unwrap() > 3.0);
}

#[test]
fn a_tolerance_that_misses_its_targets_fails() {
    let strict = run(TOLERANCE, &["--years", "1", "1/1"]);
    assert!(!strict.status.success());
    assert_eq!(report(&strict)["targets"], "missed");
    let forgiving = run(TOLERANCE, &["--years", "1", "1000/1"]);
    assert!(!forgiving.status.success());
}

#[test]
fn unknown_arguments_are_refused() {
    for args in [["--trials", "0"], ["--trials", "many"], ["--seed", "-1"]] {
        assert!(!run(DETECTION, &args).status.success(), "{args:?}");
    }
    for args in [["--years", "0"], ["--years", "1.5"], ["--seed", "x"]] {
        assert!(!run(TOLERANCE, &args).status.success(), "{args:?}");
    }
    for choice in ["24", "0/12", "24/0", "a/b", "24/12/1"] {
        assert!(!run(TOLERANCE, &[choice]).status.success(), "{choice}");
    }
}
