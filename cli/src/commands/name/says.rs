//! `meganet name set|text|addr|key|sub`: what a name says.

use super::Writer;
use crate::{
    args::SubCommand,
    commands::Session,
    names::{content_json, content_text, read_label, read_name},
};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{At, Call, account::format_account};
use meganet_client::names::{foreign, record, standing::Standing};
use meganet_primitives::{
    chain::SubnameInfo,
    content::{ContentRef, NameContent},
    link::Link,
    name::{RecordKey, RecordValue, split_name},
};
use serde_json::{Value, json};

/// `meganet name set NAME LINK`
pub async fn set(session: &Session, name: &str, link: &str) -> Result<()> {
    let name = read_name(name)?;
    let content = read_content(link)?;
    let done = match &content {
        None => format!("{name} points at nothing now"),
        Some(NameContent::Object(_)) => format!("{name} points at what the link opens; its key is public now"),
        Some(NameContent::Foreign(reference)) => {
            format!("{name} points at {} now, which this network shows and does not hold", foreign::uri(reference))
        }
    };
    let writer = Writer::new(session, &name).await?;
    writer.standing.may_write()?;
    let (sub, label) = split_name(&name)?;
    let label = label.to_owned();
    let call = match sub {
        None => Call::SetContent { label, content },
        Some(sub) => Call::SetSubname { label, sub: sub.to_owned(), content },
    };
    writer.change(session, call, &done).await
}

/// A link that `put` printed, what another network holds, or `none`.
fn read_content(text: &str) -> Result<Option<NameContent>> {
    if text == "none" {
        return Ok(None);
    }
    if foreign::is_foreign(text) {
        return Ok(Some(NameContent::Foreign(foreign::read_uri(text)?)));
    }
    match text.parse::<Link>()? {
        Link::Object { object, group, sealed_len, key: Some(key) } => {
            Ok(Some(NameContent::Object(ContentRef { object, group, sealed_len, key: Some(key) })))
        }
        Link::Object { key: None, .. } => {
            bail!("this link has no key after '#', so readers of the name could not open it")
        }
        Link::Name { .. } => {
            bail!("a name points at content: give a link that `meganet put` printed, ipfs://CID, or 'none'")
        }
    }
}

/// `meganet name text NAME KEY [VALUE]`
pub async fn text(session: &Session, name: &str, key: &str, value: Option<&str>, remove: bool) -> Result<()> {
    let key = record::text_key(key)?;
    let value = value.map(record::text_value).transpose()?;
    record(session, name, key, value, remove).await
}

/// `meganet name addr NAME COIN [ADDRESS]`
pub async fn addr(session: &Session, name: &str, coin: &str, address: Option<&str>, remove: bool) -> Result<()> {
    let key = record::address_key(coin)?;
    let value = address.map(|address| record::address_value(&key, address)).transpose()?;
    record(session, name, key, value, remove).await
}

/// `meganet name key NAME [KEY]`
pub async fn key(session: &Session, name: &str, key: Option<&str>, remove: bool) -> Result<()> {
    let value = key.map(record::key_value).transpose()?;
    record(session, name, RecordKey::EncryptionKey, value, remove).await
}

/// Sets or removes a record, or, with neither, prints it.
async fn record(session: &Session, name: &str, key: RecordKey, value: Option<RecordValue>, remove: bool) -> Result<()> {
    let label = read_label(name)?;
    let about = record::key_text(&key);
    if value.is_none() && !remove {
        let chain = session.chain().await?;
        Standing::find(chain.as_ref(), &label, &[0; 32], At::Finalized).await?;
        let value = chain.name_record(&label, &key, At::Finalized).await?;
        let value = value.with_context(|| format!("{label} has no record '{about}'"))?;
        let text = record::value_text(&key, &value);
        return session.output.result(&json!({ "name": label, "record": about, "value": text }), |_| text.clone());
    }
    let writer = Writer::new(session, &label).await?;
    writer.standing.may_write()?;
    let done = match &value {
        Some(value) => format!("{label} says '{about}' is {} now", record::value_text(&key, value)),
        None => format!("{label} has no record '{about}' any more"),
    };
    writer.change(session, Call::SetNameRecord { label, key, value }, &done).await
}

