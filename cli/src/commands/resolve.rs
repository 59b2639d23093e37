//! `meganet resolve`: what a name points to, and how that was verified.

use super::{Session, relies_on};
use crate::{
    args::ResolveArgs,
    names::{content_json, content_text, read_name, status_text},
};
use anyhow::{Context, Result, bail};
use meganet_chain_client::account::format_account;
use meganet_client::{
    SiteError,
    resolve::{Evidence, Resolved},
};
use meganet_primitives::chain::Resolution;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// Resolves a name at the finalized block, so that the answer cannot be reverted.
pub async fn run(session: &Session, args: &ResolveArgs) -> Result<()> {
    let name = read_name(&args.name)?;
    let resolver = session.resolver().await?;
    let found = resolver.resolve(&name).await?;
    if let Some(path) = &args.proof {
        save(path, found.proof.as_deref())?;
    }
    let known = match &found.evidence {
        Evidence::Proof(_) => found.evidence.to_string(),
        Evidence::Light | Evidence::Rpc => relies_on(resolver.chain().as_ref(), &session.config()?),
    };
    // The absence of a name can be proven too.
    let Some(resolution) = &found.resolution else {
        return Err(SiteError::NoSuchName { name }).context(format!("at finalized block {} ({known})", found.number));
    };
    let mut value = describe(&name, resolution);
    value["block"] =
        json!({ "number": found.number, "hash": format!("0x{}", hex::encode(found.hash)), "finalized": true });
    value["verified"] = evidence(&found);
    session
        .output
        .result(&value, |_| format!("{}, at finalized block {}\n{known}", line(&name, resolution), found.number))
}

fn save(path: &Path, proof: Option<&[u8]>) -> Result<()> {
    let Some(proof) = proof else {
        bail!(
            "--proof needs a checkpoint and a node: create one with `meganet checkpoint -o FILE`, pass --checkpoint FILE, and do not pass --light"
        );
    };
    fs::write(path, proof).with_context(|| format!("could not write the proof {}", path.display()))
}

fn evidence(found: &Resolved) -> Value {
    match &found.evidence {
        Evidence::Proof(basis) => json!({ "by": "proof", "basis": basis }),
        other => json!({ "by": other.name() }),
    }
}

/// What a name points to, as JSON.
pub(super) fn describe(name: &str, found: &Resolution) -> Value {
    json!({
        "name": name,
        "owner": format_account(&found.owner),
        "content": content_json(found.content.as_ref()),
        "version": found.version,
        "updated": found.updated,
        "expires": found.expires,
        "status": status_text(found.status),
    })
}

/// What a name points to, as text.
pub(super) fn line(name: &str, found: &Resolution) -> String {
    match &found.content {
        _ if !found.status.works() => SiteError::Lapsed { name: name.to_owned(), expired: found.expires }.to_string(),
        Some(content) => format!("{name} -> {}, version {}", content_text(Some(content)), found.version),
        None => format!("{name} is registered, but does not point to anything yet"),
    }
}
