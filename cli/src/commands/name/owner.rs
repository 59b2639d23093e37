//! `meganet name transfer|release|delegate|reverse`: commands for owners.

use super::{Writer, report};
use crate::{
    args::{DelegateCommand, ReverseArgs},
    commands::Session,
    names::read_label,
};
use anyhow::Result;
use meganet_chain_client::{At, Call, Mega, NameCall, Until, account::format_account};
use meganet_client::names::access::WriteAccess;
use serde_json::json;

/// `meganet name transfer NAME TO`
pub async fn transfer(session: &Session, name: &str, to: &str) -> Result<()> {
    let label = read_label(name)?;
    let to = session.account_id(Some(to))?;
    let writer = Writer::new(session, &label).await?;
    writer.standing.owns()?;
    let call = Call::Name(NameCall::Transfer { label: label.clone(), to });
    let done = format!(
        "transferred {label} to {} with its content and text records; the former owner's addresses, key and delegates are removed",
        format_account(&to)
    );
    writer.change(session, call, &done).await
}

/// `meganet name release NAME`
pub async fn release(session: &Session, name: &str) -> Result<()> {
    let label = read_label(name)?;
    let writer = Writer::new(session, &label).await?;
    writer.standing.owns()?;
    let deposit = Mega(writer.standing.info.deposit);
    let call = Call::Name(NameCall::Release { label: label.clone() });
    writer.change(session, call, &format!("released {label} and refunded its deposit of {deposit}")).await
}

/// `meganet name delegate …`
pub async fn delegate(session: &Session, command: DelegateCommand) -> Result<()> {
    let (name, whom, allowed) = match command {
        DelegateCommand::List { name } => return delegates(session, &name).await,
        DelegateCommand::Add { name, whom } => (name, whom, true),
        DelegateCommand::Remove { name, whom } => (name, whom, false),
    };
    let label = read_label(&name)?;
    let delegate = session.account_id(Some(&whom))?;
    let writer = Writer::new(session, &label).await?;
    writer.standing.owns()?;
    let call = Call::Name(NameCall::SetDelegate { label: label.clone(), delegate, allowed });
    let who = format_account(&delegate);
    let done = if allowed {
        format!(
            "{who} may now publish under {label}, roll it back, set its records and add subnames; it cannot transfer or release the name, remove subnames or appoint delegates"
        )
    } else {
        format!("{who} is no longer a delegate of {label}")
    };
    writer.change(session, call, &done).await
}

async fn delegates(session: &Session, name: &str) -> Result<()> {
    let label = read_label(name)?;
    let chain = session.chain().await?;
    let standing = WriteAccess::find(chain.as_ref(), &label, &[0; 32], At::Best).await?;
    let delegates = chain.name_delegates(&label, At::Best).await?;
    let accounts: Vec<String> = delegates.iter().map(format_account).collect();
    let value = json!({ "name": label, "owner": format_account(&standing.info.owner), "delegates": accounts });
    session.output.result(&value, |_| {
        if accounts.is_empty() {
            return format!("{label} has no delegates: only its owner may write");
        }
        accounts.join("\n")
    })
}

/// `meganet name reverse`
pub async fn reverse(session: &Session, args: ReverseArgs) -> Result<()> {
    if args.set.is_none() && !args.clear {
        return primary_name(session, args.of.as_deref()).await;
    }
    let label = args.set.as_deref().map(read_label).transpose()?;
    let (chain, signer) = match &label {
        Some(label) => {
            let writer = Writer::new(session, label).await?;
            writer.standing.owns()?;
            (writer.chain, writer.signer)
        }
        None => (session.chain().await?, session.signer()?),
    };
    let call = Call::Name(NameCall::SetReverse { label: label.clone() });
    let outcome = chain.submit(&signer, vec![call], Until::Finalized).await?;
    let mut value = report(label.as_deref().unwrap_or_default(), &outcome);
    value["name"] = json!(label);
    value["account"] = json!(signer.address());
    session.output.result(&value, |_| match &label {
        Some(label) => format!("the primary name of {} is now {label}", signer.address()),
        None => format!("{} no longer has a primary name", signer.address()),
    })
}

async fn primary_name(session: &Session, of: Option<&str>) -> Result<()> {
    let account = session.account_id(of)?;
    let name = session.chain().await?.reverse(&account, At::Finalized).await?;
    let address = format_account(&account);
    session.output.result(&json!({ "account": address, "name": name }), |_| match &name {
        Some(name) => name.clone(),
        None => format!("{address} has no primary name; its owner can set one with `meganet name reverse --set NAME`"),
    })
}
