//! `meganet renew`: keeps what a name or a link points at for longer, now or by itself.

use super::{Session, content::parse_source};
use crate::{
    args::RenewArgs,
    output::{bytes, counted},
};
use anyhow::{Context, Result, bail, ensure};
use meganet_chain_client::{At, Call, Signer, Until, account::format_account, amount::Mega};
use meganet_client::{
    Client, Site,
    auto_renew::{Prepaying, Prepayment},
};
use meganet_primitives::{
    AutoRenewalId,
    chain::{AutoRenewalInfo, AutoRenewalState, StorageParams},
    link::Link,
    pay::RENEWAL_WINDOW,
};
use serde_json::{Value, json};

/// Does what the flags say.
pub async fn run(session: &Session, args: RenewArgs) -> Result<()> {
    match (&args.source, args.auto) {
        (Some(source), None) if args.status => status(session, source).await,
        (None, _) if args.status => list(session).await,
        (source, _) if args.cancel => cancel(session, source.as_deref(), &args.id).await,
        (Some(source), Some(amount)) => prepay(session, source, amount, &args).await,
        (Some(source), None) => now(session, source, args.epochs).await,
        (None, _) => bail!("name what to renew: a name, or a link that `meganet put` printed"),
    }
}

/// Renews every batch that holds an object of the site.
async fn now(session: &Session, source: &str, epochs: u32) -> Result<()> {
    let signer = session.signer()?;
    let client = session.client().await?;
    let params = client.chain().params(At::Best).await?;
    check_epochs(&params, epochs, params.max_epochs)?;
    let until = params.epoch.saturating_add(epochs);
    let site = open(&client, source).await?;
    let renewal = client.renewal(&site, until).await?;
    let batches = renewal.calls.len();
    let block = if renewal.calls.is_empty() {
        None
    } else {
        Some(client.chain().submit(&signer, renewal.calls, Until::Finalized).await?.block.number)
    };
    let value = json!({
        "name": source,
        "until": until,
        "expired_at": renewal.expires,
        "batches": batches,
        "objects": renewal.objects,
        "price": renewal.price.to_string(),
        "block": block,
    });
    session.output.result(&value, |_| match block {
        None => format!("everything of {source} is kept until epoch {} already", renewal.expires),
        Some(_) => format!(
            "renewed {} of {source} in {} until epoch {until} (before: {}) for {}",
            counted(renewal.objects, "object", "objects"),
            counted(batches, "batch", "batches"),
            renewal.expires,
            Mega(renewal.price)
        ),
    })
}

/// Prepays for every batch that holds an object of the site.
async fn prepay(session: &Session, source: &str, amount: Mega, args: &RenewArgs) -> Result<()> {
    let signer = session.signer()?;
    let client = session.client().await?;
    let params = client.chain().params(At::Best).await?;
    check_epochs(&params, args.epochs, most_by_itself(&params))?;
    let max_price = args.max_price.map(|price| price.0);
    let prepayment = Prepayment { amount: amount.0, epochs: args.epochs, max_price };
    let site = open(&client, source).await?;
    let prepaid = Prepaid::submit(&client, &signer, &site, prepayment).await?;
    let mut value = prepaid.described();
    value["source"] = json!(source);
    session.output.result(&value, |_| format!("{source} is renewed by itself from now on: {}", prepaid.said()))
}

/// What an account has just prepaid for a site.
pub(super) struct Prepaid {
    prepayment: Prepayment,
    prepaying: Prepaying,
    block: u32,
}

impl Prepaid {
    /// Prepays, in one transaction.
    pub(super) async fn submit(client: &Client, signer: &Signer, site: &Site, prepayment: Prepayment) -> Result<Self> {
        let mut prepaying = client.prepaying(site, &signer.account(), prepayment).await?;
        let calls = std::mem::take(&mut prepaying.calls);
        let block = client.chain().submit(signer, calls, Until::Finalized).await?.block.number;
        Ok(Self { prepayment, prepaying, block })
    }

