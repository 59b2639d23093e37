//! `meganet verify`, which checks a saved proof offline, and `meganet checkpoint`, which saves what proofs are verified against.

use super::{
    Session,
    resolve::{describe, line, proof_json},
};
use crate::{args::VerifyArgs, names::read_name};
use anyhow::{Context, Result};
use meganet_chain_client::{HeadsClient, SubxtChain};
use meganet_client::resolve::{CheckpointFile, Verified, ask_checkpoint};
use meganet_name_proof::{Answer, Freshness, NameProof, verify};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

/// Verifies a saved proof.
pub async fn run(session: &Session, args: &VerifyArgs) -> Result<()> {
    let path = &args.file;
    let bytes = fs::read(path).with_context(|| format!("could not read the proof {}", path.display()))?;
    let proof = NameProof::from_bytes(&bytes).with_context(|| format!("{} is not a proof", path.display()))?;
    let name = match &args.name {
        Some(name) => read_name(name)?,
        None => proof.name()?.to_owned(),
    };
    let config = session.config()?;
    let checkpoint = CheckpointFile::open(config.checkpoint()?)?;
    let verified = verify(&proof, &name, &checkpoint.known(), &Freshness::ANY)?;
    checkpoint.advance(&verified.checkpoint).await;

    let time = UNIX_EPOCH + Duration::from_millis(verified.block.time);
    let mut value = match verified.answer.resolution() {
        Some(resolution) => describe(&name, resolution),
        None => json!({ "name": name }),
    };
    value["answer"] = Value::from(match verified.answer {
        Answer::Present(_) => "present",
        Answer::Lapsed(_) => "lapsed",
        Answer::Absent => "absent",
    });
    value["block"] = json!(verified.block);
    value["verified"] = proof_json(&verified.basis);
    session.output.result(&value, |_| {
        let result = match verified.answer.resolution() {
            Some(resolution) => line(&name, resolution),
            None => format!("the name '{name}' does not exist"),
        };
        let when = httpdate::fmt_http_date(time);
        format!("{result}, in block {} of {when}\n{}", verified.block.number, Verified::Proof(verified.basis))
    })
}

/// Asks a node for a checkpoint, and saves it.
pub async fn checkpoint(session: &Session, output: &Path) -> Result<()> {
    let config = session.config()?;
    let chain = SubxtChain::connect(config.rpc()?, config.genesis()?).await?;
    let taken = ask_checkpoint(&chain, &chain.genesis()).await?;
    CheckpointFile::create(output, &taken)?;
    let (number, hash, path) = (taken.number, taken.hash, output.display());
    let value = json!({ "output": output, "checkpoint": taken, "asked": chain.url() });
    session.output.result(&value, |_| {
        format!(
            "wrote {path}: block {number}, {hash:?}\n{} is trusted for this checkpoint: compare the hash of block {number} with another source. To use it: meganet --checkpoint {path} …",
            chain.url()
        )
    })
}