/// `meganet name sub …`
pub async fn sub(session: &Session, command: SubCommand) -> Result<()> {
    match command {
        SubCommand::List { name } => subnames(session, &name).await,
        SubCommand::Set { name, link } => {
            below(&read_name(&name)?)?;
            set(session, &name, &link).await
        }
        SubCommand::Remove { name } => {
            let name = read_name(&name)?;
            let (sub, label) = below(&name)?;
            let writer = Writer::new(session, &name).await?;
            writer.standing.owns()?;
            let call = Call::RemoveSubname { label, sub };
            writer.change(session, call, &format!("removed {name}; its deposit is back")).await
        }
        SubCommand::Delegate { name, whom } => {
            let name = read_name(&name)?;
            let (sub, label) = below(&name)?;
            let delegate = match whom.as_str() {
                "none" => None,
                whom => Some(session.account_id(Some(whom))?),
            };
            let writer = Writer::new(session, &name).await?;
            writer.standing.owns()?;
            let done = match &delegate {
                Some(delegate) => format!("{} may publish under {name} now", format_account(delegate)),
                None => format!("{name} has no delegate of its own any more"),
            };
            writer.change(session, Call::SetSubnameDelegate { label, sub, delegate }, &done).await
        }
    }
}

/// The two parts of a name below a name.
fn below(name: &str) -> Result<(String, String)> {
    let (sub, label) = split_name(name)?;
    let sub = sub.with_context(|| format!("'{name}' is no name below a name: write it as in blog.{name}"))?;
    Ok((sub.to_owned(), label.to_owned()))
}

async fn subnames(session: &Session, name: &str) -> Result<()> {
    let label = read_label(name)?;
    let chain = session.chain().await?;
    Standing::find(chain.as_ref(), &label, &[0; 32], At::Finalized).await?;
    let all = chain.all_subnames(&label, At::Finalized).await?;
    let value: Vec<Value> = all.iter().map(|sub| subname_json(&label, sub)).collect();
    session.output.result(&value, |_| {
        if all.is_empty() {
            return format!("there are no names below {label}; publish one with `meganet publish DIR blog.{label}`");
        }
        all.iter().map(|sub| subname_text(&label, sub)).collect::<Vec<_>>().join("\n")
    })
}

/// A name below a name, for scripts.
pub(super) fn subname_json(label: &str, sub: &SubnameInfo) -> Value {
    json!({
        "name": format!("{}.{label}", String::from_utf8_lossy(&sub.label)),
        "content": content_json(sub.content.as_ref()),
        "version": sub.version,
        "updated": sub.updated,
        "delegate": sub.delegate.as_ref().map(format_account),
    })
}

/// A name below a name, for people.
pub(super) fn subname_text(label: &str, sub: &SubnameInfo) -> String {
    let delegate = sub.delegate.as_ref().map(|who| format!(", delegate {}", format_account(who)));
    format!(
        "{}.{label}: version {}, {}{}",
        String::from_utf8_lossy(&sub.label),
        sub.version,
        content_text(sub.content.as_ref()),
        delegate.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn content_is_a_link_with_its_key_or_of_another_network() {
        assert_eq!(read_content("none").unwrap(), None);
        let ipfs = read_content("ipfs://bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e").unwrap();
        assert!(matches!(ipfs, Some(NameContent::Foreign(_))));
        for wrong in ["hello", "meganet://hello/", "https://example.org/", "ipfs://nonsense"] {
            assert!(read_content(wrong).is_err(), "{wrong}");
        }
        assert_eq!(below("blog.alice").unwrap(), ("blog".to_owned(), "alice".to_owned()));
        assert!(below("alice").is_err());
    }
}
