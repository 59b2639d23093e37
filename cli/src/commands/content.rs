//! `meganet put` and `files`.

use super::{Session, interrupted::until_interrupted, session::data_dir, spool::spool};
use crate::{
    args::{FilesCommand, PlacementArgs, PutArgs},
    names::read_name,
    output::{bytes, note_passed_over},
    progress::Bars,
};
use anyhow::{Context, Result, bail, ensure};
use meganet_chain_client::{Signer, amount::Mega};
use meganet_client::{
    Client, PublishOptions, PutReport, PutSource,
    links::{KeptLink, LinkState, LinkStore},
};
use meganet_devnet::Interrupts;
use meganet_primitives::link::Link;
use meganet_terminal::{print_aside, shown};
use serde_json::json;
use std::{io, path::PathBuf};

/// The way on after an interrupt.
const LEFT: &str = "the same command with the same input continues where it stopped";

/// `meganet put FILE`
pub async fn put(session: &Session, args: PutArgs) -> Result<()> {
    let PutArgs { file, name, placement } = args;
    let options = options(&placement)?;
    let bars = Bars::default();
    // Known before anything is asked or read.
    let name = match name {
        Some(name) if file.as_os_str() == "-" => name,
        name => {
            let source = PutSource::File { path: file, name };
            source.check()?;
            let signer = session.signer()?;
            let client = session.client().await?;
            let stored = client.put(&signer, &source, &options, &bars).await;
            bars.clear();
            return show_link(session, &client, &signer, &stored?, &options);
        }
    };
    PutSource::check_name(&name)?;
    let signer = session.signer()?;
    let client = session.client().await?;
    let mut interrupts = Interrupts::listen()?;
    let storing = async {
        let spool = spool(io::stdin(), &options.state_dir).await?;
        let source = PutSource::Stream { spool: spool.to_path_buf(), name };
        anyhow::Ok(client.put(&signer, &source, &options, &bars).await?)
    };
    let stored = until_interrupted(Box::pin(storing), interrupts.next(), LEFT).await;
    bars.clear();
    show_link(session, &client, &signer, &stored?, &options)
}

/// Prints the link of a stored file. Until it is out, it is kept, and the next run prints it again.
fn show_link(
    session: &Session,
    client: &Client,
    signer: &Signer,
    report: &PutReport,
    options: &PublishOptions,
) -> Result<()> {
    let upload = report.upload.as_ref();
    let value = json!({
        "link": report.link.to_string(),
        "bytes": report.size,
        "paid": upload.map_or(0, |upload| upload.summary.price).to_string(),
        "fee": report.fee.to_string(),
    });
    if let Some(paid) = paid(report)
        && !session.output.json
    {
        print_aside(&paid);
    }
    // The link alone, so that it can be piped.
    let kept = "the file is stored and its link is kept: `meganet files` shows it, and so does the same command again";
    let shown = session.output.whole(&value, |_| report.link.to_string()).context(kept)?;
    ensure!(shown, "nobody read the link. But {kept}");
    Ok(client.link_shown(signer, &report.content, options)?)
}

/// The price and the fees that a run has paid, if any.
fn paid(report: &PutReport) -> Option<String> {
    let fee = Mega(report.fee);
    match &report.upload {
        Some(upload) => {
            let (price, expiry) = (Mega(upload.summary.price), upload.summary.expiry);
            Some(format!("paid {price} for storage until epoch {expiry}, and {fee} in fees"))
        }
        None => (report.fee > 0).then(|| format!("paid {fee} in fees, and nothing for storage")),
    }
}

/// `meganet files`
pub async fn files(session: &Session, command: Option<FilesCommand>) -> Result<()> {
    let signer = session.signer()?;
    let genesis = session.chain().await?.genesis();
    let links = LinkStore::at(&links_dir()?, &genesis, &signer);
    let (all, passed_over) = links.all()?;
    note_passed_over("the kept links", &passed_over);
    match command {
        None => {
            let value: Vec<_> = all.iter().map(kept_json).collect();
            session.output.result(&value, |_| table(&all))
        }
        Some(FilesCommand::Forget { link }) => {
            let Link::Object { object, .. } = parse_source(&link)? else {
                bail!("that is the link of a name, not of a file")
            };
            ensure!(links.forget(&object)?, "no such link is kept for this account: `meganet files` lists them");
            session.output.result(&json!({ "forgotten": object.to_string() }), |_| {
                "forgotten. The file stays stored until it expires; without another copy of the link nobody can read it".to_owned()
            })
        }
    }
}

fn kept_json(kept: &KeptLink) -> serde_json::Value {
    json!({
        "link": kept.link().to_string(),
        "path": kept.path,
        "bytes": kept.size,
        "stored": kept.stored,
        "expires_epoch": kept.expiry,
        "state": kept.state.name(),
    })
}

/// A line for each file and one for its link.
fn table(all: &[KeptLink]) -> String {
    if all.is_empty() {
        return "no files were stored with this account from this machine".to_owned();
    }
    let line = |kept: &KeptLink| {
        let note = match kept.state {
            LinkState::Registering => ", perhaps not registered: store it again to find out, or forget it",
            LinkState::Registered | LinkState::Shown => "",
        };
        let (path, size) = (shown(&kept.path), bytes(kept.size));
        format!("{path} ({size}, until epoch {}{note})\n  {}", kept.expiry, kept.link())
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The folder of the links to stored files, which are encrypted.
fn links_dir() -> Result<PathBuf> {
    Ok(data_dir()?.join("links"))
}

/// Options for an upload with this placement; its journal goes to the user's data folder.
pub(super) fn options(placement: &PlacementArgs) -> Result<PublishOptions> {
    let usual = PublishOptions::new(data_dir()?.join("uploads"));
    Ok(PublishOptions { profile: placement.profile, epochs: Some(placement.epochs), links: links_dir()?, ..usual })
}

/// Parses `NAME`, `NAME/PATH`, or any link.
pub(super) fn parse_source(source: &str) -> Result<Link> {
    if source.contains("://") {
        return Ok(source.parse()?);
    }
    let (name, path) = source.split_once('/').unwrap_or((source, ""));
    Ok(Link::name(&read_name(name)?, path)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_source_is_a_name_with_a_path_or_a_link() {
        let name = |name: &str, path: &str| Link::Name { name: name.into(), path: path.into() };
        assert_eq!(parse_source("hello").unwrap(), name("hello", ""));
        assert_eq!(parse_source("blog.hello/x").unwrap(), name("blog.hello", "x"));
        assert_eq!(parse_source("Hello/A").unwrap(), name("hello", "A"));
        assert_eq!(parse_source("hello/a b/c.txt").unwrap(), name("hello", "a b/c.txt"));
        assert_eq!(parse_source("meganet://hello/a%20b").unwrap(), name("hello", "a b"));
        assert!(parse_source("he llo/x").is_err());
        assert!(parse_source("https://example.org/x").is_err());
    }
}
