//! `meganet publish`

use super::{content::options, name::agreed, session::registrations_dir, Session};
use crate::{
    args::{PublishArgs, TermsArgs},
    names::{content_json, content_text, quote_json, quote_text, read_name, years_text},
    output::bytes,
    progress::Bars,
    rules,
};
use anyhow::Result;
use meganet_chain::{amount::Mega, At};
use meganet_client::{names::Terms, Network, PublishOptions, PublishPreview};
use serde_json::{json, Value};
use std::time::Instant;

/// `meganet publish DIR NAME`
pub async fn publish(session: &Session, args: PublishArgs) -> Result<()> {
    let name = read_name(&args.name)?;
    let signer = session.signer()?;
    let network = session.network().await?;
    let bars = Bars::default();
    let terms = terms(&network, &name, &args.terms, args.dry_run).await?;
    let usual = options(&args.placement)?;
    let options = PublishOptions { terms, registrations: registrations_dir()?, inspect: rules::inspect, ..usual };
    let url = session.config()?.gateway.map(|gateway| format!("http://{name}.{gateway}/"));
    if args.dry_run {
        let preview = network.preview(&signer, &args.dir, &name, &options, &bars).await;
        bars.clear();
        let preview = preview?;
        let value = preview_json(&name, url.as_deref(), &preview);
        return session.output.result(&value, |_| preview_text(&name, terms.years, &preview));
    }
    let started = Instant::now();
    let report = network.publish(&signer, &args.dir, &name, &options, &bars).await;
    bars.clear();
    let report = report?;
    let seconds = started.elapsed().as_secs_f64();
    let value = json!({
        "name": name,
        "url": url,
        "version": report.version,
        "unchanged": report.unchanged,
        "registered": report.registered,
        "name_price": report.name_quote.as_ref().map(quote_json),
        "object": report.content.object.to_string(),
        "files": report.totals.files,
        "bytes": report.totals.bytes,
        "skipped": report.skipped.iter().map(|one| &one.path).collect::<Vec<_>>(),
        "uploaded_bytes": report.upload.map_or(0, |upload| upload.plain_bytes),
        "uploaded_shard_bytes": report.upload.map_or(0, |upload| upload.shard_bytes),
        "paid": report.upload.map_or(0, |upload| upload.price).to_string(),
        "fee": report.upload.map_or(0, |upload| upload.fee).to_string(),
        "block": report.block.map(|block| block.number),
        "seconds": seconds,
    });
    session.output.result(&value, |_| {
        let address = url.as_ref().map_or_else(|| format!("meganet://{}/", name), Clone::clone);
        let Some(upload) = report.upload else {
            return format!("nothing has changed: {address} is version {} as it was", report.version);
        };
        let registered = match &report.name_quote {
            Some(quote) => format!("registered {name} for {}: {}\n", years_text(terms.years), quote_text(quote)),
            None => String::new(),
        };
        format!(
            "{registered}published {} files ({}) as version {}, {} of it uploaded as {} of shards ({}), in {seconds:.1} s\npaid {} until epoch {}, and {} of fees\n{address}",
            report.totals.files,
            bytes(report.totals.bytes),
            report.version,
            bytes(upload.plain_bytes),
            bytes(upload.shard_bytes),
            upload.profile,
            Mega(upload.price),
            upload.expiry,
            Mega(upload.fee),
        )
    })
}

/// On which terms the name is registered, if it is: a premium is asked about before anything else is done.
async fn terms(network: &Network, name: &str, args: &TermsArgs, dry_run: bool) -> Result<Terms> {
    let mut terms = Terms { years: args.years, max_price: args.max_price.map(|price| price.0) };
    let chain = network.chain();
    if !name.contains('.') && chain.name(name, At::Best).await?.is_some_and(|info| !info.status.works()) {
        let quote = chain.name_quote(name, args.years, At::Best).await?;
        terms.max_price = agreed(name, &quote, terms.max_price, dry_run)?;
    }
    Ok(terms)
}

/// What publishing would do, for scripts.
fn preview_json(name: &str, url: Option<&str>, preview: &PublishPreview) -> Value {
    let (upload, totals) = (preview.upload, preview.totals);
    json!({
        "name": name,
        "url": url,
        "dry_run": true,
        "unchanged": upload.is_none(),
        "from": { "version": preview.version, "content": content_json(preview.points_at.as_ref()) },
        "to": { "version": next_version(preview) },
        "registers": preview.name_quote.is_some(),
        "name_price": preview.name_quote.as_ref().map(quote_json),
        "subname_deposit": preview.subname_deposit.to_string(),
        "files": totals.files,
        "bytes": totals.bytes,
        "new_files": totals.new_files,
        "new_bytes": totals.new_bytes,
        "stored_files": totals.files.saturating_sub(totals.new_files),
        "stored_bytes": totals.bytes.saturating_sub(totals.new_bytes),
        "skipped": preview.skipped.iter().map(|one| &one.path).collect::<Vec<_>>(),
        "profile": upload.map(|upload| upload.profile.to_string()),
        "upload_objects": upload.map_or(0, |upload| upload.objects.saturating_sub(upload.resumed)),
        "upload_bytes": upload.map_or(0, |upload| upload.plain_bytes),
        "upload_shard_bytes": upload.map_or(0, |upload| upload.shard_bytes),
        "price": upload.map_or(0, |upload| upload.price).to_string(),
        "expiry": upload.map(|upload| upload.expiry),
        "group_deposit": upload.map_or(0, |upload| upload.group_deposit).to_string(),
        "needed": preview.needed.to_string(),
        "available": preview.available.to_string(),
        "affordable": preview.is_affordable(),
    })
}

