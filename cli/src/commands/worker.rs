//! `meganet worker …`

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

/// Runs a `worker` command.
pub async fn run(session: &Session, command: WorkerCommand) -> Result<()> {
    match command {
        WorkerCommand::Status { worker } => status(session, worker.as_deref()).await,
    }
}

/// The chain's records of a worker.
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
        let audit = chain
            .worker_audit(info.id, at)
            .await?
            .context("the worker left or was expelled in the meantime; run the command again")?;
        let challenge = chain.challenge(info.id, at).await?;
        reports.push(Report { info, audit, challenge });
    }
    let value: Vec<Value> = reports.iter().map(|report| to_json(report, &params)).collect();
    session.output.result(&value, |_| {
        let texts: Vec<String> = reports.iter().map(|report| to_text(report, &params)).collect();
        texts.join("\n\n")
    })
}

/// The worker with a number, or the workers of an operator: by default the signing account.
async fn find(session: &Session, chain: &dyn ChainClient, wanted: Option<&str>, at: At) -> Result<Vec<WorkerInfo>> {
    if let Some(id) = wanted.and_then(|text| text.parse::<WorkerId>().ok()) {
        let Some(info) = chain.worker(id, at).await? else {
            bail!(
                "there is no worker {id}: it left or was expelled, or this is another network (see `meganet status`)"
            );
        };
        return Ok(vec![info]);
    }
    let operator = session.account_id(wanted)?;
    let mut all = chain.all_workers(at).await?;
    all.retain(|info| info.operator == operator);
    if all.is_empty() {
        bail!("{} operates no worker: pass a worker's number or its operator's address", format_account(&operator));
    }
    Ok(all)
}

fn to_json(report: &Report, params: &StorageParams) -> Value {
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
        "misses_until_expulsion": params.tolerance.misses,
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

fn to_text(report: &Report, params: &StorageParams) -> String {
    let Report { info, audit, challenge } = report;
    let challenge = match challenge {
        None => "not drawn yet".to_owned(),
        Some(challenge) => {
            format!("{} (block {}, deadline {})", name_of(challenge.state), challenge.block, challenge.deadline)
        }
    };
    let leaving = if audit.leaving { ", leaving" } else { "" };
    [
        format!("worker     {} in {}, operated by {}{leaving}", info.id, info.country, format_account(&info.operator)),
        format!(
            "offers     {}, of which {} are committed to {}; bond {}",
            bytes(info.capacity),
            bytes(info.committed),
            counted(info.slots, "slot", "slots"),
            Mega(info.bond)
        ),
        format!("stores     {} of shards, which are audited", bytes(audit.bytes)),
        format!(
            "proven     {}, {} missed; {} towards the {} that cost slots and bond",
            counted(audit.record.proven, "period", "periods"),
            audit.record.missed,
            counted(audit.record.misses, "miss", "misses"),
            params.tolerance.misses
        ),
        format!("challenge  {challenge}"),
        format!(
            "earned     {}, and {} held back; the next proof pays {}",
            Mega(audit.earned),
            Mega(audit.held_back),
            Mega(audit.pay)
        ),
    ]
    .join("\n")
}
