//! `meganet name sub …`

use super::{Writer, records};
use crate::{
    args::SubCommand,
    commands::Session,
    names::{content_json, content_text, read_label, read_name},
};
use anyhow::{Context, Result};
use meganet_chain_client::{At, Call, NameCall, account::format_account};
use meganet_client::names::access::WriteAccess;
use meganet_primitives::{chain::SubnameInfo, name::split_name};
use serde_json::{Value, json};

/// `meganet name sub …`
pub async fn run(session: &Session, command: SubCommand) -> Result<()> {
    match command {
        SubCommand::List { name } => subnames(session, &name).await,
        SubCommand::Set { name, link } => {
            parts(&read_name(&name)?)?;
            records::set(session, &name, &link).await
        }
        SubCommand::Remove { name } => {
            let name = read_name(&name)?;
            let (sub, label) = parts(&name)?;
            let writer = Writer::new(session, &name).await?;
            writer.standing.owns()?;
            let call = Call::Name(NameCall::RemoveSubname { label, sub });
            writer.change(session, call, &format!("removed {name} and refunded its deposit")).await
        }
        SubCommand::Delegate { name, whom } => {
            let name = read_name(&name)?;
            let (sub, label) = parts(&name)?;
            let delegate = match whom.as_str() {
                "none" => None,
                whom => Some(session.account_id(Some(whom))?),
            };
            let writer = Writer::new(session, &name).await?;
            writer.standing.owns()?;
            let done = match &delegate {
                Some(delegate) => format!("{} may now publish under {name}", format_account(delegate)),
                None => format!("{name} no longer has a delegate of its own"),
            };
            writer.change(session, Call::Name(NameCall::SetSubnameDelegate { label, sub, delegate }), &done).await
        }
    }
}

/// Splits a subname into its own label and that of the name above it.
fn parts(name: &str) -> Result<(String, String)> {
    let (sub, label) = split_name(name)?;
    let sub = sub.with_context(|| format!("'{name}' is not a subname: write for example blog.{name}"))?;
    Ok((sub.to_owned(), label.to_owned()))
}

async fn subnames(session: &Session, name: &str) -> Result<()> {
    let label = read_label(name)?;
    let chain = session.chain().await?;
    WriteAccess::find(chain.as_ref(), &label, &[0; 32], At::Finalized).await?;
    let all = chain.all_subnames(&label, At::Finalized).await?;
    let value: Vec<Value> = all.iter().map(|sub| subname_json(&label, sub)).collect();
    session.output.result(&value, |_| {
        if all.is_empty() {
            return format!("{label} has no subnames; create one with `meganet publish DIR blog.{label}`");
        }
        all.iter().map(|sub| subname_text(&label, sub)).collect::<Vec<_>>().join("\n")
    })
}

/// A subname as JSON.
pub(super) fn subname_json(label: &str, sub: &SubnameInfo) -> Value {
    json!({
        "name": format!("{}.{label}", String::from_utf8_lossy(&sub.label)),
        "content": content_json(sub.content.as_ref()),
        "version": sub.version,
        "updated": sub.updated,
        "delegate": sub.delegate.as_ref().map(format_account),
    })
}

/// A subname as text.
pub(super) fn subname_text(label: &str, sub: &SubnameInfo) -> String {
    let delegate = sub.delegate.as_ref().map(|who| format!(", delegate {}", format_account(who)));
    format!(
        "{}.{label} points to {}, version {}{}",
        String::from_utf8_lossy(&sub.label),
        content_text(sub.content.as_ref()),
        sub.version,
        delegate.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_subname_has_two_parts() {
        assert_eq!(parts("blog.alice").unwrap(), ("blog".to_owned(), "alice".to_owned()));
        assert!(parts("alice").is_err());
    }
}
