//! Chaos: random faults on a network of twelve workers, under constant publishing and reading. At the end every acknowledged byte
//! reads back equal, the books add up, and no honest worker has lost money.

mod blackout;
mod faults;
mod plan;
mod traffic;

pub use faults::OWN_NETWORK;

use crate::{Stage, stage};
use anyhow::{Result, ensure};
use faults::Victims;
use meganet_chain_client::At;
use meganet_devnet::{Kind, Shape};
use plan::Plan;
use std::time::{Duration, Instant};
use traffic::{LABEL, Traffic};

/// Timeout until all workers hold all their shards afterwards.
const HEALED: Duration = Duration::from_secs(900);

/// The network: twelve workers in six countries.
pub fn shape() -> Shape {
    let workers = ["DE", "FR", "JP", "BR", "KE", "NZ"].map(|country| (country.to_string(), 2)).to_vec();
    Shape { workers, ..stage::shape() }
}

/// Runs faults for this long, and checks that nothing was lost.
pub async fn play(stage: &mut Stage, seed: u64, length: Duration) -> Result<()> {
    let (publisher, storer) = (stage.cli.clone(), stage.cli.signing_as("//Bob"));
    let browser = stage.browser_for(&[LABEL])?;
    let traffic = Traffic::begin(publisher, storer, browser, &stage.folder("chaos")?).await?;
    blackout::play(stage).await?;
    let facts = stage.facts;
    let suffering = async {
        let mut victims = Victims::prepare(&mut stage.devnet.state).await?;
        let begun = Instant::now();
        let (mut steps, mut faults) = (0, 0);
        for step in Plan::new(seed, victims.possible()) {
            if begun.elapsed() > length {
                break;
            }
            tokio::time::sleep(step.calm).await;
            eprintln!("[chaos] {:>4} s: {:?} for {:.0?}", begun.elapsed().as_secs(), step.faults, step.lasts);
            victims.suffer(&step.faults, step.lasts).await?;
            steps += 1;
            faults += step.faults.len();
        }
        facts.say("chaos-steps", steps);
        facts.say("chaos-faults", faults);
        traffic.stop();
        victims.restore().await
    };
    // Whichever fails first ends both.
    tokio::try_join!(suffering, traffic.run())?;

    let workers = stage.devnet.state.of_kind(Kind::Worker);
    let healed = stage.wait_whole(&workers, HEALED).await?;
    stage.facts.seconds("chaos-healed-after-seconds", healed);
    let tally = traffic.tally();
    stage.facts.say("chaos-traffic", format!("{tally:?}"));
    ensure!(tally.versions > 0 && tally.files > 0 && tally.reads > 0, "there was no traffic: {tally:?}");
    let (files, of_site) = traffic.check().await?;
    stage.facts.say("chaos-files-read-back", files);
    stage.facts.say("chaos-site-files-read-back", of_site);

    let chain = stage.devnet.chain().await?;
    let money = chain.money(At::Best).await?;
    let inside = money.escrow + money.held_back + money.fund;
    ensure!(
        money.paid_in + money.slashed == money.burned + money.paid_out + inside,
        "the books do not add up: {money:?}"
    );
    ensure!(money.slashed == 0, "an honest worker was slashed: {money:?}");
    stage.facts.say("chaos-money", "conserved, and nobody was slashed");
    Ok(())
}
