//! A fork on real nodes.
//!
//! One validator of three is cut off just before the block in which a worker that uses it is challenged, so the two sides
//! make different blocks of that height and ask the worker for different bytes. The worker proves those of its side, and a
//! file is stored through that validator. Then the validator is reconnected. The others have more blocks, so its own are
//! reverted: the worker must prove what the others' chain asks for within the window, and is paid once; and the file that
//! was registered in the reverted blocks is registered permanently.

mod cut;
mod proof;
mod put;

use crate::{Stage, folder, wait::until};
use anyhow::{Context, Result, ensure};
use cut::Cut;
use meganet_chain_client::{At, SubxtChain, prelude::*};
use meganet_devnet::Kind;
use meganet_primitives::{
    BlockNumber,
    chain::{ChallengeState, ChallengedByte},
};
use proof::Side;
use put::Put;
use std::time::Duration;

/// Most attempts: a worker proves on top of the block after its challenge, and the validator that is cut off makes only a third
/// of the blocks, so it may take too long for two.
const TRIES: u32 = 8;
/// Blocks that the others make before the two sides are reconnected, which leaves as many of the window for the second proof.
const PATIENCE: BlockNumber = 3;
/// The length of a period of this network.
const PERIOD: Duration = Duration::from_secs(60);

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let validators = stage.devnet.state.of_kind(Kind::Validator);
    let cut = *validators.last().context("a validator")?;
    Cut::prepare(stage, cut).await?;
    let played = forked(stage, cut).await;
    // Later scenarios need the network as it was, also after a failure, which is the error to report.
    let undone = Cut::undo(stage, cut).await;
    played.and(undone)
}

async fn forked(stage: &Stage, index: usize) -> Result<()> {
    let validators = stage.devnet.state.of_kind(Kind::Validator);
    let path = stage.folder("forks")?.join("before.bin");
    folder::write_random(&path, 400_000, 1)?;
    // Audits need stored content.
    stage.cli.json(&["put", path.to_str().context("a Unicode path")?, "--profile", "compact"]).await?;
    let cut = Cut::new(stage, index)?;
    let main = SubxtChain::connect(&stage.devnet.state.rpc_url(validators[0]), None).await?;
    let fork = SubxtChain::connect(&stage.devnet.state.rpc_url(index), None).await?;
    let side = Side::of(stage, index, &main).await?;
    let before = side.audits(&main).await?;
    for attempt in 1..=TRIES {
        let challenge = side.wait_for_challenge(&main).await?;
        cut.off().await?;
        let put = Put::begin(stage, &cut, attempt).await?;
        let proven = prove_apart(&main, &fork, &side, challenge.block).await;
        let stored = put.is_sent(&cut).await;
        let (ours, theirs) = (cut.hash_at(challenge.block).await?, cut.hash_of_others(challenge.block).await?);
        let taken_back = fork.best().await?.number.saturating_sub(challenge.block - 1);
        cut.heal().await?;
        let met = until("the validator that was cut off is on the others' chain", PERIOD, || async {
            Ok((cut.hash_at(challenge.block).await? == cut.hash_of_others(challenge.block).await?).then_some(()))
        });
        met.await?;
        let proven = proven?;
        put.check_kept(stage).await?;
        let (Some(Apart { in_block, samples }), true) = (proven, stored? && ours.is_some() && ours != theirs) else {
            continue;
        };
        ensure!(samples.0 != samples.1, "two forks asked for the same bytes: {samples:?}");
        stage.facts.say("attempts", attempt);
        stage.facts.say("blocks-taken-back", taken_back);
        stage.facts.say("proof-on-the-fork", if in_block { "in a block" } else { "in the pool" });
        let over = until("the window is over for good", 3 * PERIOD, || async {
            Ok((main.finalized().await?.number > challenge.deadline).then_some(()))
        });
        over.await?;
        side.proved_once(stage, &main, &before, challenge.period).await?;
        stage.facts.say("file-stored-on-the-fork", "kept");
        return Ok(());
    }
    anyhow::bail!("in {TRIES} periods the validator that was cut off did not make a block soon enough")
}

/// The proof of the worker while the two sides were apart.
struct Apart {
    /// Whether its proof was in a block, or only in the pool.
    in_block: bool,
    /// The sampled bytes of both sides.
    samples: (Vec<ChallengedByte>, Vec<ChallengedByte>),
}

/// Waits until the worker has sent the proof of its side; `None` if the others have made too many blocks by then.
async fn prove_apart(
    main: &SubxtChain,
    fork: &SubxtChain,
    side: &Side,
    challenged: BlockNumber,
) -> Result<Option<Apart>> {
    loop {
        let late = main.best().await?.number >= challenged + PATIENCE;
        let here = fork.challenge(side.worker, At::Best).await?.context("the worker is challenged")?;
        let there = main.challenge(side.worker, At::Best).await?.context("the worker is challenged")?;
        let in_block = here.state == ChallengeState::Proven;
        let sent = in_block || (here.state == ChallengeState::Open && side.proof_waits().await?);
        if !there.samples.is_empty() && (in_block || (late && sent)) {
            return Ok(Some(Apart { in_block, samples: (here.samples, there.samples) }));
        }
        if late {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