/// The same for people.
fn preview_text(name: &str, years: u32, preview: &PublishPreview) -> String {
    let Some(upload) = preview.upload else {
        return format!("dry run: nothing has changed, {name} would stay version {} as it is", preview.version);
    };
    let totals = preview.totals;
    let mut lines = vec!["dry run: nothing was uploaded, paid or changed".to_owned()];
    if let Some(quote) = &preview.name_quote {
        lines.push(format!("would register {name} for {}: {}", years_text(years), quote_text(quote)));
    }
    if preview.subname_deposit > 0 {
        lines.push(format!("would make {name}, against a deposit of {}", Mega(preview.subname_deposit)));
    }
    lines.push(format!(
        "would publish {} files ({}) as version {}; now it points at {}",
        totals.files,
        bytes(totals.bytes),
        next_version(preview),
        content_text(preview.points_at.as_ref()),
    ));
    lines.push(format!(
        "would upload {} as {} of shards ({}): {} files have new content ({}), the others need no upload",
        bytes(upload.plain_bytes),
        bytes(upload.shard_bytes),
        upload.profile,
        totals.new_files,
        bytes(totals.new_bytes),
    ));
    if upload.resumed > 0 {
        lines.push(format!("an interrupted run has uploaded {} of {} objects", upload.resumed, upload.objects));
    }
    lines.push(format!("would pay {} until epoch {}, and fees", Mega(upload.price), upload.expiry));
    if upload.group_deposit > 0 {
        lines.push(format!("would open a placement group, against a deposit of {}", Mega(upload.group_deposit)));
    }
    let enough =
        if preview.is_affordable() { "which is enough" } else { "which is too little: fund the account first" };
    lines.push(format!(
        "needs {} in all, deposits included, and fees; the account has {}, {enough}",
        Mega(preview.needed),
        Mega(preview.available)
    ));
    lines.join("\n")
}

/// The version that the name would have.
fn next_version(preview: &PublishPreview) -> u32 {
    preview.version.saturating_add(preview.upload.is_some().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use meganet_client::{pack::Totals, publish::UploadForecast};
    use meganet_primitives::placement::ProfileId;

    fn preview() -> PublishPreview {
        let upload = UploadForecast {
            profile: ProfileId::Compact,
            objects: 3,
            resumed: 0,
            plain_bytes: 1536,
            shard_bytes: 18 << 10,
            expiry: 12,
            price: 5,
            group_deposit: 0,
        };
        PublishPreview {
            points_at: None,
            version: 3,
            name_quote: None,
            subname_deposit: 0,
            totals: Totals { files: 9, bytes: 4096, new_files: 2, new_bytes: 1024 },
            skipped: Vec::new(),
            upload: Some(upload),
            needed: 5,
            available: 6,
        }
    }

    #[test]
    fn a_preview_says_what_would_be_uploaded_and_paid() {
        let preview = preview();
        let text = preview_text("home", 1, &preview);
        for said in ["9 files (4.00 KiB) as version 4", "1.50 KiB as 18.00 KiB", "2 files have new", "is enough"] {
            assert!(text.contains(said), "{text}");
        }
        let value = preview_json("home", None, &preview);
        assert_eq!((&value["from"]["version"], &value["to"]["version"]), (&json!(3), &json!(4)));
        assert_eq!((&value["upload_bytes"], &value["upload_objects"]), (&json!(1536), &json!(3)));
        assert_eq!((&value["stored_files"], &value["stored_bytes"]), (&json!(7), &json!(3072)));
        assert_eq!((&value["unchanged"], &value["affordable"]), (&json!(false), &json!(true)));
        let poor = PublishPreview { available: 5, ..preview };
        assert!(preview_text("home", 1, &poor).contains("too little"));
        assert_eq!(preview_json("home", None, &poor)["affordable"], false);
    }

    #[test]
    fn a_preview_without_changes_would_do_nothing() {
        let same = PublishPreview { upload: None, ..preview() };
        assert!(preview_text("home", 1, &same).contains("would stay version 3"));
        let value = preview_json("home", None, &same);
        assert_eq!((&value["unchanged"], &value["upload_bytes"]), (&json!(true), &json!(0)));
        assert_eq!((&value["to"]["version"], &value["price"]), (&json!(3), &json!("0")));
    }
}
