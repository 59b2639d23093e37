//! `meganet renew`: extends the paid storage of a name or link, once or automatically.

mod prepaid;

pub(super) use prepaid::{Prepaid, look_first};

use super::{Session, content::parse_source, session::payments_dir};
use crate::{
    args::RenewArgs,
    output::{bytes, counted},
    progress::Bars,
};
use anyhow::{Context, Result, bail, ensure};
use meganet_chain_client::{At, AutoRenewalCall, Call, Until, account::format_account, amount::Mega};
use meganet_client::{
    Client, Site,
    auto_renew::Prepayment,
    payments::{PaymentError, Payments, Subject, Term},
    renew::Renewal,
};
use meganet_primitives::{
    AutoRenewalId, BlockNumber, Epoch,
    chain::{AutoRenewalInfo, AutoRenewalState, StorageParams},
    link::Link,
    pay::RENEWAL_WINDOW,
};
use serde_json::{Value, json};

/// Runs the variant of the command that the flags select.
pub async fn run(session: &Session, args: RenewArgs) -> Result<()> {
    match (&args.source, args.auto) {
        (Some(source), None) if args.status => status(session, source).await,
        (None, _) if args.status => list(session).await,
        (source, _) if args.cancel => cancel(session, source.as_deref(), &args.id).await,
        (Some(source), Some(amount)) => prepay(session, source, amount, &args).await,
        (Some(source), None) => now(session, source, args.epochs).await,
        (None, _) => bail!("nothing to renew was given: pass a name, or a link printed by `meganet put`"),
    }
}

/// Renews every batch that contains an object of the site.
async fn now(session: &Session, source: &str, epochs: u32) -> Result<()> {
    let signer = session.signer()?;
    let client = session.client().await?;
    let params = client.chain().params(At::Best).await?;
    check_epochs(&params, epochs, params.max_epochs)?;
    let link = parse_source(source)?;
    let site = open(&client, &link).await?;
    let subject = Subject::Storage(&link);
    let payments = Payments::begin(&**client.chain(), &signer, &payments_dir()?, subject, &Bars::default()).await?;
    // The same command may have paid before it was cut off. It is not to pay again because epochs have passed meanwhile.
    if let Some(term) = payments.interrupted().filter(|term| term.asked == epochs) {
        let renewal = client.renewal(&site, term.until).await?;
        if renewal.calls.is_empty() {
            payments.end();
            let earlier = Renewed { until: term.until, renewal, block: None, by_earlier_run: true };
            return earlier.print(session, source);
        }
    }
    let until = client.chain().params(At::Best).await?.epoch.saturating_add(epochs);
    let mut renewal = client.renewal(&site, until).await?;
    let calls = std::mem::take(&mut renewal.calls);
    let batches = calls.len();
    let block = if calls.is_empty() {
        payments.end();
        None
    } else {
        Some((batches, payments.submit(Term { asked: epochs, until }, calls).await?.block.number))
    };
    Renewed { until, renewal, block, by_earlier_run: false }.print(session, source)
}

/// The result of a renewal.
struct Renewed {
    /// The epoch until which it was to be paid for.
    until: Epoch,
    renewal: Renewal,
    /// The number of batches that were renewed, and the block in which they were; `None` if nothing had to be paid.
    block: Option<(usize, BlockNumber)>,
    /// Whether an earlier run, which was cut off, has paid.
    by_earlier_run: bool,
}

impl Renewed {
    fn print(&self, session: &Session, source: &str) -> Result<()> {
        let Self { until, renewal, block, by_earlier_run } = self;
        let value = json!({
            "source": source,
            "until": until,
            "expired_at": renewal.expires,
            "batches": block.map_or(0, |(batches, _)| batches),
            "objects": renewal.objects,
            "price": renewal.price.to_string(),
            "block": block.map(|(_, block)| block),
            "by_earlier_run": by_earlier_run,
        });
        session.output.result(&value, |_| match block {
            None if *by_earlier_run => format!(
                "an earlier run, which was interrupted, has paid for all of {source} until epoch {}; nothing was paid now",
                renewal.expires
            ),
            None => format!("all of {source} is already paid for until epoch {}", renewal.expires),
            Some((batches, _)) => format!(
                "renewed {} of {source} in {} until epoch {until} (previously {}) for {}",
                counted(renewal.objects, "object", "objects"),
                counted(*batches, "batch", "batches"),
                renewal.expires,
                Mega(renewal.price)
            ),
        })
    }
}

/// Prepays for every batch that contains an object of the site.
async fn prepay(session: &Session, source: &str, amount: Mega, args: &RenewArgs) -> Result<()> {
    let signer = session.signer()?;
    let client = session.client().await?;
    let params = client.chain().params(At::Best).await?;
    check_epochs(&params, args.epochs, most_auto_epochs(&params))?;
    let max_price = args.max_price.map(|price| price.0);
    let prepayment = Prepayment { amount: amount.0, epochs: args.epochs, max_price };
    let site = open(&client, &parse_source(source)?).await?;
    let prepaid = Prepaid::submit(&client, &signer, source, &site, prepayment, args.again).await;
    let prepaid = prepaid.map_err(|error| match error.downcast_ref::<PaymentError>() {
        Some(earlier @ PaymentError::Interrupted) => {
            let text = format!("nothing was prepaid now: {earlier}. To know, {}", look_first(source, amount.0));
            error.context(text)
        }
        _ => error,
    })?;
    let mut value = prepaid.to_json();
    value["source"] = json!(source);
    session.output.result(&value, |_| prepaid.to_text())
}

/// The most epochs of an automatic renewal: fewer than of others, since it takes place before the paid epochs have ended.
pub(super) fn most_auto_epochs(params: &StorageParams) -> u32 {
    params.max_epochs.saturating_sub(RENEWAL_WINDOW)
}

