//! `meganet network`: storage health.

use super::Session;
use crate::output::counted;
use anyhow::Result;
use meganet_chain_client::{At, ChainClient, amount::Mega};
use meganet_primitives::{
    chain::{ChallengeState, GroupHealth},
    convert::to_usize,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Prints the audits of this period, degraded groups, and the payments so far.
pub async fn run(session: &Session) -> Result<()> {
    let chain = session.chain().await?;
    let at = chain.pin(At::Best).await?;
    let (stats, params, money) = (chain.stats(at).await?, chain.params(at).await?, chain.money(at).await?);
    let challenges = challenges(&*chain, at).await?;
    let groups = groups(&*chain, at).await?;
    let degraded: Vec<&GroupHealth> = groups.iter().filter(|group| !is_whole(group)).collect();
    let value = json!({
        "workers": stats.totals.workers,
        "epoch": stats.epoch,
        "period_blocks": params.schedule.period_blocks,
        "window_blocks": params.schedule.window_blocks,
        "samples": params.schedule.samples,
        "misses_until_expulsion": params.tolerance.misses,
        "challenges": challenges,
        "groups": groups.len(),
        "groups_whole": groups.len() - degraded.len(),
        "groups_filling": stats.totals.groups_filling,
        "lacking": degraded.iter().map(|group| to_json(group)).collect::<Vec<_>>(),
        "price_per_gib_epoch": money.price_per_gib_epoch.to_string(),
        "paid_in": money.paid_in.to_string(),
        "burned": money.burned.to_string(),
        "paid_out": money.paid_out.to_string(),
        "escrow": money.escrow.to_string(),
        "held_back": money.held_back.to_string(),
        "fund": money.fund.to_string(),
        "slashed": money.slashed.to_string(),
    });
    session.output.result(&value, |_| {
        let states: Vec<String> = challenges.iter().map(|(state, count)| format!("{count} {state}")).collect();
        let mut lines = vec![
            format!("workers    {}; challenges in this period: {}", stats.totals.workers, states.join(", ")),
            format!(
                "audits     {} bytes of each worker every {} blocks, to be proven within {}, tolerating {}",
                params.schedule.samples,
                params.schedule.period_blocks,
                params.schedule.window_blocks,
                counted(params.tolerance.misses.saturating_sub(1), "miss", "misses")
            ),
            format!("groups     {}; degraded: {}", groups.len(), degraded.len()),
        ];
        lines.extend(degraded.iter().map(|group| to_text(group)));
        lines.push(format!(
            "payments   {} paid in: {} paid to workers, {} not yet earned, {} held back, {} burned; {} of bonds slashed; {} in the repair fund",
            Mega(money.paid_in),
            Mega(money.paid_out),
            Mega(money.escrow),
            Mega(money.held_back),
            Mega(money.burned),
            Mega(money.slashed),
            Mega(money.fund)
        ));
        lines.push(format!("price      {} per GiB of shards and epoch", Mega(money.price_per_gib_epoch)));
        lines.join("\n")
    })
}

/// The number of challenges of this period by state.
async fn challenges(chain: &dyn ChainClient, at: At) -> Result<BTreeMap<&'static str, u64>> {
    let mut states = BTreeMap::new();
    for worker in chain.all_workers(at).await?.into_iter().filter(|worker| worker.slots > 0) {
        let state = chain.challenge(worker.id, at).await?.map_or("not drawn", |challenge| name_of(challenge.state));
        *states.entry(state).or_default() += 1;
    }
    Ok(states)
}

async fn groups(chain: &dyn ChainClient, at: At) -> Result<Vec<GroupHealth>> {
    let mut health = Vec::new();
    for group in chain.all_groups(at).await? {
        health.extend(chain.group_health(group.id, at).await?);
    }
    Ok(health)
}

/// The state of a challenge, in a word.
pub(super) fn name_of(state: ChallengeState) -> &'static str {
    match state {
        ChallengeState::Scheduled => "scheduled",
        ChallengeState::Open => "open",
        ChallengeState::Proven => "proven",
        ChallengeState::Missed => "missed",
    }
}

fn is_whole(group: &GroupHealth) -> bool {
    usize::try_from(group.whole) == Ok(group.slots.len())
}

fn vacant(group: &GroupHealth) -> usize {
    group.slots.iter().filter(|slot| slot.is_none()).count()
}

fn to_json(group: &GroupHealth) -> Value {
    json!({
        "id": group.id,
        "profile": group.profile.to_string(),
        "slots": group.slots.len(),
        "whole": group.whole,
        "vacant": vacant(group),
        "margin": group.margin,
        "queued": group.queued,
    })
}

fn to_text(group: &GroupHealth) -> String {
    let vacant = vacant(group);
    let taken = group.slots.len() - vacant;
    let rebuilding = taken.saturating_sub(to_usize(group.whole.into()));
    let next = match (vacant, group.queued, usize::try_from(group.margin).is_ok_and(|margin| taken < margin)) {
        (0, ..) => "",
        (_, true, true) => "; to be filled urgently",
        (_, true, false) => "; to be filled later",
        (_, false, _) => "; no worker available to fill it",
    };
    format!(
        "           group {} ({}): {} of {} slots whole, {rebuilding} rebuilding, {vacant} vacant{next}",
        group.id,
        group.profile,
        group.whole,
        group.slots.len()
    )
}
