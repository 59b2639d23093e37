//! `meganet renew`: keeps what a name points at for longer.

use super::Session;
use crate::args::RenewArgs;
use anyhow::{ensure, Result};
use meganet_chain::{amount::Mega, At, Until};
use serde_json::json;

/// Renews every batch that holds an object of the site.
pub async fn run(session: &Session, args: RenewArgs) -> Result<()> {
    let signer = session.signer()?;
    let network = session.network().await?;
    let params = network.chain().params(At::Best).await?;
    ensure!(
        (1..=params.max_epochs).contains(&args.epochs),
        "content can be kept for 1 to {} epochs ahead, not {}: renew again later",
        params.max_epochs,
        args.epochs
    );
    let until = params.epoch.saturating_add(args.epochs);
    let site = network.open_site(&args.name, At::Best).await?;
    let renewal = network.renewal(&site, until).await?;
    let batches = renewal.calls.len();
    let block = if renewal.calls.is_empty() {
        None
    } else {
        Some(network.chain().submit(&signer, renewal.calls, Until::Finalized).await?.block.number)
    };
    let value = json!({
        "name": args.name,
        "until": until,
        "expired_at": renewal.expires,
        "batches": batches,
        "objects": renewal.objects,
        "price": renewal.price.to_string(),
        "block": block,
    });
    session.output.result(&value, |_| match block {
        None => format!("everything of {} is kept until epoch {} already", args.name, renewal.expires),
        Some(_) => format!(
            "renewed {} objects of {} in {batches} batches until epoch {until} (before: {}) for {}",
            renewal.objects,
            args.name,
            renewal.expires,
            Mega(renewal.price)
        ),
    })
}
