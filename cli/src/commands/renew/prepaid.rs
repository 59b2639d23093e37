//! A prepayment that was just made, as JSON and as text: the amount, and when and for what the network takes it.

use crate::{
    commands::{content::parse_source, session::payments_dir},
    output::counted,
    progress::Bars,
};
use anyhow::Result;
use meganet_chain_client::{Signer, amount::Mega};
use meganet_client::{
    Client, Site,
    auto_renew::{Prepaying, Prepayment},
    payments::{PaymentError, Payments, Subject, Term},
};
use meganet_primitives::Balance;
use serde_json::{Value, json};
use std::borrow::Cow;

/// A prepayment that was just made for a site.
pub struct Prepaid {
    /// The site, as the user named it.
    source: String,
    prepayment: Prepayment,
    prepaying: Prepaying,
    block: u32,
}

impl Prepaid {
    /// Prepays, in one transaction, for a site that the user named `source`. Refuses where an earlier prepayment for it was
    /// interrupted, unless this is to be made `again`: repeating one that was made would add to it.
    pub async fn submit(
        client: &Client,
        signer: &Signer,
        source: &str,
        site: &Site,
        prepayment: Prepayment,
        again: bool,
    ) -> Result<Self> {
        let link = parse_source(source)?;
        let (subject, bars) = (Subject::Advance(&link), Bars::default());
        let payments = Payments::begin(&**client.chain(), signer, &payments_dir()?, subject, &bars).await?;
        if payments.interrupted().is_some() && !again {
            return Err(PaymentError::Interrupted.into());
        }
        let mut prepaying = client.prepaying(site, &signer.account(), prepayment).await?;
        let calls = std::mem::take(&mut prepaying.calls);
        let block = payments.submit(Term::default(), calls).await?.block.number;
        Ok(Self { source: source.to_owned(), prepayment, prepaying, block })
    }

    /// The prepayment as JSON.
    pub fn to_json(&self) -> Value {
        let Self { prepayment, prepaying, block, .. } = self;
        json!({
            "amount": prepayment.amount.to_string(),
            "opened": prepaying.opened,
            "topped_up": prepaying.topped_up,
            "epochs": prepayment.epochs,
            "max_price": prepaying.max_price.to_string(),
            "next": prepaying.next.to_string(),
            "renewals": prepaying.renewals(prepayment.amount).to_string(),
            "deposits": prepaying.deposits.to_string(),
            "block": block,
        })
    }

    /// The prepayment as text, which also explains how to add to it and how to stop.
    pub fn to_text(&self) -> String {
        let Self { source, prepayment, prepaying, .. } = self;
        let (amount, next) = (Mega(prepayment.amount), Mega(prepaying.next));
        let renewals = counted(prepaying.renewals(prepayment.amount), "renewal", "renewals");
        let deposits = match prepaying.deposits {
            0 => String::new(),
            deposits => format!(", and a deposit of {}, which is returned at the end", Mega(deposits)),
        };
        let command = format!("meganet renew {}", argument(source));
        [
            format!("{source} is now renewed automatically"),
            format!("  paid now: {amount} in advance{deposits}"),
            format!("  charged: {next} for each renewal at today's price, from the amount paid in advance"),
            format!("  when: in the last epoch that is paid for; each renewal {}", terms(prepayment, prepaying)),
            format!("  enough for: {renewals} at today's price; your account is not charged again"),
            format!("  to add to it: {command} --auto AMOUNT"),
            format!("  to see what is left: {command} --status"),
            format!("  to stop and get the rest back: {command} --cancel"),
        ]
        .join("\n")
    }
}

/// The way to find out whether an amount was prepaid, and to prepay it if it was not.
pub fn look_first(source: &str, amount: Balance) -> String {
    let source = argument(source);
    let amount = Mega(amount).to_string();
    let amount = amount.trim_end_matches(" MEGA");
    format!(
        "look with `meganet renew {source} --status` in a few minutes, and only if it is missing, prepay with `meganet renew {source} --auto {amount} --again`"
    )
}

/// The epochs that each renewal pays for, and its highest price. Content that was prepaid before keeps its terms.
fn terms(prepayment: &Prepayment, prepaying: &Prepaying) -> String {
    let epochs = counted(prepayment.epochs, "epoch", "epochs");
    let new =
        format!("pays for {epochs}, and waits while a GiB costs more than {} per epoch", Mega(prepaying.max_price));
    match (prepaying.opened, prepaying.topped_up) {
        (_, 0) => new,
        (0, _) => "has the terms of the earlier prepayment".to_owned(),
        _ => format!("{new} (content that was prepaid before keeps its terms)"),
    }
}

/// A name or link as an argument in a shell, where `#` and spaces need quotes.
fn argument(source: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':');
    if source.chars().all(is_plain) { source.into() } else { format!("'{}'", source.replace('\'', "'\\''")).into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meganet_chain_client::MEGA;

    fn prepaid(source: &str, opened: u64, topped_up: u64) -> Prepaid {
        let prepayment = Prepayment { amount: 5 * MEGA, epochs: 12, max_price: None };
        let (next, max_price) = (2 * MEGA, 3 * MEGA);
        let deposits = u128::from(opened) * MEGA;
        let prepaying = Prepaying { calls: Vec::new(), opened, topped_up, next, deposits, max_price };
        Prepaid { source: source.to_owned(), prepayment, prepaying, block: 1 }
    }

    #[test]
    fn a_newcomer_reads_what_is_charged_when_from_where_and_how_to_stop() {
        let [amount, next, most, deposit] = [5, 2, 3, 1].map(|mega| Mega(mega * MEGA));
        let text = prepaid("hello", 1, 0).to_text();
        for part in [
            format!("paid now: {amount} in advance, and a deposit of {deposit}"),
            format!("charged: {next} for each renewal"),
            "from the amount paid in advance".to_owned(),
            format!("pays for 12 epochs, and waits while a GiB costs more than {most} per epoch"),
            "enough for: 2 renewals".to_owned(),
            "your account is not charged again".to_owned(),
            "meganet renew hello --auto AMOUNT".to_owned(),
            "meganet renew hello --status".to_owned(),
            "meganet renew hello --cancel".to_owned(),
        ] {
            assert!(text.contains(&part), "{part}: {text}");
        }
    }

    #[test]
    fn content_that_was_prepaid_before_keeps_its_terms() {
        let text = prepaid("hello", 0, 2).to_text();
        assert!(text.contains("terms of the earlier prepayment") && !text.contains("12 epochs"), "{text}");
        assert!(!text.contains("deposit"), "{text}");
        let text = prepaid("hello", 1, 2).to_text();
        assert!(text.contains("12 epochs") && text.contains("keeps its terms"), "{text}");
    }

    #[test]
    fn a_link_in_a_command_is_quoted() {
        let text = prepaid("meganet://o/x#k", 1, 0).to_text();
        assert!(text.contains("meganet renew 'meganet://o/x#k' --cancel"), "{text}");
        assert_eq!(argument("a'b"), "'a'\\''b'");
    }
}
