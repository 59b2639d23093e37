//! `meganet publish`

mod coverage;
mod preview;

use super::{Session, content::options, name::confirmed_price, renew::Prepaid, session::registrations_dir};
use crate::{
    args::{PublishArgs, SelectionArgs, TermsArgs},
    names::{quote_json, quote_text, read_name},
    output::{bytes, counted},
    progress::Bars,
};
use anyhow::Result;
use coverage::Coverage;
use meganet_chain_client::{At, amount::Mega};
use meganet_client::{
    Client, PublishOptions,
    names::NameTerms,
    pack::{Selection, Skipped},
};
use preview::{preview_json, preview_text};
use serde_json::{Value, json};
use std::time::Instant;

/// `meganet publish DIR NAME`
pub async fn publish(session: &Session, args: PublishArgs) -> Result<()> {
    let name = read_name(&args.name)?;
    let signer = session.signer()?;
    let client = session.client().await?;
    let bars = Bars::default();
    let terms = terms(&client, &name, &args.terms, args.dry_run).await?;
    let usual = options(&args.placement)?;
    let selection = selection(&args.selection);
    let options = PublishOptions { terms, selection, registrations: registrations_dir()?, ..usual };
    let url = session.config()?.gateway.map(|gateway| format!("http://{name}.{gateway}/"));
    if args.dry_run {
        let preview = client.preview(&signer, &args.dir, &name, &options, &bars).await;
        bars.clear();
        let preview = preview?;
        let value = preview_json(&name, url.as_deref(), &preview);
        return session.output.result(&value, |_| preview_text(&name, terms.years, &preview));
    }
    let started = Instant::now();
    let report = client.publish(&signer, &args.dir, &name, &options, &bars).await;
    bars.clear();
    let report = report?;
    let seconds = started.elapsed().as_secs_f64();
    let mut value = json!({
        "name": name,
        "url": url,
        "version": report.version,
        "unchanged": report.unchanged,
        "registered": report.registered,
        "name_price": report.name_quote.as_ref().map(quote_json),
        "object": report.content().object.to_string(),
        "files": report.totals.files,
        "bytes": report.totals.bytes,
        "skipped": skipped_json(&report.skipped),
        "uploaded_bytes": report.upload.map_or(0, |upload| upload.summary.plain_bytes),
        "uploaded_shard_bytes": report.upload.map_or(0, |upload| upload.summary.shard_bytes),
        "paid": report.upload.map_or(0, |upload| upload.summary.price).to_string(),
        "fee": report.upload.map_or(0, |upload| upload.fee).to_string(),
        "block": report.block.map(|block| block.number),
        "seconds": seconds,
        "auto": null,
        "batches_left_out": null,
    });
    let coverage = Coverage::ensure(&client, &signer, &name, &report, &args).await;
    let coverage = coverage.map_err(|failed| failed.after(value.clone()))?;
    value["auto"] = json!(coverage.prepaid.as_ref().map(Prepaid::to_json));
    value["batches_left_out"] = json!(coverage.left_out);
    session.output.result(&value, |_| {
        let address = url.as_ref().map_or_else(|| format!("meganet://{}/", name), Clone::clone);
        let registered = match &report.name_quote {
            Some(quote) => format!("registered {name} for {}: {}\n", counted(terms.years, "year", "years"), quote_text(quote)),
            None => String::new(),
        };
        let Some(upload) = report.upload else {
            let version = report.version;
            // Where an earlier run has registered the name, it has published too.
            return if report.registered {
                format!("{registered}an earlier run has published {address} as version {version}{coverage}")
            } else {
                format!("nothing has changed: {address} is still version {version}{coverage}")
            };
        };
        format!(
            "{registered}published {} ({}) as version {}, uploading {} as {} of shards ({}), in {seconds:.1} s\npaid {} for storage until epoch {}, and {} in fees{coverage}\n{address}",
            counted(report.totals.files, "file", "files"),
            bytes(report.totals.bytes),
            report.version,
            bytes(upload.summary.plain_bytes),
            bytes(upload.summary.shard_bytes),
            upload.summary.profile,
            Mega(upload.summary.price),
            upload.summary.expiry,
            Mega(upload.fee),
        )
    })
}

fn selection(args: &SelectionArgs) -> Selection {
    let SelectionArgs { hidden, exclude, allow_secrets } = args.clone();
    Selection { hidden, exclude, allow_secrets }
}

/// Every entry of the folder that is not published, with the reason.
fn skipped_json(skipped: &[Skipped]) -> Vec<Value> {
    // A path need not be Unicode, as text in JSON is.
    skipped.iter().map(|one| json!({ "path": one.path.to_string_lossy(), "reason": one.reason.name() })).collect()
}

/// The terms on which the name is registered, if necessary. Asks about a premium before anything else is done.
async fn terms(client: &Client, name: &str, args: &TermsArgs, dry_run: bool) -> Result<NameTerms> {
    let mut terms = NameTerms { years: args.years, max_price: args.max_price.map(|price| price.0) };
    let chain = client.chain();
    if !name.contains('.') && chain.name(name, At::Best).await?.is_some_and(|info| !info.status.works()) {
        let quote = chain.name_quote(name, args.years, At::Best).await?;
        terms.max_price = confirmed_price(name, &quote, terms.max_price, dry_run)?;
    }
    Ok(terms)
}
