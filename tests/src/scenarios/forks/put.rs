//! A file stored through the validator that is cut off.

use super::cut::Cut;
use crate::{Stage, folder};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::Signer;
use meganet_devnet::Kind;
use serde_json::Value;
use std::path::PathBuf;
use tokio::task::JoinHandle;

/// The account that stores it and does nothing else.
const PAYER: &str = "//Dave";

pub(super) struct Put {
    task: JoinHandle<Result<Value>>,
    path: PathBuf,
    /// The account's next nonce before that.
    nonce: u64,
}

impl Put {
    pub(super) async fn begin(stage: &Stage, cut: &Cut, attempt: u32) -> Result<Self> {
        let path = stage.folder("forks")?.join(format!("apart-{attempt}.bin"));
        folder::write_random(&path, 300_000, u64::from(attempt) + 10)?;
        let nonce = cut.next_nonce(&Signer::from_suri(PAYER)?.account()).await?;
        let validator = *stage.devnet.state.of_kind(Kind::Validator).last().context("a validator")?;
        let url = stage.devnet.state.rpc_url(validator);
        let (cli, file) = (stage.cli.signing_as(PAYER), path.to_str().context("a Unicode path")?.to_owned());
        let task = tokio::spawn(async move { cli.json(&["--rpc", &url, "put", &file, "--profile", "compact"]).await });
        Ok(Put { task, path, nonce })
    }

    /// Whether the validator that is cut off has the transaction, in a block or in its pool.
    pub(super) async fn is_sent(&self, cut: &Cut) -> Result<bool> {
        Ok(cut.next_nonce(&Signer::from_suri(PAYER)?.account()).await? > self.nonce)
    }

    /// Checks that the command succeeds, and that the file opens through another validator.
    pub(super) async fn check_kept(self, stage: &Stage) -> Result<()> {
        let put = self.task.await?.context("a file that is stored through a validator on a fork")?;
        let link = put["link"].as_str().context("put prints a link")?;
        let got = self.path.with_extension("got");
        stage.cli.json(&["get", link, "-o", got.to_str().context("a Unicode path")?]).await?;
        ensure!(std::fs::read(&got)? == std::fs::read(&self.path)?, "the file comes back with other bytes");
        Ok(())
    }
}
