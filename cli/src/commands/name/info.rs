//! `meganet name info` and `meganet name list`.

use super::{
    now,
    subnames::{subname_json, subname_text},
};
use crate::{
    commands::Session,
    names::{content_json, content_text, day, read_name, when},
};
use anyhow::{Result, bail};
use meganet_chain_client::{At, Mega, Trust, account::format_account};
use meganet_client::names::{NameError, record};
use meganet_primitives::{
    AccountId, BlockNumber,
    chain::{NameInfo, NameRecordEntry, NameVersion, SubnameInfo},
    name::{NameParams, NameStatus, split_name},
};
use meganet_terminal::shown;
use serde_json::{Value, json};

/// Everything that the chain stores about a name.
struct Details {
    info: NameInfo,
    records: Vec<NameRecordEntry>,
    delegates: Vec<AccountId>,
    subnames: Vec<SubnameInfo>,
    versions: Vec<NameVersion>,
    params: NameParams,
    is_primary: bool,
}

/// `meganet name info NAME`
pub async fn info(session: &Session, name: &str) -> Result<()> {
    let name = read_name(name)?;
    let (sub, label) = split_name(&name)?;
    let chain = session.chain().await?;
    let at = chain.pin(At::Finalized).await?;
    let Some(info) = chain.name(label, at).await? else {
        return Err(NameError::NoSuchName { name: label.to_owned() }.into());
    };
    if let Some(sub) = sub {
        let all = chain.all_subnames(label, at).await?;
        let Some(found) = all.iter().find(|one| one.label == sub.as_bytes()) else {
            bail!("the name {name} does not exist: create it with `meganet publish DIR {name}`");
        };
        let mut value = subname_json(label, found);
        value["owner"] = json!(format_account(&info.owner));
        value["verified"] = json!({ "by": chain.trust().name() });
        return session.output.result(&value, |_| format!("{}\n{}", subname_text(label, found), basis(chain.trust())));
    }
    let details = Details {
        records: chain.name_records(label, at).await?,
        delegates: chain.name_delegates(label, at).await?,
        subnames: chain.all_subnames(label, at).await?,
        versions: chain.name_history(label, at).await?,
        params: chain.name_params(at).await?,
        is_primary: chain.reverse(&info.owner, at).await?.as_deref() == Some(label),
        info,
    };
    let now = now(chain.as_ref()).await?;
    let mut value = details.json();
    value["verified"] = json!({ "by": chain.trust().name() });
    session.output.result(&value, |_| format!("{}\n{}", details.text(now), basis(chain.trust())))
}

/// A line about how the answer is known.
fn basis(trust: Trust) -> &'static str {
    match trust {
        Trust::Light => "verified   by a light client",
        Trust::Rpc => {
            "verified   no: this is the node's word. `meganet resolve` checks content where a checkpoint is configured"
        }
    }
}

impl Details {
    fn json(&self) -> Value {
        let label = label(&self.info);
        let mut value = describe(&self.info);
        let records = self.records.iter().map(|entry| {
            json!({ "record": record::key_text(&entry.key), "value": record::value_text(&entry.key, &entry.value) })
        });
        value["records"] = records.collect();
        value["delegates"] = self.delegates.iter().map(format_account).collect();
        value["subnames"] = self.subnames.iter().map(|sub| subname_json(&label, sub)).collect();
        value["versions"] = self.versions.iter().map(|version| version.version).collect();
        value["reverse"] = json!(self.is_primary);
        value["grace_until"] = json!(self.info.expires.saturating_add(self.params.grace));
        value
    }

    fn text(&self, now: BlockNumber) -> String {
        let Self { info, .. } = self;
        let primary = if self.is_primary { ", whose primary name it is" } else { "" };
        let mut lines = vec![
            format!("name       {}", label(info)),
            format!("owner      {}{primary}", format_account(&info.owner)),
            format!("status     {}", self.status(now)),
            format!("content    {}", content_text(info.content.as_ref())),
            format!("version    {}, since block {} ({})", info.version, info.updated, when(now, info.updated)),
            format!(
                "registered in block {} ({}), with a deposit of {}",
                info.registered,
                when(now, info.registered),
                Mega(info.deposit)
            ),
        ];
        lines.extend(self.records.iter().map(|entry| {
            let (key, value) = (record::key_text(&entry.key), record::value_text(&entry.key, &entry.value));
            format!("record     {} = {}", shown(&key), shown(&value))
        }));
        lines.extend(self.delegates.iter().map(|who| format!("delegate   {}", format_account(who))));
        lines.extend(self.subnames.iter().map(|sub| format!("subname    {}", subname_text(&label(info), sub))));
        if self.versions.len() > 1 {
            let earlier: Vec<String> = self.versions.iter().skip(1).map(|one| one.version.to_string()).collect();
            lines.push(format!("earlier    versions {} (`meganet history {}`)", earlier.join(", "), label(info)));
        }
        lines.join("\n")
    }

    fn status(&self, now: BlockNumber) -> String {
        let expires = self.info.expires;
        let grace = expires.saturating_add(self.params.grace);
        let lapsed = grace.saturating_add(self.params.premium);
        match self.info.status {
            NameStatus::Active => format!("active: paid for until block {expires} ({})", when(now, expires)),
            NameStatus::Grace => format!(
                "grace: expired in block {expires}; renew it before block {grace} ({}), or it lapses",
                when(now, grace)
            ),
            NameStatus::Premium => format!(
                "lapsed in block {grace}: anyone can register it for a premium, which falls to zero by block {lapsed} ({})",
                when(now, lapsed)
            ),
            NameStatus::Lapsed => format!("lapsed in block {grace}: anyone can register it"),
        }
    }
}

/// `meganet name list`
pub async fn list(session: &Session, owner: Option<&str>) -> Result<()> {
    let owner: AccountId = session.account_id(owner)?;
    let chain = session.chain().await?;
    let names = chain.all_names_of(&owner, At::Finalized).await?;
    let now = now(chain.as_ref()).await?;
    let value: Vec<Value> = names.iter().map(describe).collect();
    session.output.result(&value, |_| {
        if names.is_empty() {
            return format!("{} owns no names", format_account(&owner));
        }
        let line = |info: &NameInfo| {
            let status = info.status.name();
            format!("{:<32} {status}, paid for until {}, version {}", label(info), day(now, info.expires), info.version)
        };
        names.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn label(info: &NameInfo) -> String {
    String::from_utf8_lossy(&info.label).into_owned()
}

/// A name as JSON.
fn describe(info: &NameInfo) -> Value {
    json!({
        "name": label(info),
        "owner": format_account(&info.owner),
        "status": info.status.name(),
        "expires": info.expires,
        "content": content_json(info.content.as_ref()),
        "version": info.version,
        "registered": info.registered,
        "updated": info.updated,
        "deposit": info.deposit.to_string(),
    })
}
