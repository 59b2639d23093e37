//! Answers about names are proven: online, offline, and by a light client.

use super::LASTING;
use crate::Stage;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{fs, path::Path, time::Instant};

/// Runs this part of the scenario.
pub(super) async fn play(stage: &Stage) -> Result<()> {
    let cli = &stage.cli;
    let dir = stage.folder("proofs")?;
    for (name, there) in [(LASTING, true), ("nobody-has-this", false)] {
        let file = dir.join(format!("{name}.proof"));
        let path = file.to_str().context("a Unicode path")?;
        cli.run(&["--json", "resolve", name, "--proof", path]).await?;
        let verified = cli.json(&["verify", path]).await?;
        ensure!(
            verified["name"] == name && verified["verified"]["by"] == "proof",
            "the proof says something else: {verified}"
        );
        let answer = if there { "present" } else { "absent" };
        ensure!(verified["answer"] == answer, "the proof of {name} says {verified}");
        let bytes = fs::read(&file)?;
        stage.facts.say(&format!("proof-bytes-{answer}"), bytes.len());
        // A proof with any byte changed is refused.
        for place in (0..bytes.len()).step_by(bytes.len() / 16) {
            let mut changed = bytes.clone();
            changed[place] ^= 0x40;
            fs::write(&file, changed)?;
            let run = cli.run(&["--json", "verify", path]).await?;
            ensure!(run.code == 1, "a proof with byte {place} changed was accepted: {}", run.stderr);
        }
    }
    distrusted(stage, &dir).await?;
    let started = Instant::now();
    let light = cli.json(&["--light", "resolve", LASTING]).await?;
    stage.facts.seconds("light-client-first-answer-seconds", started.elapsed());
    let asked = cli.json(&["resolve", LASTING]).await?;
    ensure!(light["verified"]["by"] == "light", "no light client answered: {light}");
    ensure!(light["content"] == asked["content"], "the light client says {light}, the node {asked}");
    Ok(())
}

/// A checkpoint with other validators than the chain's: no command that reads a name believes the node instead.
async fn distrusted(stage: &Stage, dir: &Path) -> Result<()> {
    let mut checkpoint: Value = serde_json::from_slice(&fs::read(stage.devnet.state.checkpoint())?)?;
    let authorities = checkpoint["authorities"].as_array_mut().context("a checkpoint names validators")?;
    for (number, authority) in authorities.iter_mut().enumerate() {
        authority["key"] = format!("0x{}", format!("{:02x}", number + 1).repeat(32)).into();
    }
    let path = dir.join("other-checkpoint.json");
    fs::write(&path, serde_json::to_vec(&checkpoint)?)?;
    let (path, out) = (path.to_str().context("a Unicode path")?, dir.join("out"));
    let out = out.to_str().context("a Unicode path")?;
    for command in [&["resolve", LASTING][..], &["get", LASTING, "-o", out], &["renew", LASTING, "--status"]] {
        stage.cli.refused(&[&["--checkpoint", path], command].concat(), &["the node's answer was rejected"]).await?;
    }
    ensure!(!Path::new(out).exists(), "a file was written from an answer that was rejected");
    Ok(())
}
