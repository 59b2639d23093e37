//! The vectors of `meganet-name-proof`.

use crate::outcome::{outcome, unhex};
use serde_json::Value;

/// Checks each proof.
pub fn all() -> impl Iterator<Item = bool> {
    let vectors: Value = serde_json::from_str(include_str!("../../name-proof/vectors/proofs.json")).unwrap_or_default();
    let cases = vectors["cases"].as_array().cloned().unwrap_or_default();
    cases.into_iter().map(|case| check(&case).is_some())
}

fn check(case: &Value) -> Option<()> {
    let proof = unhex(case["proof"].as_str()?)?;
    let checkpoint = serde_json::from_value(case["checkpoint"].clone()).ok()?;
    (outcome(&proof, case["name"].as_str()?, &checkpoint) == case["outcome"]).then_some(())
}
