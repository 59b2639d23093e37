//! `meganet resolve`: what a name points to, and how that was verified.

use super::{Session, relies_on};
use crate::{
    args::ResolveArgs,
    names::{content_json, content_text, read_name},
};
use anyhow::{Context, Result, bail};
use meganet_chain_client::account::format_account;
use meganet_client::resolve::{Basis, NotASite, Resolved, Verified};
use meganet_primitives::chain::Resolution;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// Resolves a name at the finalized block, so that the answer cannot be reverted.
pub async fn run(session: &Session, args: &ResolveArgs) -> Result<()> {
    let name = read_name(&args.name)?;
    let resolver = session.resolver().await?;
    let found = resolver.resolve(&name).await?;
    if let Some(path) = &args.proof {
        save(path, found.proof())?;
    }
    let evidence = found.evidence();
    let known = match evidence.verified {
        Verified::Proof(_) => evidence.verified.to_string(),
        Verified::Light | Verified::Rpc => relies_on(resolver.chain().as_ref(), &session.config()?),
    };
    // The absence of a name can be proven too.
    let Some(resolution) = found.resolution() else {
        return Err(NotASite::NoSuchName { name }).context(format!("at finalized block {} ({known})", evidence.block));
    };
    let mut value = describe(&name, resolution);
    value["block"] =
        json!({ "number": evidence.block, "hash": format!("0x{}", hex::encode(found.hash())), "finalized": true });
    value["verified"] = verified_json(&found);
    session
        .output
        .result(&value, |_| format!("{}, at finalized block {}\n{known}", line(&name, resolution), evidence.block))
}

fn save(path: &Path, proof: Option<&[u8]>) -> Result<()> {
    let Some(proof) = proof else {
        bail!(
            "--proof needs a checkpoint and a node: create one with `meganet checkpoint -o FILE`, pass --checkpoint FILE, and do not pass --light"
        );
    };
    fs::write(path, proof).with_context(|| format!("could not write the proof {}", path.display()))
}

fn verified_json(found: &Resolved) -> Value {
    match found.evidence().verified {
        Verified::Proof(basis) => proof_json(&basis),
        other => json!({ "by": other.name() }),
    }
}

/// The basis of a proven answer, as JSON.
pub(super) fn proof_json(basis: &Basis) -> Value {
    let Basis { set_id, votes, voters, checkpoint, changes } = basis;
    let basis =
        json!({ "set_id": set_id, "votes": votes, "voters": voters, "checkpoint": checkpoint, "changes": changes });
    json!({ "by": "proof", "basis": basis })
}

/// The answer to a resolution, as JSON.
pub(super) fn describe(name: &str, found: &Resolution) -> Value {
    json!({
        "name": name,
        "owner": format_account(&found.owner),
        "content": content_json(found.content.as_ref()),
        "version": found.version,
        "updated": found.updated,
        "expires": found.expires,
        "status": found.status.name(),
    })
}

/// The answer to a resolution, as text.
pub(super) fn line(name: &str, found: &Resolution) -> String {
    match &found.content {
        _ if !found.status.works() => NotASite::Lapsed { name: name.to_owned(), expired: found.expires }.to_string(),
        Some(content) => format!("{name} points to {}, version {}", content_text(Some(content)), found.version),
        None => format!("{name} is registered, but does not point to anything yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basis_of_a_proof_has_keys_in_snake_case() {
        let basis = Basis { set_id: 7, votes: 3, voters: 4, checkpoint: 10, changes: 0 };
        assert_eq!(proof_json(&basis)["basis"]["set_id"], 7);
    }
}
