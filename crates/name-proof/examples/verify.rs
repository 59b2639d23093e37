//! Checks a proof in a file against a checkpoint in a file, offline.
//!
//! ```text
//! cargo run --release -p meganet-name-proof --example verify -- NAME PROOF CHECKPOINT
//! ```
//!
//! Without arguments it checks the first proof of `vectors/proofs.json`.

use meganet_name_proof::{Answer, Checkpoint, Freshness, NameProof, verify};
use serde_json::Value;
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let (name, proof, checkpoint): (String, Vec<u8>, Checkpoint) = match &args[..] {
        [] => vector()?,
        [name, proof, checkpoint] => (name.clone(), fs::read(proof)?, serde_json::from_slice(&fs::read(checkpoint)?)?),
        _ => return Err("usage: verify NAME PROOF CHECKPOINT".into()),
    };

    let proof = NameProof::from_bytes(&proof)?;
    let verified = verify(&proof, &name, &checkpoint, &Freshness::ANY)?;
    match &verified.answer {
        Answer::Present(resolution) => println!("{name} resolves to {:?}", resolution.content),
        Answer::Lapsed(resolution) => println!("{name} has lapsed: it was paid for until block {}", resolution.expires),
        Answer::Absent => println!("{name} does not exist"),
    }
    let block = verified.block;
    println!("in block {} ({:?}), made {} ms after the beginning of 1970", block.number, block.hash, block.time);
    println!("proven by {}", verified.basis);
    Ok(())
}

/// Returns name, proof and checkpoint of the first test vector.
fn vector() -> Result<(String, Vec<u8>, Checkpoint), Box<dyn Error>> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/proofs.json"))?;
    let case = &vectors["cases"][0];
    let text = case["proof"].as_str().ok_or("the vector has no proof")?;
    let bytes = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
    let name = case["name"].as_str().ok_or("the vector has no name")?;
    Ok((name.to_owned(), bytes.collect::<Result<_, _>>()?, serde_json::from_value(case["checkpoint"].clone())?))
}
