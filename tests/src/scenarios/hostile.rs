//! Attacks on real processes: by peers on a worker, by owners on the chain, by publishers on readers. They are refused and change
//! nothing, and everyone else is served during and after them.

mod publishers;
mod receipts;
mod siege;
mod streams;
mod uploads;
mod visitors;

use crate::{Stage, folder};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, ChainClient, Signer};
use meganet_devnet::{ClientConfig, Kind};
use meganet_net::{Net, NetConfig, PutClient, UploadAccount};
use meganet_primitives::{
    SlotIndex,
    chain::GroupInfo,
    receipt::{PeerKey, upload_signed_bytes},
};
use std::{sync::Arc, time::Duration};

const LABEL: &str = "hostile";
/// Timeout until workers store all shards of their slots.
const WHOLE: Duration = Duration::from_secs(300);

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    folder::write(&site, "index.html", b"served throughout")?;
    folder::write_random(&site.join("large.bin"), 8_000_000, 11)?;
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
    siege::play(stage, &victim).await?;
    visitors::play(stage, &site).await?;

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
    /// A put stream to a worker, in the name of an account.
    async fn putting(&self, peer: PeerKey, owner: &Signer) -> Result<PutClient> {
        let mut stream = self.net.put_client(peer).await?;
        stream.authorize(self.account(owner)).await?;
        Ok(stream)
    }

    /// An account that has signed for this stranger.
    fn account(&self, owner: &Signer) -> UploadAccount {
        self.account_for(owner, &self.net)
    }

    /// An account that has signed for a stranger.
    fn account_for(&self, owner: &Signer, stranger: &Net) -> UploadAccount {
        let signed = upload_signed_bytes(&self.chain.genesis(), &stranger.local_key());
        UploadAccount { account: owner.account(), signature: owner.sign(&signed) }
    }

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
