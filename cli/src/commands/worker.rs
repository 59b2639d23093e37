//! `meganet worker`: what workers have proven, missed and earned.

use super::{Session, network::name_of};
use crate::{
    args::WorkerCommand,
    output::{bytes, counted},
};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{At, ChainClient, account::format_account, amount::Mega};
use meganet_primitives::{
    WorkerId,
    chain::{ChallengeInfo, StorageParams, WorkerAudit, WorkerInfo},
};
use serde_json::{Value, json};

/// Does what was asked.
pub async fn run(session: &Session, command: WorkerCommand) -> Result<()> {
    match command {
        WorkerCommand::Status { worker } => status(session, worker.as_deref()).await,
    }
}

/// One worker.
struct Report {
    info: WorkerInfo,
    audit: WorkerAudit,
    challenge: Option<ChallengeInfo>,
}

async fn status(session: &Session, wanted: Option<&str>) -> Result<()> {
    let chain = session.chain().await?;
    let at = chain.pin(At::Best).await?;
    let params = chain.params(at).await?;
    let mut reports = Vec::new();
    for info in find(session, &*chain, wanted, at).await? {
        let audit = chain.worker_audit(info.id, at).await?.context("the worker was expelled just now; ask again")?;
        let challenge = chain.challenge(info.id, at).await?;
        reports.push(Report { info, audit, challenge });
    }
    let value: Vec<Value> = reports.iter().map(|report| described(report, &params)).collect();
    session.output.result(&value, |_| {
        let said: Vec<String> = reports.iter().map(|report| said(report, &params)).collect();
        said.join("\n\n")
    })
}

/// The workers that are meant: one by its number, those of an account, or those of the account that signs.
async fn find(session: &Session, chain: &dyn ChainClient, wanted: Option<&str>, at: At) -> Result<Vec<WorkerInfo>> {
    if let Some(id) = wanted.and_then(|text| text.parse::<WorkerId>().ok()) {
        let Some(info) = chain.worker(id, at).await? else {
            bail!(
                "no worker has the number {id}: it has left or was expelled, or this is another network (see `meganet status`)"
            );
        };
        return Ok(vec![info]);
    }
    let operator = session.account_id(wanted)?;
    let mut all = chain.all_workers(at).await?;
    all.retain(|info| info.operator == operator);
    if all.is_empty() {
        bail!(
            "{} runs no worker: give a worker's number, or the account of one's operator (`--account NAME`)",
            format_account(&operator)
        );
    }
    Ok(all)
}

fn described(report: &Report, params: &StorageParams) -> Value {
    let Report { info, audit, challenge } = report;
    json!({
        "id": info.id,
        "operator": format_account(&info.operator),
        "country": info.country.to_string(),
        "capacity": info.capacity,
        "committed": info.committed,
        "slots": info.slots,
        "bond": info.bond.to_string(),
        "accepting": info.accepting,
        "leaving": audit.leaving,
        "bytes": audit.bytes,
        "proven": audit.record.proven,
        "missed": audit.record.missed,
        "misses": audit.record.misses,
        "tolerated_misses": params.tolerance.misses,
        "earned": audit.earned.to_string(),
        "held_back": audit.held_back.to_string(),
        "pay_per_period": audit.pay.to_string(),
        "challenge": challenge.as_ref().map(|challenge| json!({
            "period": challenge.period,
            "block": challenge.block,
            "deadline": challenge.deadline,
            "state": name_of(challenge.state),
            "samples": challenge.samples.len(),
        })),
    })
}

fn said(report: &Report, params: &StorageParams) -> String {
    let Report { info, audit, challenge } = report;
    let challenge = match challenge {
        None => "not drawn yet".to_owned(),
        Some(challenge) => {
            format!("{} (block {}, answer by {})", name_of(challenge.state), challenge.block, challenge.deadline)
        }
    };
    let leaving = if audit.leaving { ", leaving" } else { "" };
    [
        format!("worker     {} in {}, of {}{leaving}", info.id, info.country, format_account(&info.operator)),
        format!(
            "lends      {}, of which {} are promised to {}; bond {}",
            bytes(info.capacity),
            bytes(info.committed),
            counted(info.slots, "slot", "slots"),
            Mega(info.bond)
        ),
        format!("holds      {} of shards that it is audited for", bytes(audit.bytes)),
        format!(
            "proven     {}, {} missed; {} misses count, {} lose slots and bond",
            counted(audit.record.proven, "period", "periods"),
            audit.record.missed,
            audit.record.misses,
            params.tolerance.misses
        ),
        format!("challenge  {challenge}"),
        format!(
            "earned     {}, and {} held back; a proof pays {}",
            Mega(audit.earned),
            Mega(audit.held_back),
            Mega(audit.pay)
        ),
    ]
    .join("\n")
}
