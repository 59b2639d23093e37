//! The outcome of a check as the vectors have it. Shared by the test of this crate and the one that runs as Wasm.

use meganet_name_proof::{Answer, Checkpoint, Freshness, NameProof, verify};
use serde_json::{Value, json};

/// Checks a proof and returns the outcome.
pub fn outcome(proof: &[u8], name: &str, checkpoint: &Checkpoint) -> Value {
    let proof = match NameProof::from_bytes(proof) {
        Ok(proof) => proof,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    match verify(&proof, name, checkpoint, &Freshness::ANY) {
        Err(error) => json!({ "error": error.to_string() }),
        Ok(verified) => json!({
            "answer": match &verified.answer {
                Answer::Present(_) => "present",
                Answer::Lapsed(_) => "lapsed",
                Answer::Absent => "absent",
            },
            "resolution": verified.answer.resolution(),
            "block": verified.block,
            "basis": verified.basis,
            "checkpoint": verified.checkpoint,
        }),
    }
}

/// Decodes hex.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}
