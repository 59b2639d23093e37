//! `meganet devnet …`

use super::{Session, session::join};
use crate::{
    args::{DevnetArgs, DevnetCommand, KindArg, ProcessArgs, ShapeArgs},
    output::bytes,
    progress::Bars,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use meganet_chain_client::Signer;
use meganet_client::{FetchOptions, PublishOptions};
use meganet_devnet::{ClientConfig, DIR_VARIABLE, Devnet, Interrupts, Kind, Process, Shape, State};
use meganet_terminal::{shown, shown_lines};
use serde_json::json;
use std::{borrow::Cow, collections::BTreeSet, io::Write, path::Path};

/// Runs a `devnet` command.
pub async fn run(session: &Session, args: DevnetArgs) -> Result<()> {
    let dir = match args.dir.or_else(|| session.global.devnet.clone()) {
        Some(dir) => dir,
        None => State::default_dir()?,
    };
    match args.command {
        DevnetCommand::Up { shape, foreground } => up(session, &dir, &shape_of(&shape)?, foreground).await,
        DevnetCommand::Down { purge } => down(session, &dir, purge),
        DevnetCommand::Status => status(session, &State::require(&dir)?),
        DevnetCommand::Kill(which) => {
            let mut state = State::require(&dir)?;
            let chosen = chosen(&state, &which)?;
            state.kill(&chosen)?;
            print_processes(session, &state, &chosen, "killed")
        }
        DevnetCommand::Start(which) => {
            let mut state = State::require(&dir)?;
            let chosen = chosen(&state, &which)?;
            state.start(&chosen).await?;
            print_processes(session, &state, &chosen, "started")
        }
        DevnetCommand::Demo { site, name, shape } => demo(session, &site, &name, &shape_of(&shape)?).await,
    }
}

fn shape_of(args: &ShapeArgs) -> Result<Shape> {
    Ok(Shape {
        validators: args.validators,
        chain: args.chain.clone(),
        workers: Shape::parse_workers(&args.workers)?,
        capacity: args.capacity.checked_mul(1 << 30).context("the capacity is too large")?,
        gateway_port: Some(args.gateway_port),
    })
}

/// Brings a network up; after an error or Ctrl-C, stops what was started.
async fn bring_up(mut devnet: Devnet, interrupts: &mut Interrupts) -> Result<Devnet> {
    let mut report = report_step;
    let brought = tokio::select! {
        brought = devnet.up(&mut report) => brought,
        () = interrupts.next() => Err(anyhow!("interrupted")),
    };
    match brought {
        Ok(()) => Ok(devnet),
        Err(error) => {
            stop(devnet, interrupts).await?;
            Err(error)
        }
    }
}

/// Stops a network; another Ctrl-C kills it.
async fn stop(devnet: Devnet, interrupts: &mut Interrupts) -> Result<()> {
    report_step("stopping the network (press Ctrl-C again to kill it)");
    devnet.state.stop_all_or_kill(interrupts.next()).await
}

/// Reports a step on stderr. Unlike `eprintln!` it does not panic if the terminal was closed, which would leave processes behind.
fn report_step(step: &str) {
    let _ = writeln!(std::io::stderr(), "{}", shown_lines(step));
}

async fn up(session: &Session, dir: &Path, shape: &Shape, foreground: bool) -> Result<()> {
    let mut interrupts = Interrupts::listen()?;
    let devnet = bring_up(Devnet::open(dir, shape)?, &mut interrupts).await?;
    let printed = print_up(session, &devnet.state);
    if foreground {
        if printed.is_ok() {
            report_step("press Ctrl-C to stop it");
            interrupts.next().await;
        }
        stop(devnet, &mut interrupts).await?;
    }
    printed
}

fn print_up(session: &Session, state: &State) -> Result<()> {
    let config = state.client_config();
    let value = json!({ "dir": state.dir, "config": config, "site_url": state.site_url("NAME") });
    session.output.result(&value, |_| {
        let sites = state.site_url("NAME").map(|url| format!("\nsites open at {url}")).unwrap_or_default();
        let hint = if State::needs_no_variable(&state.dir) {
            String::new()
        } else {
            format!("\nexport {DIR_VARIABLE}={}    (for the other commands)", state.dir.display())
        };
        format!("the network is up in {}{sites}{hint}", state.dir.display())
    })
}

fn down(session: &Session, dir: &Path, purge: bool) -> Result<()> {
    let mut state = State::require(dir)?;
    state.stop_all()?;
    let left = if purge { state.purge(dir)? } else { Vec::new() };
    // A path need not be Unicode, as text in JSON is.
    let left: Vec<_> = left.iter().map(|path| path.to_string_lossy()).collect();
    session.output.result(&json!({ "dir": state.dir, "purged": purge, "left": left }), |_| {
        if purge {
            format!("the network is down and its data deleted{}", left_text(&left))
        } else {
            format!("the network is down; `{}` resumes it", State::up_command(dir))
        }
    })
}

/// A line for each thing that a purge has left.
fn left_text(left: &[Cow<str>]) -> String {
    if left.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = left.iter().map(|path| format!("\n  {}", shown(path))).collect();
    format!("\nleft, because the network did not make it or a link led there:{}", lines.concat())
}

fn status(session: &Session, state: &State) -> Result<()> {
    let rows: Vec<_> = state
        .processes
        .iter()
        .map(|process| {
            let memory = process.running.and_then(|running| running.memory());
            json!({
                "name": process.name,
                "running": process.is_alive(),
                "pid": process.running.filter(|running| running.is_alive()).map(|running| running.pid),
                "country": process.country,
                "port": process.http_port,
                "memory": memory.map(|(now, _)| now),
                "peak_memory": memory.map(|(_, peak)| peak),
                "log": process.log,
            })
        })
        .collect();
    session.output.result(&rows, |_| {
        let line = |process: &Process| {
            let memory = process.running.and_then(|running| running.memory());
            let state = memory.map_or("down".to_string(), |(now, _)| format!("up, {}", bytes(now)));
            format!("{:<14} {state:<16} 127.0.0.1:{:<6} {}", process.name, process.http_port, process.log.display())
        };
        state.processes.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn chosen(state: &State, which: &ProcessArgs) -> Result<Vec<usize>> {
    let mut chosen: Vec<usize> = which.names.iter().map(|name| state.position(name)).collect::<Result<_>>()?;
    for country in &which.country {
        let country = country.to_uppercase();
        let there = state.workers_in(&[&country]);
        ensure!(!there.is_empty(), "no worker of this devnet is in {country}; `meganet devnet status` lists them");
        chosen.extend(there);
    }
    if let Some(kind) = which.kind {
        chosen.extend(state.of_kind(match kind {
            KindArg::Validator => Kind::Validator,
            KindArg::Worker => Kind::Worker,
            KindArg::Gateway => Kind::Gateway,
        }));
    }
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}

fn print_processes(session: &Session, state: &State, chosen: &[usize], done: &str) -> Result<()> {
    let names: Vec<&str> = chosen.iter().map(|index| state.processes[*index].name.as_str()).collect();
    session.output.result(&json!({ done: names }), |_| format!("{done} {}", names.join(", ")))
}

/// Runs a temporary network with a published site until Ctrl-C.
async fn demo(session: &Session, site: &Path, name: &str, shape: &Shape) -> Result<()> {
    if !site.is_dir() {
        bail!("there is no folder {} to publish; choose another with --site", site.display());
    }
    let folder = tempfile::Builder::new().prefix("meganet-demo-").tempdir()?;
    let mut interrupts = Interrupts::listen()?;
    let devnet = Devnet::open(&folder.path().join("devnet"), shape)?;
    let devnet = bring_up(devnet, &mut interrupts).await?;
    let shown = tokio::select! {
        shown = show(session, &devnet, site, name) => shown,
        () = interrupts.next() => Err(anyhow!("interrupted")),
    };
    if shown.is_ok() {
        interrupts.next().await;
    }
    stop(devnet, &mut interrupts).await?;
    shown
}

async fn show(session: &Session, devnet: &Devnet, site: &Path, name: &str) -> Result<()> {
    let config = ClientConfig::read(&devnet.state.client_config())?;
    let client = join(devnet.chain().await?, &config.bootnodes, None, FetchOptions::default()).await?;
    let bars = Bars::default();
    report_step(&format!("publishing {} under the name {name}", site.display()));
    let options = PublishOptions::new(devnet.state.dir.join("uploads"));
    let report = client.publish(&Signer::from_suri("//Alice")?, site, name, &options, &bars).await?;
    bars.clear();
    let url = devnet.state.site_url(name).context("the demo has a gateway")?;
    let countries: BTreeSet<_> = devnet.state.processes.iter().filter_map(|process| process.country.as_ref()).collect();
    let workers = devnet.state.of_kind(Kind::Worker).len();
    let (program, config) = (std::env::current_exe()?, devnet.state.client_config());
    let value = json!({
        "url": url, "name": name, "files": report.totals.files, "dir": devnet.state.dir, "config": config,
    });
    session.output.result(&value, |_| {
        format!(
            "\n{} files are published as '{name}', on {workers} workers in {} countries.\n\n    Open  {url}\n\nTry in \
             another terminal:\n\n    {} devnet --dir {} kill --country DE,FR    (then reload the page)\n    export \
             MEGANET_CONFIG={}    (then use `meganet` with this network)\n\nCtrl-C stops everything.",
            report.totals.files,
            countries.len(),
            program.display(),
            devnet.state.dir.display(),
            config.display(),
        )
    })
}
