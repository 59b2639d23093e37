//! Front-running a registration fails, and an interrupted registration continues.

use crate::{Stage, cli::Cli};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, Call, ChainClient, NameCall, Signer, Until};
use meganet_primitives::name::commitment;
use meganet_primitives::pallets::NamesError;
use std::time::{Duration, Instant};

/// Runs this part of the scenario.
pub(super) async fn play(stage: &Stage) -> Result<()> {
    front_runner(stage).await?;
    killed_and_resumed(stage).await?;
    secret_lost(stage).await
}

/// //Bob copies every transaction of //Alice and is always included first; she still gets the name.
async fn front_runner(stage: &Stage) -> Result<()> {
    let chain = stage.devnet.chain().await?;
    let (alice, bob) = (Signer::from_suri("//Alice")?, Signer::from_suri("//Bob")?);
    let label = "wanted-by-two".to_owned();
    let secret: [u8; 32] = rand::random();
    let hers = commitment(&alice.account(), label.as_bytes(), &secret);
    chain.submit(&alice, vec![Call::Name(NameCall::Commit { commitment: hers })], Until::InBlock).await?;
    // The commitment alone: a copy by another account neither blocks hers nor allows him to register.
    chain.submit(&bob, vec![Call::Name(NameCall::Commit { commitment: hers })], Until::InBlock).await?;
    let register = Call::Name(NameCall::Register { label: label.clone(), years: 1, secret });
    // Then the registration with label and secret: his own commitment to them is too new.
    refused(&*chain, &bob, vec![register.clone()], NamesError::CommitmentMissing).await?;
    let his = commitment(&bob.account(), label.as_bytes(), &secret);
    let both = vec![Call::Name(NameCall::Commit { commitment: his }), register.clone()];
    refused(&*chain, &bob, both, NamesError::CommitmentTooNew).await?;
    chain.submit(&bob, vec![Call::Name(NameCall::CancelCommit { commitment: hers })], Until::InBlock).await?;

    chain.submit(&alice, vec![register], Until::Finalized).await?;
    let info = chain.name(&label, At::Finalized).await?.context("the name is registered")?;
    ensure!(info.owner == alice.account(), "somebody was quicker: {info:?}");
    stage.facts.say("front-runner", "too late");
    Ok(())
}

/// Submits calls that the runtime must refuse with this error.
async fn refused(chain: &dyn ChainClient, who: &Signer, calls: Vec<Call>, error: NamesError) -> Result<()> {
    match chain.submit(who, calls, Until::InBlock).await {
        Err(got) if got.is(error) => Ok(()),
        other => anyhow::bail!("should have been refused with {error}: {other:?}"),
    }
}

/// Kills the command between commitment and registration; the same command then continues with the same commitment.
async fn killed_and_resumed(stage: &Stage) -> Result<()> {
    let cli = stage.cli.signing_as("//Charlie");
    let committed = commit_and_die(&cli, "twice-begun").await?;
    let started = Instant::now();
    let registered = cli.json(&["name", "register", "twice-begun", "--years", "10"]).await?;
    stage.facts.seconds("resumed-registration-seconds", started.elapsed());
    ensure!(registered["registered"] == true, "it was not registered: {registered}");
    let left = cli.json(&["name", "commitments"]).await?;
    ensure!(left.as_array().is_some_and(Vec::is_empty), "a second commitment was made beside {committed}: {left}");
    Ok(())
}

/// Loses the folder with the secret: the commitment is listed and can be cancelled, and the name can be registered.
async fn secret_lost(stage: &Stage) -> Result<()> {
    let lost = stage.cli.signing_as("//Dave");
    let hash = commit_and_die(&lost, "secret-lost").await?;
    let elsewhere = lost.with_state(&stage.folder("another-machine")?);
    let cancelled = elsewhere.json(&["name", "commitments", "--cancel", &hash]).await?;
    ensure!(cancelled["cancelled"][0] == hash.as_str(), "it was not taken back: {cancelled}");
    let registered = elsewhere.json(&["name", "register", "secret-lost", "--years", "10"]).await?;
    ensure!(registered["registered"] == true, "it was not registered: {registered}");
    stage.facts.say("lost-secret", "taken back, registered anew");
    Ok(())
}

/// Starts a registration and kills the command once its commitment is on the chain; returns the commitment.
async fn commit_and_die(cli: &Cli, label: &str) -> Result<String> {
    let mut child = cli.command(&["name", "register", label, "--years", "10"]).spawn()?;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let listed = cli.json(&["name", "commitments"]).await?;
        if let Some(hash) = listed[0]["commitment"].as_str() {
            child.start_kill()?;
            child.wait().await?;
            return Ok(hash.to_owned());
        }
        ensure!(child.try_wait()?.is_none(), "the registration of {label} ended before its commitment was seen");
        ensure!(Instant::now() < deadline, "no commitment to {label} came");
    }
}
