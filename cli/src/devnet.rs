//! A whole local network of real processes in one folder: validators, workers in chosen countries, a gateway.
//!
//! [`State`] is what the folder holds; `launch` starts processes and `ending` ends them; [`Devnet`] brings a network up in the right
//! order and gives the well-known accounts of the development chain to those who need them. The command line, the
//! end-to-end tests and the demo all drive networks through it.

mod ending;
mod launch;
mod process;
mod state;

pub use launch::{operator_suri, program, rpc, worker_health};
pub use process::{Kind, Process, Running, log_tail};
pub use state::{Shape, State, write_atomically};

use crate::{commands::ask_checkpoint, config::Config};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{At, Call, ChainClient, MEGA, Signer, SubxtChain, Until};
use meganet_client::resolve::CheckpointFile;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a new chain may take to finalize its first block, on a busy machine too.
const FIRST_FINALITY: Duration = Duration::from_secs(300);

/// A local network.
pub struct Devnet {
    /// Its processes.
    pub state: State,
}

impl Devnet {
    /// The network in `dir`; lays out a new one of this shape where there is none.
    pub fn open(dir: &Path, shape: &Shape) -> Result<Self> {
        let state = match State::load(dir)? {
            Some(state) => state,
            None => State::create(dir, shape)?,
        };
        Ok(Devnet { state })
    }

    /// Starts what does not run, in order. `say` gets a line for each step. However this ends, and also where it is
    /// abandoned, [`State::stop_all`] ends what was started.
    pub async fn up(&mut self, say: &mut (dyn FnMut(&str) + Send)) -> Result<()> {
        self.start_validators(say).await?;
        self.start_workers(say).await?;
        self.write_client_config().await?;
        let gateways = self.state.of_kind(Kind::Gateway);
        if !gateways.is_empty() {
            say("starting the gateway");
            self.state.start(&gateways).await?;
        }
        Ok(())
    }

    async fn start_validators(&mut self, say: &mut (dyn FnMut(&str) + Send)) -> Result<()> {
        let validators = self.state.of_kind(Kind::Validator);
        say(&format!("starting {} validators", validators.len()));
        // The others find each other through the first, whose peer id is known once it runs.
        let (first, others) = validators.split_first().context("a devnet has a validator")?;
        self.state.start(&[*first]).await?;
        self.state.start(others).await?;
        say("waiting for the first finalized block");
        let chain = self.chain().await?;
        let deadline = Instant::now() + FIRST_FINALITY;
        while chain.finalized().await?.number == 0 {
            if Instant::now() >= deadline {
                let log = &self.state.processes[*first].log;
                bail!(
                    "no block was finalized in {} s. The last lines of {}:\n{}",
                    FIRST_FINALITY.as_secs(),
                    log.display(),
                    log_tail(log, 15)
                );
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(())
    }

    async fn start_workers(&mut self, say: &mut (dyn FnMut(&str) + Send)) -> Result<()> {
        let workers = self.state.of_kind(Kind::Worker);
        let Some((first, others)) = workers.split_first() else { return Ok(()) };
        self.fund_operators().await?;
        say(&format!("starting {} workers, which register and bond", workers.len()));
        // The first is where the others begin to look for peers.
        self.state.start(&[*first]).await?;
        self.state.start(others).await
    }

    /// Gives each worker's account what its bond and fees take, unless it has it.
    async fn fund_operators(&self) -> Result<()> {
        let chain = self.chain().await?;
        let params = chain.params(At::Best).await?;
        let gib = u128::from(self.state.capacity.div_ceil(1 << 30));
        let needed = params.min_bond.max(params.bond_per_gib * gib) + 10 * MEGA;
        let mut calls = Vec::new();
        for index in self.state.of_kind(Kind::Worker) {
            let operator = Signer::from_suri(&operator_suri(&self.state.processes[index].name))?.account();
            let balance = chain.balance(&operator, At::Best).await?;
            if balance.free + balance.held < needed {
                calls.push(Call::Transfer { to: operator, amount: needed });
            }
        }
        if !calls.is_empty() {
            chain.submit(&Signer::from_suri("//Alice")?, calls, Until::InBlock).await?;
        }
        Ok(())
    }

    /// A connection to the first validator that runs.
    pub async fn chain(&self) -> Result<Arc<dyn ChainClient>> {
        Ok(Arc::new(self.node().await?))
    }

    async fn node(&self) -> Result<SubxtChain> {
        let validators = self.state.of_kind(Kind::Validator);
        let index = validators
            .into_iter()
            .find(|index| self.state.processes[*index].is_alive())
            .context("no validator runs")?;
        Ok(SubxtChain::connect(&self.state.rpc_url(index), None).await?)
    }

    /// Writes `client.toml`, with which `meganet` finds this network, and `light.json` and `checkpoint.json`, with which it verifies it.
    pub async fn write_client_config(&self) -> Result<()> {
        let validators = self.state.of_kind(Kind::Validator);
        let first = *validators.first().context("a devnet has a validator")?;
        let gateway = self.state.of_kind(Kind::Gateway).first().map(|index| self.state.processes[*index].http_port);
        let chain = self.node().await?;
        let spec = chain.light_spec(&self.state.node_addresses()).await?;
        write_atomically(&self.state.light_spec(), spec.json().as_bytes())?;
        CheckpointFile::create(&self.state.checkpoint(), &ask_checkpoint(&chain).await?)?;
        let config = Config {
            rpc: Some(self.state.rpc_url(first)),
            genesis: Some(format!("0x{}", hex::encode(chain.genesis()))),
            light_spec: Some(state::LIGHT_SPEC.into()),
            checkpoint: Some(state::CHECKPOINT.into()),
            bootnodes: self.state.worker_addresses(None),
            gateway: gateway.map(|port| format!("mega.localhost:{port}")),
        };
        write_atomically(&self.state.client_config(), toml::to_string(&config)?.as_bytes())
    }
}