    /// For scripts.
    pub(super) fn described(&self) -> Value {
        let Self { prepayment, prepaying, block } = self;
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

    /// For people.
    pub(super) fn said(&self) -> String {
        let Self { prepayment, prepaying, .. } = self;
        format!(
            "{} are prepaid, which is {} by {} at today's price; {} are held as deposits",
            Mega(prepayment.amount),
            counted(prepaying.renewals(prepayment.amount), "renewal", "renewals"),
            counted(prepayment.epochs, "epoch", "epochs"),
            Mega(prepaying.deposits)
        )
    }
}

/// By how many epochs something can be renewed by itself at most: it happens before the last of those that it has has ended.
pub(super) fn most_by_itself(params: &StorageParams) -> u32 {
    params.max_epochs.saturating_sub(RENEWAL_WINDOW)
}

/// Shows what is prepaid for a site, whoever pays.
async fn status(session: &Session, source: &str) -> Result<()> {
    let client = session.client().await?;
    let site = open(&client, source).await?;
    let (orders, uncovered) = client.auto_renewals(&site, At::Best).await?;
    let value = json!({
        "source": source,
        "auto_renewals": orders.iter().map(described).collect::<Vec<_>>(),
        "batches_without": uncovered.len(),
        "expires": uncovered.iter().map(|registration| registration.expiry).min(),
    });
    session.output.result(&value, |_| {
        let mut lines: Vec<String> = orders.iter().map(said).collect();
        match uncovered.iter().map(|registration| registration.expiry).min() {
            None => {}
            Some(expiry) => lines.push(format!(
                "not renewed by itself: {} of {source}; the first expires with epoch {expiry}",
                counted(uncovered.len(), "batch", "batches")
            )),
        }
        lines.join("\n")
    })
}

/// Shows all that the account has prepaid.
async fn list(session: &Session) -> Result<()> {
    let account = session.signer()?.account();
    let chain = session.chain().await?;
    let orders = chain.all_auto_renewals_of(&account, At::Best).await?;
    let value = json!({
        "payer": format_account(&account),
        "auto_renewals": orders.iter().map(described).collect::<Vec<_>>(),
    });
    session.output.result(&value, |_| {
        if orders.is_empty() {
            return format!("{} has prepaid for nothing", format_account(&account));
        }
        orders.iter().map(said).collect::<Vec<_>>().join("\n")
    })
}

/// Closes automatic renewals of the account: those of a site, or of these numbers.
async fn cancel(session: &Session, source: Option<&str>, ids: &[AutoRenewalId]) -> Result<()> {
    let signer = session.signer()?;
    let account = signer.account();
    let client = session.client().await?;
    let orders = match source {
        Some(source) => {
            let site = open(&client, source).await?;
            let (mut orders, _) = client.auto_renewals(&site, At::Best).await?;
            orders.retain(|order| order.payer == account);
            orders
        }
        None => {
            let mut orders = client.chain().all_auto_renewals_of(&account, At::Best).await?;
            orders.retain(|order| ids.contains(&order.id));
            orders
        }
    };
    ensure!(
        !orders.is_empty(),
        "{} has prepaid for nothing of this: `meganet renew --status` shows what it has",
        format_account(&account)
    );
    let returned =
        orders.iter().fold(0u128, |sum, order| sum.saturating_add(order.balance).saturating_add(order.deposit));
    let calls = orders.iter().map(|order| Call::CancelAutoRenewal { id: order.id }).collect();
    let outcome = client.chain().submit(&signer, calls, Until::Finalized).await?;
    let value = json!({
        "closed": orders.iter().map(|order| order.id).collect::<Vec<_>>(),
        "returned": returned.to_string(),
        "block": outcome.block.number,
    });
    session.output.result(&value, |_| {
        format!(
            "closed {}; {} came back, deposits included",
            counted(orders.len(), "automatic renewal", "automatic renewals"),
            Mega(returned)
        )
    })
}

/// Opens a name as it is now, or what a link points at.
async fn open(client: &Client, source: &str) -> Result<Site> {
    match parse_source(source)? {
        Link::Name { name, .. } => Ok(client.open_site(&name, At::Best).await?),
        link => client.open_link(&link).await.context("only who has a link with its key can name what is in it"),
    }
}

fn check_epochs(params: &StorageParams, epochs: u32, most: u32) -> Result<()> {
    ensure!(
        (1..=most).contains(&epochs),
        "content can be kept for 1 to {most} epochs ahead, not {epochs}: an epoch is {} blocks here",
        params.epoch_blocks
    );
    Ok(())
}

fn described(order: &AutoRenewalInfo) -> Value {
    json!({
        "id": order.id,
        "payer": format_account(&order.payer),
        "group": order.group,
        "expiry": order.expiry,
        "leaf": order.leaf,
        "objects": order.batch.objects,
        "bytes": order.batch.bytes,
        "epochs": order.epochs,
        "max_price": order.max_price.to_string(),
        "balance": order.balance.to_string(),
        "next": order.next.to_string(),
        "renewals_left": order.renewals_left().to_string(),
        "deposit": order.deposit.to_string(),
        "state": order.state,
    })
}

fn said(order: &AutoRenewalInfo) -> String {
    let state = match order.state {
        AutoRenewalState::Waiting => "waits for the last epoch before that",
        AutoRenewalState::Due => "is due",
        AutoRenewalState::TooDear => "STORAGE COSTS MORE THAN IT ALLOWS",
        AutoRenewalState::Short => "TOO LITTLE IS LEFT: prepay more, or it expires then",
        AutoRenewalState::Expired => "has expired; --cancel returns what is left",
        AutoRenewalState::Blocked => "is due, but the group has no room or fees are too high",
    };
    format!(
        "{}  group {} until epoch {}: {}, {} a slot; {} left of {} for {} each ({}): {state}",
        order.id,
        order.group,
        order.expiry,
        counted(order.batch.objects, "object", "objects"),
        bytes(order.batch.bytes),
        Mega(order.balance),
        Mega(order.next),
        counted(order.epochs, "epoch", "epochs"),
        counted(order.renewals_left(), "renewal", "renewals")
    )
}
