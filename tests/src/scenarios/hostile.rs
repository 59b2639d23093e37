//! Attacks on real processes: by peers on a worker, by owners on the chain, by publishers on readers. They are refused and change
//! nothing, and everyone else is served during and after them.

mod publishers;
mod receipts;
mod streams;
mod uploads;

use crate::{Stage, folder};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, ChainClient};
use meganet_devnet::{ClientConfig, Kind};
use meganet_net::{Net, NetConfig};
use meganet_primitives::{SlotIndex, chain::GroupInfo, receipt::PeerKey};
use std::{sync::Arc, time::Duration};

const LABEL: &str = "hostile";
/// Timeout until workers store all shards of their slots.
const WHOLE: Duration = Duration::from_secs(300);

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    folder::write(&site, "index.html", b"served throughout")?;
    folder::write_random(&site.join("large.bin"), 3_000_000, 11)?;
    stage.publish(&site, LABEL).await?;
    let workers = stage.devnet.state.of_kind(Kind::Worker);
    stage.wait_whole(&workers, WHOLE).await?;
    let victim = Victim::choose(stage).await?;

    // Slow requests last until the worker cuts them off, so everything else runs at the same time.
    let others = async {
        streams::oversized(stage, &victim).await?;
        uploads::play(stage, &victim).await?;
        receipts::play(stage, &victim).await?;
        publishers::play(stage, &victim).await
    };
    let (slow, others) = tokio::join!(streams::slow(stage, &victim), others);
    slow.and(others)?;

    let process = &stage.devnet.state.processes[victim.index];
    ensure!(process.is_alive(), "{} ended under hostile requests", process.name);
    stage.wait_whole(&workers, WHOLE).await?;
    // Two of six are enough; one of them is the victim.
    let others: Vec<usize> = workers.into_iter().filter(|index| *index != victim.index).skip(1).collect();
    stage.devnet.state.kill(&others)?;
    stage.restart_gateway().await?;
    let (files, _) = stage.browser()?.same_folder(LABEL, &site).await?;
    stage.facts.say("files-served-afterwards", files);
    stage.devnet.state.start(&others).await
}

/// The attacked worker, as seen by a stranger on the network.
struct Victim {
    /// The worker's process.
    index: usize,
    peer: PeerKey,
    /// A group that it is a member of, with its slot.
    group: GroupInfo,
    slot: SlotIndex,
    net: Net,
    chain: Arc<dyn ChainClient>,
}

impl Victim {
    async fn choose(stage: &Stage) -> Result<Self> {
        let chain = stage.devnet.chain().await?;
        let index = *stage.workers_in(&["DE"]).first().context("a worker in DE")?;
        let member = stage.health(index).await?["groups"][0].clone();
        let group = member["group"].as_u64().context("the worker is in a group")?;
        let group = chain.group(u32::try_from(group)?, At::Best).await?.context("its group is on the chain")?;
        let slot = SlotIndex::try_from(member["slot"].as_u64().context("the worker has a slot")?)?;
        let peer = group.slots.get(usize::from(slot)).copied().flatten().context("the slot is taken")?.peer;
        let bootnodes = ClientConfig::read(&stage.devnet.state.client_config())?.bootnodes;
        let bootnodes = bootnodes.iter().map(|address| address.parse()).collect::<Result<_, _>>()?;
        let (net, _nothing_is_served) = Net::start(NetConfig::reader(chain.genesis(), bootnodes)).await?;
        Ok(Victim { index, peer, group, slot, net, chain })
    }
}
