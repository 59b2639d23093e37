//! `meganet name …`

mod commitments;
mod info;
mod owner;
mod price;
mod records;
mod register;
mod subnames;

pub(super) use self::register::confirmed_price;

use super::Session;
use crate::args::NameCommand;
use anyhow::Result;
use meganet_chain_client::{At, Call, ChainClient, Signer, TxOutcome, Until};
use meganet_client::names::access::WriteAccess;
use meganet_primitives::BlockNumber;
use serde_json::{Value, json};
use std::sync::Arc;

/// Runs a `name` command.
pub async fn run(session: &Session, command: NameCommand) -> Result<()> {
    match command {
        NameCommand::Search { word } => price::search(session, &word).await,
        NameCommand::Available { name } => price::available(session, &name).await,
        NameCommand::Price { name, years } => price::price(session, &name, years).await,
        NameCommand::Register(args) => register::register(session, args).await,
        NameCommand::Renew { name, years, dry_run } => register::renew(session, &name, years, dry_run).await,
        NameCommand::Sweep { name } => register::sweep(session, &name).await,
        NameCommand::Commitments(args) => commitments::run(session, args).await,
        NameCommand::Transfer { name, to } => owner::transfer(session, &name, &to).await,
        NameCommand::Release { name } => owner::release(session, &name).await,
        NameCommand::Delegate(command) => owner::delegate(session, command).await,
        NameCommand::Reverse(args) => owner::reverse(session, args).await,
        NameCommand::Set { name, link } => records::set(session, &name, &link).await,
        NameCommand::Text { name, key, value, remove } => {
            records::text(session, &name, &key, value.as_deref(), remove).await
        }
        NameCommand::Addr { name, coin, address, remove } => {
            records::addr(session, &name, &coin, address.as_deref(), remove).await
        }
        NameCommand::Key { name, key, remove } => records::key(session, &name, key.as_deref(), remove).await,
        NameCommand::Sub(command) => subnames::run(session, command).await,
        NameCommand::Info { name } => info::info(session, &name).await,
        NameCommand::List { owner } => info::list(session, owner.as_deref()).await,
    }
}

/// The account that signs, with its access to an existing name.
pub(super) struct Writer {
    pub(super) chain: Arc<dyn ChainClient>,
    pub(super) signer: Signer,
    pub(super) standing: WriteAccess,
}

impl Writer {
    /// Looks the name up.
    ///
    /// # Errors
    /// There is no account to sign with, or no such name.
    pub(super) async fn new(session: &Session, name: &str) -> Result<Self> {
        let signer = session.signer()?;
        let chain = session.chain().await?;
        let standing = WriteAccess::find(chain.as_ref(), name, &signer.account(), At::Best).await?;
        Ok(Self { chain, signer, standing })
    }

    /// Submits a change and waits until it is finalized.
    pub(super) async fn submit(&self, call: Call) -> Result<TxOutcome> {
        Ok(self.chain.submit(&self.signer, vec![call], Until::Finalized).await?)
    }

    /// Submits a change, waits until it is finalized, and prints `done`.
    pub(super) async fn change(&self, session: &Session, call: Call, done: &str) -> Result<()> {
        let outcome = self.submit(call).await?;
        session.output.result(&report(&self.standing.name, &outcome), |_| done.to_owned())
    }
}

/// The JSON result of a change.
pub(super) fn report(name: &str, outcome: &TxOutcome) -> Value {
    json!({ "name": name, "block": outcome.block.number, "fee": outcome.fee.to_string() })
}

/// The height of the best block, from which times of other blocks are estimated.
async fn now(chain: &dyn ChainClient) -> Result<BlockNumber> {
    Ok(chain.best().await?.number)
}
