//! Automatic renewal of a site that was just published: prepays for it, or warns about what it does not cover.

use crate::{
    args::PublishArgs,
    commands::renew::{Prepaid, look_first, most_auto_epochs},
    output::PartlyDone,
};
use anyhow::{Error, Result};
use meganet_chain_client::{At, Signer, amount::Mega};
use meganet_client::{Client, PublishReport, Site, auto_renew::Prepayment, payments::PaymentError, renew::RenewError};
use meganet_primitives::Balance;
use meganet_terminal::print_note;
use serde_json::Value;
use std::fmt;

/// The part of a site that is renewed automatically.
pub(super) struct Coverage {
    /// The prepayment made by this command, if any.
    pub prepaid: Option<Prepaid>,
    /// Number of batches without automatic renewal, if other batches of the site have it; `None` if that could not be found
    /// out.
    pub left_out: Option<usize>,
}

/// A prepayment that failed after the site was published.
pub(super) struct NotPrepaid {
    error: Error,
    text: String,
}

impl NotPrepaid {
    /// The error of a command that has published with these results.
    pub fn after(self, results: Value) -> Error {
        self.error.context(PartlyDone { results, text: self.text })
    }
}

impl Coverage {
    /// With `--auto`, prepays. Otherwise warns if new content lacks the automatic renewal that the rest of the site has.
    pub async fn ensure(
        client: &Client,
        signer: &Signer,
        name: &str,
        report: &PublishReport,
        args: &PublishArgs,
    ) -> Result<Self, NotPrepaid> {
        let Some(Mega(amount)) = args.auto else {
            return Ok(Self { prepaid: None, left_out: left_out(client, name, report).await });
        };
        match prepay(client, signer, name, report, amount, args.placement.epochs).await {
            Ok(prepaid) => Ok(Self { prepaid: Some(prepaid), left_out: Some(0) }),
            Err(error) => {
                let text =
                    format!("published {name} as version {}, but {}", report.version, advice(name, amount, &error));
                Err(NotPrepaid { error, text })
            }
        }
    }
}

/// The end of a sentence: the outcome of a prepayment that failed, and what to do. Prepaying again adds to an order that was made after
/// all.
fn advice(name: &str, amount: Balance, error: &Error) -> String {
    if error.downcast_ref::<PaymentError>().is_some_and(PaymentError::may_still_succeed) {
        format!("it is not certain whether {} were prepaid: {}", Mega(amount), look_first(name, amount))
    } else {
        let amount = Mega(amount).to_string();
        let amount = amount.trim_end_matches(" MEGA");
        format!("could not prepay. Try again with `meganet renew {name} --auto {amount}`")
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
    Prepaid::submit(client, signer, name, &site, prepayment, false).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use meganet_chain_client::{ChainError, MEGA};

    #[test]
    fn a_prepayment_that_may_be_made_is_looked_for_before_it_is_repeated() {
        let text = String::new;
        let paying = |error: ChainError| Error::from(PaymentError::from(error));
        let timed_out = ChainError::TimedOut { extrinsic: text(), wanted: text(), seconds: 300 };
        let unreachable = ChainError::NodeUnreachable { url: text(), reason: text() };
        let table: [(Error, bool); 11] = [
            (paying(timed_out.clone()), true),
            (paying(timed_out).context("while prepaying"), true),
            (paying(unreachable.clone()), true),
            (PaymentError::Interrupted.into(), true),
            (Error::from(PaymentError::Interrupted).context("look first"), true),
            (PaymentError::Unsettled(unreachable.clone()).into(), true),
            // Before anything was submitted.
            (unreachable.into(), false),
            (paying(ChainError::Rejected { reason: text() }), false),
            (paying(ChainError::Expired { extrinsic: text() }), false),
            (paying(ChainError::Dispatch { pallet: text(), error: text(), docs: text() }), false),
            (RenewError::TooLittle { needed: 2, amount: 1 }.into(), false),
        ];
        for (error, uncertain) in table {
            let advice = advice("hello", 5 * MEGA, &error);
            let again = if uncertain { "--auto 5 --again`" } else { "--auto 5`" };
            let (look, again) =
                (advice.find("`meganet renew hello --status`"), advice.find(&format!("`meganet renew hello {again}")));
            assert!(again.is_some() && look.is_some() == uncertain, "{error}: {advice}");
            assert!(look < again, "{error}: {advice}");
            assert_eq!(advice.contains("could not prepay"), !uncertain, "{error}: {advice}");
        }
    }
}