/// Shows what is prepaid for a site, by any account.
async fn status(session: &Session, source: &str) -> Result<()> {
    let client = session.client().await?;
    let site = open(&client, &parse_source(source)?).await?;
    let (orders, uncovered) = client.auto_renewals(&site, At::Best).await?;
    let value = json!({
        "source": source,
        "auto_renewals": orders.iter().map(order_json).collect::<Vec<_>>(),
        "batches_without": uncovered.len(),
        "expires": uncovered.iter().map(|registration| registration.expiry).min(),
    });
    session.output.result(&value, |_| {
        let mut lines: Vec<String> = orders.iter().map(order_text).collect();
        match uncovered.iter().map(|registration| registration.expiry).min() {
            None => {}
            Some(expiry) => lines.push(format!(
                "not renewed automatically: {} of {source}; the first expires with epoch {expiry}",
                counted(uncovered.len(), "batch", "batches")
            )),
        }
        lines.join("\n")
    })
}

/// Shows everything that the account has prepaid.
async fn list(session: &Session) -> Result<()> {
    let account = session.signer()?.account();
    let chain = session.chain().await?;
    let orders = chain.all_auto_renewals_of(&account, At::Best).await?;
    let value = json!({
        "payer": format_account(&account),
        "auto_renewals": orders.iter().map(order_json).collect::<Vec<_>>(),
    });
    session.output.result(&value, |_| {
        if orders.is_empty() {
            return format!("{} has no automatic renewals", format_account(&account));
        }
        orders.iter().map(order_text).collect::<Vec<_>>().join("\n")
    })
}

/// Cancels automatic renewals of the account: those of a site, or those with these numbers.
async fn cancel(session: &Session, source: Option<&str>, ids: &[AutoRenewalId]) -> Result<()> {
    let signer = session.signer()?;
    let account = signer.account();
    let (chain, orders) = match source {
        Some(source) => {
            let client = session.client().await?;
            let site = open(&client, &parse_source(source)?).await?;
            let (mut orders, _) = client.auto_renewals(&site, At::Best).await?;
            orders.retain(|order| order.payer == account);
            ensure!(
                !orders.is_empty(),
                "{} has no automatic renewal for this name or link: `meganet renew --status` lists those that it has",
                format_account(&account)
            );
            (client.chain().clone(), orders)
        }
        None => {
            let chain = session.chain().await?;
            let orders = chosen(chain.all_auto_renewals_of(&account, At::Best).await?, ids)?;
            (chain, orders)
        }
    };
    let returned =
        orders.iter().fold(0u128, |sum, order| sum.saturating_add(order.balance).saturating_add(order.deposit));
    let calls = orders.iter().map(|order| Call::AutoRenewal(AutoRenewalCall::Cancel { id: order.id })).collect();
    let outcome = chain.submit(&signer, calls, Until::Finalized).await?;
    let value = json!({
        "closed": orders.iter().map(|order| order.id).collect::<Vec<_>>(),
        "returned": returned.to_string(),
        "block": outcome.block.number,
    });
    session.output.result(&value, |_| {
        format!(
            "cancelled {} and refunded {}, including deposits",
            counted(orders.len(), "automatic renewal", "automatic renewals"),
            Mega(returned)
        )
    })
}

/// The automatic renewals with these numbers, all of which must be among those of the account.
fn chosen(mut orders: Vec<AutoRenewalInfo>, ids: &[AutoRenewalId]) -> Result<Vec<AutoRenewalInfo>> {
    let unknown = ids.iter().filter(|id| !orders.iter().any(|order| order.id == **id));
    let unknown: Vec<String> = unknown.map(ToString::to_string).collect();
    ensure!(
        unknown.is_empty(),
        "the account has no automatic renewal {}, so nothing was cancelled: `meganet renew --status` lists those that it has",
        unknown.join(", ")
    );
    orders.retain(|order| ids.contains(&order.id));
    Ok(orders)
}

/// Opens the current content of a name, or that of a link.
async fn open(client: &Client, link: &Link) -> Result<Site> {
    let opened = client.open_link(link).await;
    match link {
        Link::Name { .. } => Ok(opened?),
        Link::Object { .. } => {
            opened.context("renewing needs the complete link, with its key, to find what it contains")
        }
    }
}

fn check_epochs(params: &StorageParams, epochs: u32, most: u32) -> Result<()> {
    ensure!(
        (1..=most).contains(&epochs),
        "storage can be paid for 1 to {most} epochs ahead, not {epochs}; an epoch is {} blocks on this chain",
        params.epoch_blocks
    );
    Ok(())
}

fn order_json(order: &AutoRenewalInfo) -> Value {
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

fn order_text(order: &AutoRenewalInfo) -> String {
    let state = match order.state {
        AutoRenewalState::Waiting => "waiting for its last paid epoch",
        AutoRenewalState::Due => "due now",
        AutoRenewalState::TooDear => {
            "PAUSED: storage costs more than its maximum price. To raise that, --cancel, then --auto with a higher --max-price"
        }
        AutoRenewalState::Short => "TOO LITTLE LEFT: prepay more, or it expires",
        AutoRenewalState::Expired => "expired; --cancel refunds what is left",
        AutoRenewalState::Blocked => "due, but its group is full or fees are too high",
    };
    format!(
        "{}  group {}, {}, {} per slot, paid until epoch {}; {} left for {} of {}, at {} each: {state}",
        order.id,
        order.group,
        counted(order.batch.objects, "object", "objects"),
        bytes(order.batch.bytes),
        order.expiry,
        Mega(order.balance),
        counted(order.renewals_left(), "renewal", "renewals"),
        counted(order.epochs, "epoch", "epochs"),
        Mega(order.next),
    )
}
