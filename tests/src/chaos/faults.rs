//! Makes faults happen, and ends them.

use super::plan::{Fault, Possible};
use crate::{
    clock::wrong_clock,
    disk::{Disk, flip, run, shard_files},
};
use anyhow::{Context, Result};
use meganet_devnet::{Kind, State};
use nix::sys::signal::Signal;
use std::{collections::BTreeMap, path::PathBuf};

/// Set in a network namespace that was made for this run: there traffic may be cut off.
pub const OWN_NETWORK: &str = "MEGANET_CHAOS_NETWORK";
/// Size of the small disks.
const SMALL: u64 = 3 << 30;
/// Bytes that are left on a full disk.
const LEFT: u64 = 2 << 20;

/// The end of a fault.
enum Cure {
    Start(usize),
    Resume(usize),
    Connect(u16),
    Remove(PathBuf),
    SetClock(usize),
    Nothing,
}

/// The network under faults.
pub struct Victims<'a> {
    state: &'a mut State,
    workers: Vec<usize>,
    validators: Vec<usize>,
    gateway: usize,
    /// By number of the worker.
    disks: BTreeMap<usize, Disk>,
}

impl<'a> Victims<'a> {
    /// Puts two workers on small disks, if this machine lets us mount some.
    pub async fn prepare(state: &'a mut State) -> Result<Self> {
        let workers = state.of_kind(Kind::Worker);
        let validators = state.of_kind(Kind::Validator);
        let gateway = *state.of_kind(Kind::Gateway).first().context("a gateway")?;
        let mut disks = BTreeMap::new();
        for number in [0, workers.len() / 2] {
            let index = workers[number];
            let data = state.processes[index].data.clone();
            state.stop(&[index])?;
            match Disk::under(&data, SMALL) {
                Ok(disk) => drop(disks.insert(number, disk)),
                Err(error) => eprintln!("[chaos] no full disks, since this machine mounts none: {error:#}"),
            }
            state.start(&[index]).await?;
        }
        Ok(Self { state, workers, validators, gateway, disks })
    }

    /// The faults that are possible here.
    pub fn possible(&self) -> Possible {
        Possible {
            workers: self.workers.len(),
            validators: self.validators.len(),
            small_disks: self.disks.keys().copied().collect(),
            partitions: std::env::var_os(OWN_NETWORK).is_some(),
        }
    }

    /// Makes faults happen for a while.
    pub async fn suffer(&mut self, faults: &[Fault], lasts: std::time::Duration) -> Result<()> {
        let mut cures = Vec::new();
        for fault in faults {
            cures.push(self.begin(*fault).with_context(|| format!("{fault:?}"))?);
        }
        // A worker with a wrong clock runs, so its fault begins with its start.
        let wrong = cures.iter().filter_map(|cure| match cure {
            Cure::SetClock(index) => Some(*index),
            _ => None,
        });
        self.state.start(&wrong.collect::<Vec<_>>()).await?;
        tokio::time::sleep(lasts).await;
        // Validators first: a gateway does not start without its node.
        cures.sort_by_key(|cure| !matches!(cure, Cure::Start(index) if self.validators.contains(index)));
        for cure in cures {
            self.end(cure).await?;
        }
        Ok(())
    }

    fn begin(&mut self, fault: Fault) -> Result<Cure> {
        Ok(match fault {
            Fault::Kill(worker) => self.kill(self.workers[worker])?,
            Fault::KillGateway => self.kill(self.gateway)?,
            Fault::KillValidator(validator) => self.kill(self.validators[validator])?,
            Fault::Pause(worker) => {
                let index = self.workers[worker];
                self.signal(index, Signal::SIGSTOP)?;
                Cure::Resume(index)
            }
            Fault::Partition(worker) => {
                let port = self.state.processes[self.workers[worker]].p2p_port;
                rules("add", port)?;
                Cure::Connect(port)
            }
            Fault::FullDisk(worker) => {
                let disk = self.disks.get(&worker).context("its disk is not small")?;
                // The worker may write at the same time, so that less is free than was.
                Cure::Remove(disk.fill(LEFT).or_else(|_| disk.fill(16 * LEFT))?)
            }
            Fault::Flip(worker, choice) => {
                let mut files = shard_files(&self.state.processes[self.workers[worker]].data)?;
                files.sort();
                let count = u64::try_from(files.len())?;
                if let Some(file) = choice.checked_rem(count).and_then(|at| files.get(usize::try_from(at).ok()?)) {
                    // It may be removed at any time.
                    let _ = flip(file);
                }
                Cure::Nothing
            }
            Fault::Clock(worker, hours) => {
                let index = self.workers[worker];
                self.state.kill(&[index])?;
                self.state.processes[index].env = wrong_clock(&format!("{hours:+}h"))?;
                Cure::SetClock(index)
            }
        })
    }

    fn kill(&mut self, index: usize) -> Result<Cure> {
        self.state.kill(&[index])?;
        Ok(Cure::Start(index))
    }

    fn signal(&self, index: usize, signal: Signal) -> Result<()> {
        self.state.processes[index].running.context("it runs")?.signal(signal)
    }

    async fn end(&mut self, cure: Cure) -> Result<()> {
        match cure {
            Cure::Start(index) => self.state.start(&[index]).await,
            Cure::Resume(index) => self.signal(index, Signal::SIGCONT),
            Cure::Connect(port) => rules("del", port),
            Cure::Remove(filler) => Ok(std::fs::remove_file(filler)?),
            Cure::SetClock(index) => {
                self.state.kill(&[index])?;
                self.state.processes[index].env.clear();
                self.state.start(&[index]).await
            }
            Cure::Nothing => Ok(()),
        }
    }

    /// Puts the folders of the small disks back, so that nothing stays mounted.
    pub async fn restore(self) -> Result<()> {
        for (number, disk) in self.disks {
            let index = self.workers[number];
            self.state.stop(&[index])?;
            disk.put_back()?;
            self.state.start(&[index]).await?;
        }
        Ok(())
    }
}

/// Cuts off what comes from or goes to a port, or no longer. The system knows the two directions of a connection by their ports.
fn rules(action: &str, port: u16) -> Result<()> {
    let port = port.to_string();
    for protocol in ["udp", "tcp"] {
        for end in ["sport", "dport"] {
            run("ip", &["rule", action, "pref", "10", "ipproto", protocol, end, &port, "blackhole"])?;
        }
    }
    Ok(())
}
