//! `meganet status`: network overview.

use super::{Session, relies_on};
use crate::output::{bytes, counted};
use anyhow::Result;
use meganet_chain_client::{At, amount::Mega};
use meganet_terminal::shown;
use serde_json::json;
use std::collections::BTreeMap;

/// Prints the chain, workers by country, groups, capacity and price.
pub async fn run(session: &Session) -> Result<()> {
    let chain = session.chain().await?;
    let relies_on = relies_on(chain.as_ref(), &session.config()?);
    let node = chain.node_status().await?;
    let (best, finalized) = (chain.best().await?, chain.finalized().await?);
    let at = At::Block(finalized.hash);
    let (stats, params) = (chain.stats(at).await?, chain.params(at).await?);
    let mut countries = BTreeMap::<String, u64>::new();
    for worker in chain.all_workers(at).await? {
        *countries.entry(worker.country.to_string()).or_default() += 1;
    }
    let value = json!({
        "chain": node.chain,
        "genesis": format!("0x{}", hex::encode(chain.genesis())),
        "node_version": node.version,
        "peers": node.peers,
        "syncing": node.syncing,
        "best": best.number,
        "finalized": finalized.number,
        "verified": chain.trust().name(),
        "workers": stats.totals.workers,
        "countries": countries,
        "capacity": stats.totals.capacity,
        "committed": stats.totals.committed,
        "groups": stats.totals.groups,
        "groups_filling": stats.totals.groups_filling,
        "batches": stats.totals.batches,
        "objects": stats.totals.objects,
        "stored_bytes": stats.totals.bytes.to_string(),
        "pot": stats.pot.to_string(),
        "epoch": stats.epoch,
        "price_per_gib_epoch": params.price_per_gib_epoch.to_string(),
    });
    session.output.result(&value, |_| {
        let spread: Vec<String> = countries.iter().map(|(country, count)| format!("{country} {count}")).collect();
        let sync = if node.syncing { ", synchronizing" } else { "" };
        [
            format!(
                "chain      {} ({}), {}{sync}",
                shown(&node.chain),
                shown(&node.version),
                counted(node.peers, "connected peer", "connected peers")
            ),
            format!("blocks     best {}, finalized {}", best.number, finalized.number),
            format!("source     {relies_on}"),
            match countries.len() {
                0 => "workers    0".to_owned(),
                count => format!(
                    "workers    {} in {}: {}",
                    stats.totals.workers,
                    counted(count, "country", "countries"),
                    spread.join(", ")
                ),
            },
            format!(
                "capacity   {} offered, {} committed to groups",
                bytes(stats.totals.capacity),
                bytes(stats.totals.committed)
            ),
            format!("groups     {}; with vacant slots: {}", stats.totals.groups, stats.totals.groups_filling),
            format!(
                "stored     {} in {}, {} of shards, counted since the genesis",
                counted(stats.totals.objects, "object", "objects"),
                counted(stats.totals.batches, "batch", "batches"),
                bytes(u64::try_from(stats.totals.bytes).unwrap_or(u64::MAX))
            ),
            format!("epoch      {}; a GiB of shards costs {} per epoch", stats.epoch, Mega(params.price_per_gib_epoch)),
            format!("pot        {} that the chain holds for workers and repairs", Mega(stats.pot)),
        ]
        .join("\n")
    })
}
