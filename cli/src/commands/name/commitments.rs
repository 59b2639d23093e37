//! `meganet name commitments`: lists unfinished registrations, and cancels them.

use super::now;
use crate::{
    args::CommitmentsArgs,
    commands::{Session, session::registrations_dir},
    names::when,
    output::note_passed_over,
};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{At, Call, NameCall, Until};
use meganet_client::names::{Pending, PendingStore, secret::NameKey};
use meganet_primitives::{BlockNumber, chain::CommitmentInfo, hash::Hash, name::NameParams};
use serde_json::{Value, json};

/// A commitment on the chain, with the name that it commits to, if this machine knows that.
struct Unfinished {
    info: CommitmentInfo,
    label: Option<String>,
    usable: bool,
}

/// Lists the account's commitments, or cancels the selected ones.
pub async fn run(session: &Session, args: CommitmentsArgs) -> Result<()> {
    let signer = session.signer()?;
    let chain = session.chain().await?;
    let at = chain.pin(At::Best).await?;
    let params = chain.name_params(at).await?;
    let on_chain = chain.commitments(&signer.account(), at).await?;
    let key = NameKey::new(&signer, &chain.genesis());
    let store = PendingStore::open(&registrations_dir()?, &chain.genesis(), key)?;
    let (pending, passed_over) = store.all()?;
    note_passed_over("the unfinished registrations", &passed_over);
    let now = now(chain.as_ref()).await?;
    let all: Vec<Unfinished> = on_chain
        .into_iter()
        .map(|info| Unfinished {
            label: label_of(&pending, &info, &signer.account()),
            usable: now.saturating_sub(info.block) < params.max_commit_age,
            info,
        })
        .collect();
    let cancel = chosen(&all, &args)?;
    if cancel.is_empty() {
        let value: Vec<Value> = all.iter().map(|one| one.json(&params)).collect();
        return session.output.result(&value, |_| {
            if all.is_empty() {
                return "there are no unfinished registrations".to_owned();
            }
            all.iter().map(|one| one.text(now, &params)).collect::<Vec<_>>().join("\n")
        });
    }
    let calls =
        cancel.iter().map(|one| Call::Name(NameCall::CancelCommit { commitment: one.info.commitment })).collect();
    let outcome = chain.submit(&signer, calls, Until::Finalized).await?;
    for label in cancel.iter().filter_map(|one| one.label.as_ref()) {
        store.remove(label)?;
    }
    let hashes: Vec<String> = cancel.iter().map(|one| one.hash()).collect();
    let value = json!({ "cancelled": hashes, "block": outcome.block.number, "fee": outcome.fee.to_string() });
    session.output.result(&value, |_| format!("cancelled {} and refunded the deposits", hashes.join(", ")))
}

fn label_of(pending: &[Pending], info: &CommitmentInfo, account: &[u8; 32]) -> Option<String> {
    let made = pending.iter().find(|pending| pending.commitment(account) == info.commitment);
    made.map(|pending| pending.label.clone())
}

/// The commitments to cancel.
fn chosen<'a>(all: &'a [Unfinished], args: &CommitmentsArgs) -> Result<Vec<&'a Unfinished>> {
    let mut chosen: Vec<&Unfinished> = Vec::new();
    for text in &args.cancel {
        let mut hash: Hash = [0; 32];
        hex::decode_to_slice(text.trim_start_matches("0x"), &mut hash)
            .with_context(|| format!("'{text}' is not a commitment hash: write 0x and 64 hex digits, as `meganet name commitments` lists them"))?;
        match all.iter().find(|one| one.info.commitment == hash) {
            Some(found) => chosen.push(found),
            None => bail!("this account has no commitment {text}: `meganet name commitments` lists those that it has"),
        }
    }
    if args.cancel_stale {
        let stale = all.iter().filter(|one| !one.usable);
        for one in stale {
            if !chosen.iter().any(|other| other.info.commitment == one.info.commitment) {
                chosen.push(one);
            }
        }
    }
    Ok(chosen)
}

impl Unfinished {
    fn hash(&self) -> String {
        format!("0x{}", hex::encode(self.info.commitment))
    }

    fn json(&self, params: &NameParams) -> Value {
        json!({
            "commitment": self.hash(),
            "block": self.info.block,
            "name": self.label,
            "usable": self.usable,
            "usable_until": self.info.block.saturating_add(params.max_commit_age),
        })
    }

    fn text(&self, now: BlockNumber, params: &NameParams) -> String {
        let to = match (&self.label, self.usable) {
            (Some(label), _) => format!("for {label}: `meganet name register {label}` continues"),
            (None, true) => {
                "for a name that this machine does not know: `meganet name register NAME` continues".to_owned()
            }
            (None, false) => "for a name that this machine does not know".to_owned(),
        };
        let until = self.info.block.saturating_add(params.max_commit_age);
        let age = if self.usable {
            format!("valid until block {until} ({})", when(now, until))
        } else {
            "expired: `meganet name commitments --cancel-stale` refunds its deposit".to_owned()
        };
        format!("{} {to}; created in block {}, {age}", self.hash(), self.info.block)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn commitments_are_chosen_by_hash_or_by_age() {
        let known =
            |n: u8, usable| Unfinished { info: CommitmentInfo { commitment: [n; 32], block: 1 }, label: None, usable };
        let all = [known(1, true), known(2, false), known(3, false)];
        let args = |cancel: Vec<String>, cancel_stale| CommitmentsArgs { cancel, cancel_stale };
        let of = |args: &CommitmentsArgs| -> Vec<u8> {
            chosen(&all, args).unwrap().iter().map(|one| one.info.commitment[0]).collect()
        };
        assert_eq!(of(&args(vec![], false)), [0; 0]);
        assert_eq!(of(&args(vec![], true)), [2, 3]);
        assert_eq!(of(&args(vec![format!("0x{}", "01".repeat(32)), "02".repeat(32)], true)), [1, 2, 3]);
        assert!(chosen(&all, &args(vec!["0x12".into()], false)).is_err());
        assert!(chosen(&all, &args(vec!["09".repeat(32)], false)).is_err());
    }
}
