//! Answers per second of a real node, with the client on the same machine.

use super::{
    label,
    load::{Answers, Crowd, ask},
    stored,
};
use crate::report::Report;
use anyhow::{Context, Result, ensure};
use codec::Encode;
use jsonrpsee::{core::params::ArrayParams, rpc_params};
use meganet_devnet::{Devnet, Kind, Shape, program};
use meganet_name_proof::state::name_key;
use serde_json::Value;
use std::{fs, path::Path, process::Command, time::Duration};

/// Target of `name_v1_resolve`, in answers per second.
const RATE: f64 = 10_000.0;
/// Target for the 99th percentile of answer times, in milliseconds.
const P99: f64 = 10.0;
/// Load of many clients at the same time.
const CROWD: Crowd = Crowd { connections: 4, in_flight: 8 };
/// Load of one client, one request at a time.
const ALONE: Crowd = Crowd { connections: 1, in_flight: 1 };
/// Names that many clients ask for.
const POPULAR: u32 = 256;
/// Names in one request of `name_v1_resolveMany`.
const MANY: u32 = 64;
/// Most names in a genesis block.
const MAX_NAMES: u32 = 1_000_000;

/// A request, and the check of its answers.
struct Case {
    name: &'static str,
    crowd: Crowd,
    method: &'static str,
    params: fn(u32) -> ArrayParams,
    check: fn(&Value) -> bool,
}

/// A step coprime to the number of names spreads requests over all names.
fn any(turn: u32) -> String {
    label(turn.wrapping_mul(7_919) % NAMES.load(std::sync::atomic::Ordering::Relaxed))
}

static NAMES: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);

const CASES: [Case; 9] = [
    Case {
        name: "health",
        crowd: CROWD,
        method: "system_health",
        params: |_| rpc_params![],
        check: |answer| answer["isSyncing"].is_boolean(),
    },
    Case {
        name: "head",
        crowd: CROWD,
        method: "chain_getFinalizedHead",
        params: |_| rpc_params![],
        check: Value::is_string,
    },
    Case {
        name: "runtime",
        crowd: CROWD,
        method: "state_call",
        params: |turn| {
            let name = any(turn).into_bytes().encode();
            rpc_params!["NamesApi_resolve", format!("0x{}", hex::encode(name))]
        },
        check: |answer| answer.as_str().is_some_and(|bytes| bytes.starts_with("0x01")),
    },
    Case {
        name: "resolve_any",
        crowd: CROWD,
        method: "name_v1_resolve",
        params: |turn| rpc_params![any(turn)],
        check: is_resolved,
    },
    Case {
        name: "resolve_popular",
        crowd: CROWD,
        method: "name_v1_resolve",
        params: |turn| rpc_params![label(turn % POPULAR)],
        check: is_resolved,
    },
    Case {
        name: "resolve_nobody",
        crowd: CROWD,
        method: "name_v1_resolve",
        params: |turn| rpc_params![format!("nobody-{turn}")],
        check: Value::is_null,
    },
    Case {
        name: "resolve_alone",
        crowd: ALONE,
        method: "name_v1_resolve",
        params: |turn| rpc_params![any(turn)],
        check: is_resolved,
    },
    Case {
        name: "resolve_many",
        crowd: CROWD,
        method: "name_v1_resolveMany",
        params: |turn| {
            let first = turn.wrapping_mul(MANY);
            rpc_params![(0..MANY).map(|one| any(first.wrapping_add(one))).collect::<Vec<_>>()]
        },
        check: |answer| answer["names"].as_array().is_some_and(|names| names.iter().all(is_resolved)),
    },
    Case {
        name: "proof",
        crowd: CROWD,
        method: "name_v1_resolveProof",
        params: |turn| rpc_params![any(turn)],
        check: |answer| answer["proof"].as_str().is_some_and(|proof| proof.len() > 1_000),
    },
];

fn is_resolved(answer: &Value) -> bool {
    answer["content"]["kind"] == "object" && answer["block"]["finalized"] == true
}

/// Starts a node with `names` names in its genesis block, and sends requests for about `time`. Returns the missed targets.
///
/// # Errors
/// The node does not start, or answers with errors.
pub async fn bench(names: u32, time: Duration, report: &mut Report) -> Result<Vec<String>> {
    ensure!((1..=MAX_NAMES).contains(&names), "a genesis takes 1 to {MAX_NAMES} names");
    NAMES.store(names, std::sync::atomic::Ordering::Relaxed);
    let dir = tempfile::tempdir()?;
    let spec = dir.path().join("spec.json");
    eprintln!("[names] writing a chain that begins with {names} names");
    write_spec(&spec, names)?;
    let chain = Some(spec.to_string_lossy().into_owned());
    let shape = Shape { validators: 1, chain, workers: Vec::new(), gateway_port: None, ..Shape::small() };
    let mut devnet = Devnet::open(&dir.path().join("net"), &shape)?;
    let measured = async {
        // Only the validators: with this many names in the genesis block, the chain spec for light clients is too large an answer.
        let validators = devnet.state.of_kind(Kind::Validator);
        eprintln!("[names] starting a node");
        devnet.state.start(&validators).await?;
        let validator = *validators.first().context("a devnet has a validator")?;
        let chain = devnet.chain().await?;
        while chain.finalized().await?.number == 0 {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        measure(&devnet.state.rpc_url(validator), time, report).await
    }
    .await;
    // Stopped also if measuring failed, which is reported then.
    let ended = devnet.state.stop_all();
    let missed = measured?;
    ended?;
    Ok(missed)
}

async fn measure(url: &str, time: Duration, report: &mut Report) -> Result<Vec<String>> {
    let each = time / u32::try_from(CASES.len())?;
    let mut missed = Vec::new();
    for Case { name, crowd, method, params, check } in CASES {
        let Answers { rate, p50, p99 } = ask(url, crowd, each, method, params, check).await?;
        let rate = if name == "resolve_many" { rate * f64::from(MANY) } else { rate };
        report.figure(format!("{name}_per_s"), rate);
        report.figure(format!("{name}_p50_ms"), p50);
        report.figure(format!("{name}_p99_ms"), p99);
        let promised = ["resolve_any", "resolve_popular"].contains(&name);
        if promised && rate < RATE {
            missed.push(format!("{name}: {rate:.0} answers in a second, the target is {RATE:.0}"));
        }
        if (promised || name == "resolve_alone") && p99 > P99 {
            missed.push(format!("{name}: 99 of a hundred come within {p99:.1} ms, the target is {P99}"));
        }
    }
    Ok(missed)
}

/// The spec of the development chain with names in its genesis state, as registrations would have stored them.
fn write_spec(path: &Path, names: u32) -> Result<()> {
    let output =
        Command::new(program("meganet-node")?).args(["export-chain-spec", "--chain", "dev", "--raw"]).output()?;
    ensure!(output.status.success(), "the node writes no spec: {}", String::from_utf8_lossy(&output.stderr).trim());
    let mut spec: Value = serde_json::from_slice(&output.stdout)?;
    let top = spec["genesis"]["raw"]["top"].as_object_mut().context("the node's spec has no raw genesis")?;
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    for number in 0..names {
        top.insert(hex(&name_key(&label(number))), hex(&stored(number).encode()).into());
    }
    fs::write(path, serde_json::to_vec(&spec)?)?;
    Ok(())
}
