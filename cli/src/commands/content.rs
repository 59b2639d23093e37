//! `meganet put` and `get`.

use super::{Session, session::data_dir};
use crate::{
    args::{GetArgs, PlacementArgs, PutArgs},
    names::read_name,
    output::bytes,
    progress::Bars,
};
use anyhow::{Result, bail, ensure};
use futures::TryStreamExt;
use meganet_client::{PublishOptions, Site};
use meganet_primitives::{link::Link, manifest::Entry};
use meganet_terminal::unless_closed;
use serde_json::json;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// `meganet put FILE`
pub async fn put(session: &Session, args: PutArgs) -> Result<()> {
    let signer = session.signer()?;
    let client = session.client().await?;
    let bars = Bars::default();
    let options = options(&args.placement)?;
    let report = client.put_file(&signer, &args.file, &options, &bars).await;
    bars.clear();
    let report = report?;
    let value = json!({
        "link": report.link.to_string(),
        "bytes": report.size,
        "paid": report.upload.summary.price.to_string(),
        "fee": report.upload.fee.to_string(),
    });
    // The link alone, so that it can be piped. It holds the only copy of the key.
    session.output.result(&value, |_| report.link.to_string())
}

/// Options for an upload with this placement; its journal goes to the user's data folder.
pub(super) fn options(placement: &PlacementArgs) -> Result<PublishOptions> {
    let usual = PublishOptions::new(data_dir()?.join("uploads"));
    Ok(PublishOptions { profile: placement.profile, epochs: Some(placement.epochs), ..usual })
}

/// `meganet get NAME/PATH|LINK`
pub async fn get(session: &Session, args: GetArgs) -> Result<()> {
    let link = parse_source(&args.source)?;
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    if let Some(output) = args.output.as_deref().filter(|_| !to_stdout) {
        refuse_to_replace(output, args.force)?;
    }
    let client = session.client().await?;
    let site = client.open_link(&link).await?;
    let path = match &link {
        Link::Name { path, .. } => path.as_str(),
        Link::Object { .. } => "",
    };
    let entry = find(&site, path)?.clone();
    if to_stdout {
        return pour(&site, &entry).await;
    }
    let output = match args.output {
        Some(output) => output,
        None => {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            ensure!(!name.is_empty(), "the link does not name the file; pass -o FILE");
            let output = PathBuf::from(name);
            refuse_to_replace(&output, args.force)?;
            output
        }
    };
    let bars = Bars::default();
    let fetched = site.get(&entry, &output, &bars).await;
    bars.clear();
    let fetched = fetched?;
    session.output.result(&json!({ "file": output, "bytes": fetched.bytes }), |_| {
        format!("wrote {} ({})", output.display(), bytes(fetched.bytes))
    })
}

/// The file at a path, or the `index.html` of the folder at a path.
fn find<'a>(site: &'a Site, path: &str) -> Result<&'a Entry> {
    let index =
        if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { format!("{path}/index.html") };
    match site.one_entry(path) {
        Ok(entry) => Ok(entry),
        Err(error) => Ok(site.entry(&index).ok_or(error)?),
    }
}

async fn pour(site: &Site, entry: &Entry) -> Result<()> {
    let mut stdout = tokio::io::stdout();
    let mut pieces = site.read(entry, 0..entry.size);
    while let Some(piece) = pieces.try_next().await? {
        // Flushed, since a write only hands the bytes to another thread: its error would come with the next one.
        let written = match stdout.write_all(&piece).await {
            Ok(()) => stdout.flush().await,
            error => error,
        };
        if written.is_err() {
            return unless_closed(written);
        }
    }
    Ok(())
}

fn refuse_to_replace(path: &Path, force: bool) -> Result<()> {
    if path.exists() && !force {
        bail!("{} already exists: pass --force to overwrite it, or -o to choose another file", path.display());
    }
    Ok(())
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
