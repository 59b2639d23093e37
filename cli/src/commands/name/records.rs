//! `meganet name set|text|addr|key`: the content and the records of a name.

use super::Writer;
use crate::{
    commands::Session,
    names::{read_label, read_name},
};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{At, Call, NameCall};
use meganet_client::names::{access::WriteAccess, foreign, record};
use meganet_primitives::{
    content::{ContentRef, NameContent},
    link::Link,
    name::{RecordKey, RecordValue, split_name},
};
use serde_json::json;

/// `meganet name set NAME LINK`
pub async fn set(session: &Session, name: &str, link: &str) -> Result<()> {
    let name = read_name(name)?;
    let content = read_content(link)?;
    let done = match &content {
        None => format!("{name} now points to nothing"),
        Some(NameContent::Object(_)) => {
            format!("{name} now points to the content of the link, whose key is public now")
        }
        Some(NameContent::Foreign(reference)) => {
            format!("{name} now points to {}, which this network does not store", foreign::uri(reference))
        }
    };
    let writer = Writer::new(session, &name).await?;
    writer.standing.may_write()?;
    let (sub, label) = split_name(&name)?;
    let label = label.to_owned();
    let call = match sub {
        None => Call::Name(NameCall::SetContent { label, content }),
        Some(sub) => Call::Name(NameCall::SetSubname { label, sub: sub.to_owned(), content }),
    };
    writer.change(session, call, &done).await
}

/// Parses a link printed by `meganet put`, content of another network, or `none`.
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
            bail!("this link has no key after '#', so readers of the name could not open it; use the complete link")
        }
        Link::Name { .. } => {
            bail!(
                "a name cannot point to another name: use a link printed by `meganet put`, an address such as ipfs://CID, or 'none'"
            )
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

/// Sets or removes a record, or prints it if there is neither a value nor `remove`.
async fn record(session: &Session, name: &str, key: RecordKey, value: Option<RecordValue>, remove: bool) -> Result<()> {
    let label = read_label(name)?;
    let about = record::key_text(&key);
    if value.is_none() && !remove {
        let chain = session.chain().await?;
        WriteAccess::find(chain.as_ref(), &label, &[0; 32], At::Finalized).await?;
        let value = chain.name_record(&label, &key, At::Finalized).await?;
        let value = value.with_context(|| format!("{label} has no record '{about}'"))?;
        let text = record::value_text(&key, &value);
        return session.output.result(&json!({ "name": label, "record": about, "value": text }), |_| text.clone());
    }
    let writer = Writer::new(session, &label).await?;
    writer.standing.may_write()?;
    let done = match &value {
        Some(value) => format!("set record '{about}' of {label} to {}", record::value_text(&key, value)),
        None => format!("removed record '{about}' of {label}"),
    };
    writer.change(session, Call::Name(NameCall::SetRecord { label, key, value }), &done).await
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
    }
}
