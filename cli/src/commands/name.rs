//! `meganet name …` and `meganet resolve`.

use super::Session;
use crate::args::NameCommand;
use anyhow::{bail, ensure, Context, Result};
use meganet_chain::{account::format_account, amount::Mega, At, Call, ChainClient, Until};
use meganet_primitives::{
    chain::{Availability, NameInfo},
    content::ContentRef,
    link::Link,
    name::check_label,
    AccountId,
};
use serde_json::{json, Value};

/// Does a `name` command.
pub async fn run(session: &Session, command: NameCommand) -> Result<()> {
    match command {
        NameCommand::Register { name } => register(session, &name).await,
        NameCommand::Set { name, link } => set(session, &name, &link).await,
        NameCommand::Info { name } => info(session, &name).await,
        NameCommand::List { owner } => list(session, owner.as_deref()).await,
        NameCommand::Transfer { name, to } => {
            let to = session.account_id(Some(&to))?;
            let call = Call::TransferName { label: name.clone(), to };
            change(session, &name, call, &format!("gave {name} to {}", format_account(&to))).await
        }
        NameCommand::Release { name } => {
            let call = Call::ReleaseName { label: name.clone() };
            change(session, &name, call, &format!("released {name}; its deposit is back")).await
        }
    }
}

async fn register(session: &Session, name: &str) -> Result<()> {
    check(name)?;
    let signer = session.signer()?;
    let chain = session.chain().await?;
    match chain.availability(name, &signer.account(), At::Best).await? {
        Availability::Free => {}
        Availability::Taken => {
            let owner = chain.name(name, At::Best).await?.map(|info| format_account(&info.owner)).unwrap_or_default();
            bail!("the name '{name}' is taken: {owner} owns it. Choose another");
        }
        Availability::Invalid => bail!("the chain does not allow the name '{name}'"),
        Availability::LooksLikeAnother => {
            bail!("'{name}' looks like a name that somebody else owns, so it cannot be registered. Choose another")
        }
    }
    let deposit = chain.name_deposit().await?;
    let outcome = chain.submit(&signer, vec![Call::RegisterName { label: name.into() }], Until::Finalized).await?;
    let value = json!({ "name": name, "owner": signer.address(), "deposit": deposit.to_string(), "block": outcome.block.number });
    session.output.result(&value, |_| format!("registered {name} for {} (deposit {})", signer.address(), Mega(deposit)))
}

async fn set(session: &Session, name: &str, link: &str) -> Result<()> {
    let content = match link {
        "none" => None,
        link => match link.parse::<Link>()? {
            Link::Object { object, group, sealed_len, key: Some(key) } => {
                Some(ContentRef { object, group, sealed_len, key: Some(key) })
            }
            Link::Object { key: None, .. } => {
                bail!("this link has no key after '#', so readers of the name could not open it")
            }
            Link::Name { .. } => bail!("a name points at content: give a link that `meganet put` printed"),
        },
    };
    let what = if content.is_some() {
        "points at what the link opens; its key is public now"
    } else {
        "points at nothing now"
    };
    change(session, name, Call::SetContent { label: name.into(), content }, &format!("{name} {what}")).await
}

/// Submits a change of a name that the signer must own.
async fn change(session: &Session, name: &str, call: Call, done: &str) -> Result<()> {
    let signer = session.signer()?;
    let chain = session.chain().await?;
    let info = find(chain.as_ref(), name).await?;
    ensure!(info.owner == signer.account(), "you do not own '{name}': {} does", format_account(&info.owner));
    let outcome = chain.submit(&signer, vec![call], Until::Finalized).await?;
    session.output.result(&json!({ "name": name, "block": outcome.block.number }), |_| done.to_string())
}

async fn info(session: &Session, name: &str) -> Result<()> {
    check(name)?;
    let chain = session.chain().await?;
    let info = find(chain.as_ref(), name).await?;
    session.output.result(&describe(&info), |_| {
        let content = match &info.content {
            Some(content) => format!("object {} in group {} ({} sealed bytes)", content.object, content.group, content.sealed_len),
            None => "nothing".into(),
        };
        format!(
            "name      {name}\nowner     {}\ncontent   {content}\nversion   {}\nregistered in block {}, changed in block {}\ndeposit   {}",
            format_account(&info.owner), info.version, info.registered, info.updated, Mega(info.deposit),
        )
    })
}

async fn list(session: &Session, owner: Option<&str>) -> Result<()> {
    let owner: AccountId = session.account_id(owner)?;
    let names = session.chain().await?.all_names_of(&owner, At::Finalized).await?;
    let value: Vec<Value> = names.iter().map(describe).collect();
    session.output.result(&value, |_| {
        if names.is_empty() {
            return format!("{} owns no names", format_account(&owner));
        }
        let line = |info: &NameInfo| format!("{:<32} version {}", label(info), info.version);
        names.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// `meganet resolve`
pub async fn resolve(session: &Session, name: &str) -> Result<()> {
    check(name)?;
    let chain = session.chain().await?;
    let block = chain.finalized().await?;
    let info = chain.name(name, At::Block(block.hash)).await?.with_context(|| unknown(name))?;
    let mut value = describe(&info);
    value["block"] =
        json!({ "number": block.number, "hash": format!("0x{}", hex::encode(block.hash)), "finalized": true });
    session.output.result(&value, |_| match &info.content {
        Some(content) => format!(
            "{name} -> object {} in group {}, version {}, at finalized block {}",
            content.object, content.group, info.version, block.number
        ),
        None => format!("{name} is registered, but points at nothing yet"),
    })
}

fn check(name: &str) -> Result<()> {
    check_label(name.as_bytes()).with_context(|| format!("'{name}' is not a valid name"))
}

fn unknown(name: &str) -> String {
    format!("nobody has registered the name '{name}'. Register it with `meganet name register {name}`")
}

async fn find(chain: &dyn ChainClient, name: &str) -> Result<NameInfo> {
    chain.name(name, At::Finalized).await?.with_context(|| unknown(name))
}

fn label(info: &NameInfo) -> String {
    String::from_utf8_lossy(&info.label).into_owned()
}

fn describe(info: &NameInfo) -> Value {
    let content = info.content.as_ref().map(|content| {
        json!({ "object": content.object.to_string(), "group": content.group, "sealed_len": content.sealed_len, "public": content.key.is_some() })
    });
    json!({
        "name": label(info),
        "owner": format_account(&info.owner),
        "content": content,
        "version": info.version,
        "registered": info.registered,
        "updated": info.updated,
        "deposit": info.deposit.to_string(),
    })
}
