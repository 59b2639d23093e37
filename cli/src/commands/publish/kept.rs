//! Whether what was published outlives the epochs that were paid for.

use crate::{
    args::PublishArgs,
    commands::renew::{Prepaid, most_by_itself},
};
use anyhow::{Context, Result};
use meganet_chain_client::{At, Signer, amount::Mega};
use meganet_client::{Client, PublishReport, Site, auto_renew::Prepayment, renew::RenewError};
use std::fmt;

/// How what was published is kept.
pub(super) struct Kept {
    /// What was prepaid.
    pub prepaid: Option<Prepaid>,
    /// Batches that are not renewed by themselves, while others of the site are; `None` where that can't be found out.
    pub left_out: Option<usize>,
}

impl Kept {
    /// Prepays, where that was asked for; else finds out whether something new lacks what the rest has.
    pub async fn see_to(
        client: &Client,
        signer: &Signer,
        name: &str,
        report: &PublishReport,
        args: &PublishArgs,
    ) -> Result<Self> {
        let Some(Mega(amount)) = args.auto else {
            return Ok(Self { prepaid: None, left_out: left_out(client, name, report).await });
        };
        let prepaid = prepay(client, signer, report, amount, args.placement.epochs).await.with_context(|| {
            format!(
                "published {name} as version {}, but prepaid nothing. `meganet renew {name} --auto {}` does it",
                report.version,
                Mega(amount).to_string().trim_end_matches(" MEGA")
            )
        })?;
        Ok(Self { prepaid: Some(prepaid), left_out: Some(0) })
    }
}

/// For people; nothing where there is nothing to say.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prepaid
            .as_ref()
            .map_or(Ok(()), |prepaid| write!(f, "\nall of it is renewed by itself from now on: {}", prepaid.said()))
    }
}

async fn open(client: &Client, report: &PublishReport) -> Result<Site, RenewError> {
    Ok(client.open_content(&report.content).await?)
}

async fn prepay(
    client: &Client,
    signer: &Signer,
    report: &PublishReport,
    amount: u128,
    epochs: u32,
) -> Result<Prepaid> {
    let params = client.chain().params(At::Best).await?;
    let prepayment = Prepayment { amount, epochs: epochs.min(most_by_itself(&params)), max_price: None };
    let site = open(client, report).await?;
    Prepaid::submit(client, signer, &site, prepayment).await
}

/// Says so on stderr, since it is no failure and must not be missed.
async fn left_out(client: &Client, name: &str, report: &PublishReport) -> Option<usize> {
    let found = async { client.left_out(&open(client, report).await?, At::Finalized).await };
    match found.await {
        Ok(batches) => {
            if let Some(expiry) = batches.iter().map(|batch| batch.expiry).min() {
                eprintln!(
                    "note: {name} is renewed by itself, but what is new in it is not: that expires with epoch {expiry}. `meganet renew {name} --auto AMOUNT` prepays for it too"
                );
            }
            Some(batches.len())
        }
        Err(error) => {
            eprintln!(
                "note: could not find out whether all of {name} is renewed by itself ({error}); `meganet renew {name} --status` says it"
            );
            None
        }
    }
}
