//! Brings a whole network up: validators, then workers, whose bonds it funds, then the gateway.

use crate::{
    client_config::ClientConfig,
    files::{log_tail, write_atomically},
    process::Kind,
    shape::Shape,
    startup::operator_suri,
    state::{CHECKPOINT, LIGHT_SPEC, State},
};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{At, Call, ChainClient, MEGA, Signer, SubxtChain, Until, prelude::*};
use meganet_client::resolve::{CheckpointFile, ask_checkpoint};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Timeout for the first finalized block of a new chain, also on a busy machine.
const FIRST_FINALITY: Duration = Duration::from_secs(300);

/// A local network.
pub struct Devnet {
    /// Its folder and processes.
    pub state: State,
}

impl Devnet {
    /// Reads the network in `dir`, or creates one of this shape. Starts nothing.
    ///
    /// # Errors
    /// As of [`State::load`] and [`State::create`].
    pub fn open(dir: &Path, shape: &Shape) -> Result<Self> {
        let state = match State::load(dir)? {
            Some(state) => state,
            None => State::create(dir, shape)?,
        };
        Ok(Devnet { state })
    }

    /// Starts everything that is not running, in order, and calls `report` with a line for each step. After an error, and if
    /// this future is dropped, the caller has to stop what was started: [`State::stop_all`].
    ///
    /// # Errors
    /// A process exits or is not ready in time; the message has the end of its log.
    pub async fn up(&mut self, report: &mut (dyn FnMut(&str) + Send)) -> Result<()> {
        self.start_validators(report).await?;
        self.start_workers(report).await?;
        self.write_client_config().await?;
        let gateways = self.state.of_kind(Kind::Gateway);
        if !gateways.is_empty() {
            report("starting the gateway");
            self.state.start(&gateways).await?;
        }
        Ok(())
    }

    async fn start_validators(&mut self, report: &mut (dyn FnMut(&str) + Send)) -> Result<()> {
        let validators = self.state.of_kind(Kind::Validator);
        report(&format!("starting {} validators", validators.len()));
        // The first is the bootnode of the others; its peer id is known once it is running.
        let (first, others) = validators.split_first().context("a devnet has a validator")?;
        self.state.start(&[*first]).await?;
        self.state.start(others).await?;
        report("waiting for the first finalized block");
        let chain = self.chain().await?;
        let deadline = Instant::now() + FIRST_FINALITY;
        while chain.finalized().await?.number == 0 {
            if Instant::now() >= deadline {
                let log = &self.state.processes[*first].log;
                bail!(
                    "no block was finalized within {} s. The last lines of {}:\n{}",
                    FIRST_FINALITY.as_secs(),
                    log.display(),
                    log_tail(log)
                );
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(())
    }

    async fn start_workers(&mut self, report: &mut (dyn FnMut(&str) + Send)) -> Result<()> {
        let workers = self.state.of_kind(Kind::Worker);
        let Some((first, others)) = workers.split_first() else { return Ok(()) };
        self.fund_operators().await?;
        report(&format!("starting {} workers, which register and bond", workers.len()));
        // The first is the bootnode of the others.
        self.state.start(&[*first]).await?;
        self.state.start(others).await
    }

    /// Transfers to each worker's operator what its bond and fees cost, unless it has that already.
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

    /// Connects to the first running validator.
    ///
    /// # Errors
    /// None is running, or the connection fails.
    pub async fn chain(&self) -> Result<Arc<dyn ChainClient>> {
        Ok(Arc::new(self.node().await?))
    }

    async fn node(&self) -> Result<SubxtChain> {
        let validators = self.state.of_kind(Kind::Validator);
        let index =
            validators.into_iter().find(|index| self.state.processes[*index].is_alive()).with_context(|| {
                format!("no validator is running; start them with `{}`", State::up_command(&self.state.dir))
            })?;
        Ok(SubxtChain::connect(&self.state.rpc_url(index), None).await?)
    }

    /// Writes `client.toml`, with which `meganet` finds this network, and the light client's chain spec and the checkpoint,
    /// with which it verifies answers. Needs a running validator.
    ///
    /// # Errors
    /// No validator answers, or the folder cannot be written to.
    pub async fn write_client_config(&self) -> Result<()> {
        let validators = self.state.of_kind(Kind::Validator);
        let first = *validators.first().context("a devnet has a validator")?;
        let gateway = self.state.of_kind(Kind::Gateway).first().map(|index| self.state.processes[*index].http_port);
        let chain = self.node().await?;
        let spec = chain.light_spec(&self.state.node_addresses()).await?;
        write_atomically(&self.state.light_spec(), spec.json().as_bytes())?;
        CheckpointFile::create(&self.state.checkpoint(), &ask_checkpoint(&chain, &chain.genesis()).await?)?;
        let config = ClientConfig {
            rpc: Some(self.state.rpc_url(first)),
            genesis: Some(format!("0x{}", hex::encode(chain.genesis()))),
            light_spec: Some(LIGHT_SPEC.into()),
            checkpoint: Some(CHECKPOINT.into()),
            bootnodes: self.state.worker_addresses(None),
            gateway: gateway.map(|port| format!("mega.localhost:{port}")),
        };
        write_atomically(&self.state.client_config(), toml::to_string(&config)?.as_bytes())
    }
}
