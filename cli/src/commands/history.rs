//! `meganet history` and `meganet rollback`: the versions of a name.

use super::Session;
use crate::names::{content_json, content_text, read_label, when};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{At, Call, NameCall, Until};
use meganet_client::{
    names::access::WriteAccess,
    resolve::{Resolved, Resolver},
};
use meganet_primitives::{BlockNumber, chain::NameVersion, content::NameContent};
use serde_json::{Value, json};
use std::time::Duration;

/// How often, and after which pause, the node is asked again for a proof of the block with the rollback.
const PROOF_ATTEMPTS: u32 = 10;
const PROOF_PAUSE: Duration = Duration::from_secs(1);

/// `meganet history NAME`
pub async fn history(session: &Session, name: &str) -> Result<()> {
    let label = read_label(name)?;
    let chain = session.chain().await?;
    let at = chain.pin(At::Finalized).await?;
    WriteAccess::find(chain.as_ref(), &label, &[0; 32], at).await?;
    let versions = chain.name_history(&label, at).await?;
    let now = chain.best().await?.number;
    let describe = |one: &NameVersion| json!({ "version": one.version, "block": one.block, "content": content_json(one.content.as_ref()) });
    let value: Vec<Value> = versions.iter().map(describe).collect();
    session.output.result(&value, |_| {
        if versions.is_empty() {
            return format!("{label} has not pointed to anything yet");
        }
        let line = |(index, one): (usize, &NameVersion)| {
            let mark = if index == 0 { "*" } else { " " };
            let content = content_text(one.content.as_ref());
            format!("{mark} {:<5} since block {} ({}): {content}", one.version, one.block, when(now, one.block))
        };
        versions.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// `meganet rollback NAME [VERSION]`
pub async fn rollback(session: &Session, name: &str, version: Option<u32>) -> Result<()> {
    let label = read_label(name)?;
    let signer = session.signer()?;
    let chain = session.chain().await?;
    let standing = WriteAccess::find(chain.as_ref(), &label, &signer.account(), At::Best).await?;
    standing.may_write()?;
    let versions = chain.name_history(&label, At::Best).await?;
    let target = choose(&label, &versions, version)?;
    let call = Call::Name(NameCall::Rollback { label: label.clone(), version: target.version });
    let outcome = chain.submit(&signer, vec![call], Until::Finalized).await?;
    let info =
        chain.name(&label, At::Block(outcome.block.hash)).await?.context("the name was released in the meantime")?;
    // The node said which content each version has; a proof shows which one the transaction restored.
    if let Some(checkpoint) = session.checkpoint()? {
        let resolver = Resolver::new(chain, Some(checkpoint));
        let proven = resolve_since(&resolver, &label, outcome.block.number).await?;
        let content = proven.resolution().and_then(|proven| proven.content.as_ref());
        check_restored(&label, target, outcome.block.number, proven.evidence().block, content)?;
    }
    let value = json!({
        "name": label,
        "version": info.version,
        "restored": target.version,
        "content": content_json(info.content.as_ref()),
        "block": outcome.block.number,
        "fee": outcome.fee.to_string(),
    });
    session.output.result(&value, |_| {
        format!(
            "rolled {label} back to version {}, published as version {}: it points to {}",
            target.version,
            info.version,
            content_text(info.content.as_ref())
        )
    })
}

/// Resolves a name in a block that is not older than `block`, or else in the newest one that the node proves after a while:
/// votes are stored a moment after a block is final.
async fn resolve_since(resolver: &Resolver, label: &str, block: BlockNumber) -> Result<Resolved> {
    let mut proven = resolver.resolve(label).await?;
    for _ in 0..PROOF_ATTEMPTS {
        if proven.evidence().block >= block {
            break;
        }
        tokio::time::sleep(PROOF_PAUSE).await;
        proven = resolver.resolve(label).await?;
    }
    Ok(proven)
}

/// Compares what a proof shows in block `proven_at` with the version that block `done_at` was to restore.
fn check_restored(
    label: &str,
    target: &NameVersion,
    done_at: BlockNumber,
    proven_at: BlockNumber,
    content: Option<&NameContent>,
) -> Result<()> {
    if proven_at < done_at {
        bail!(
            "block {done_at} has the rollback of {label}, but the node proves only block {proven_at}: see with `meganet resolve {label}` what the name points to now"
        );
    }
    if content != target.content.as_ref() {
        bail!(
            "a proof shows that {label} points to {}, which is not what the node returned as version {}. Either somebody has published since, or the node lied: see `meganet --light history {label}`",
            content_text(content),
            target.version
        );
    }
    Ok(())
}

/// The version with the wanted number, or else the newest whose content differs from the current one.
fn choose<'a>(label: &str, versions: &'a [NameVersion], wanted: Option<u32>) -> Result<&'a NameVersion> {
    let Some(wanted) = wanted else {
        // Versions with the current content are skipped: rolling back to them would change nothing.
        let now = versions.first().map(|one| &one.content);
        return match versions.iter().skip(1).find(|one| Some(&one.content) != now) {
            Some(found) => Ok(found),
            None => bail!("{label} has no earlier version with other content"),
        };
    };
    let (newest, earlier) = match versions {
        [] => bail!("{label} has not pointed to anything yet, so there is no version to go back to"),
        [newest, ..] if newest.version == wanted => bail!("{label} is already at version {wanted}"),
        [newest, earlier @ ..] => (newest.version, earlier),
    };
    earlier.iter().find(|one| one.version == wanted).with_context(|| {
        let fault = if (1..newest).contains(&wanted) {
            format!("version {wanted} of {label} is no longer stored")
        } else {
            format!("{label} never had a version {wanted}; the current one is {newest}")
        };
        let stored: Vec<String> = earlier.iter().map(|one| one.version.to_string()).collect();
        let stored = if stored.is_empty() { "none".to_owned() } else { stored.join(", ") };
        format!("{fault}. Stored earlier versions: {stored} (`meganet history {label}` shows them)")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_primitives::content::ContentRef;
    use meganet_primitives::object::ObjectId;

    fn version(version: u32, n: u8) -> NameVersion {
        let content = ContentRef { object: ObjectId([n; 32]), group: 0, sealed_len: 17, key: None };
        NameVersion { version, block: version, content: Some(NameContent::Object(content)) }
    }

    #[test]
    fn a_proof_decides_what_was_restored() {
        let (target, other) = (version(1, 1), version(2, 2));
        let check = |proven_at, content: Option<&NameContent>| check_restored("a", &target, 10, proven_at, content);
        check(10, target.content.as_ref()).unwrap();
        for content in [other.content.as_ref(), None] {
            assert!(check(10, content).unwrap_err().to_string().contains("the node lied"));
        }
        // A proof of an older block shows nothing about the rollback.
        assert!(check(9, target.content.as_ref()).unwrap_err().to_string().contains("proves only block 9"));
    }

    #[test]
    fn by_default_it_rolls_back_to_the_newest_other_content() {
        let versions = [version(7, 2), version(6, 2), version(5, 1), version(4, 3)];
        assert_eq!(choose("a", &versions, None).unwrap().version, 5);
        assert_eq!(choose("a", &versions, Some(4)).unwrap().version, 4);
        assert!(choose("a", &versions, Some(7)).unwrap_err().to_string().contains("already"));
        let refused = |versions: &[NameVersion], wanted| choose("a", versions, Some(wanted)).unwrap_err().to_string();
        assert!(refused(&versions[..], 3).contains("no longer stored. Stored earlier versions: 6, 5, 4 "));
        for never in [0, 8] {
            assert!(refused(&versions[..], never).contains("never had a version"), "{}", refused(&versions[..], never));
        }
        assert!(refused(&versions[..1], 8).contains("earlier versions: none "));
        assert!(refused(&[], 1).contains("has not pointed to anything"));
        assert!(choose("a", &versions[..1], None).is_err());
    }
}
