//! Automatic renewal of a site that was just published: prepays for it, or warns about what it does not cover.

use crate::{
    args::PublishArgs,
    commands::renew::{Prepaid, most_auto_epochs},
};
use anyhow::{Context, Result};
use meganet_chain_client::{At, Signer, amount::Mega};
use meganet_client::{Client, PublishReport, Site, auto_renew::Prepayment, renew::RenewError};
use meganet_terminal::print_note;
use std::fmt;

/// The part of a site that is renewed automatically.
pub(super) struct Coverage {
    /// The prepayment made by this command, if any.
    pub prepaid: Option<Prepaid>,
    /// Number of batches without automatic renewal, if other batches of the site have it; `None` if that could not be found
    /// out.
    pub left_out: Option<usize>,
}

impl Coverage {
    /// With `--auto`, prepays. Otherwise warns if new content lacks the automatic renewal that the rest of the site has.
    pub async fn ensure(
        client: &Client,
        signer: &Signer,
        name: &str,
        report: &PublishReport,
        args: &PublishArgs,
    ) -> Result<Self> {
        let Some(Mega(amount)) = args.auto else {
            return Ok(Self { prepaid: None, left_out: left_out(client, name, report).await });
        };
        let prepaid = prepay(client, signer, name, report, amount, args.placement.epochs).await.with_context(|| {
            format!(
                "published {name} as version {}, but could not prepay. Try again with `meganet renew {name} --auto {}`",
                report.version,
                Mega(amount).to_string().trim_end_matches(" MEGA")
            )
        })?;
        Ok(Self { prepaid: Some(prepaid), left_out: Some(0) })
    }
}

/// Lines about the prepayment; empty without one.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prepaid.as_ref().map_or(Ok(()), |prepaid| write!(f, "\n{}", prepaid.to_text()))
    }
}

async fn open(client: &Client, report: &PublishReport) -> Result<Site, RenewError> {
    Ok(client.open_published(report).await?)
}

async fn prepay(
    client: &Client,
    signer: &Signer,
    name: &str,
    report: &PublishReport,
    amount: u128,
    epochs: u32,
) -> Result<Prepaid> {
    let params = client.chain().params(At::Best).await?;
    let prepayment = Prepayment { amount, epochs: epochs.min(most_auto_epochs(&params)), max_price: None };
    let site = open(client, report).await?;
    Prepaid::submit(client, signer, name, &site, prepayment).await
}

/// Counts the batches without automatic renewal, and prints a note on stderr: the command succeeded, but this must not be missed.
async fn left_out(client: &Client, name: &str, report: &PublishReport) -> Option<usize> {
    let found = async { client.left_out(&open(client, report).await?, At::Finalized).await };
    match found.await {
        Ok(batches) => {
            if let Some(expiry) = batches.iter().map(|batch| batch.expiry).min() {
                print_note(&format!(
                    "{name} is renewed automatically, but its new content is not and expires with epoch {expiry}. `meganet renew {name} --auto AMOUNT` covers it too"
                ));
            }
            Some(batches.len())
        }
        Err(error) => {
            print_note(&format!(
                "could not find out whether all of {name} is renewed automatically ({error}); check with `meganet renew {name} --status`"
            ));
            None
        }
    }
}
