//! `meganet name commitments`: registrations under way, and the way out for those that nothing came of.

use super::now;
use crate::{
    args::CommitmentsArgs,
    commands::{Session, session::registrations_dir},
    names::when,
};
use anyhow::{Context, Result, bail};
use meganet_chain_client::{At, Call, Until};
use meganet_client::names::{Pending, PendingStore, secret::NameKey};
use meganet_primitives::{BlockNumber, chain::CommitmentInfo, hash::Hash, name::NameParams};
use serde_json::{Value, json};

/// A commitment on the chain, and the label that it is to, where that is known here.
struct Known {
    info: CommitmentInfo,
    label: Option<String>,
    usable: bool,
}

/// Shows them, and takes back those that were named.
pub async fn run(session: &Session, args: CommitmentsArgs) -> Result<()> {
    let signer = session.signer()?;
    let chain = session.chain().await?;
    let at = chain.pin(At::Best).await?;
    let params = chain.name_params(at).await?;
    let on_chain = chain.commitments(&signer.account(), at).await?;
    let key = NameKey::new(&signer, &chain.genesis());
    let store = PendingStore::open(&registrations_dir()?, &chain.genesis(), key)?;
    let pending = store.all()?;
    let now = now(chain.as_ref()).await?;
    let all: Vec<Known> = on_chain
        .into_iter()
        .map(|info| Known {
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
                return "no registrations are under way".to_owned();
            }
            all.iter().map(|one| one.text(now, &params)).collect::<Vec<_>>().join("\n")
        });
    }
    let calls = cancel.iter().map(|one| Call::CancelCommit { commitment: one.info.commitment }).collect();
    let outcome = chain.submit(&signer, calls, Until::Finalized).await?;
    for label in cancel.iter().filter_map(|one| one.label.as_ref()) {
        store.remove(label)?;
    }
    let hashes: Vec<String> = cancel.iter().map(|one| one.hash()).collect();
    let value = json!({ "cancelled": hashes, "block": outcome.block.number, "fee": outcome.fee.to_string() });
    session.output.result(&value, |_| format!("took back {}; their deposits are back", hashes.join(", ")))
}

fn label_of(pending: &[Pending], info: &CommitmentInfo, account: &[u8; 32]) -> Option<String> {
    let made = pending.iter().find(|pending| pending.commitment(account) == info.commitment);
    made.map(|pending| pending.label.clone())
}

/// Those that are to be taken back.
fn chosen<'a>(all: &'a [Known], args: &CommitmentsArgs) -> Result<Vec<&'a Known>> {
    let mut chosen: Vec<&Known> = Vec::new();
    for text in &args.cancel {
        let mut hash: Hash = [0; 32];
        hex::decode_to_slice(text.trim_start_matches("0x"), &mut hash)
            .with_context(|| format!("'{text}' is no commitment: give 0x and 64 hex digits, as they are listed"))?;
        match all.iter().find(|one| one.info.commitment == hash) {
            Some(found) => chosen.push(found),
            None => bail!("this account has no commitment {text}: `meganet name commitments` lists them"),
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

impl Known {
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
            (Some(label), _) => format!("to {label}: `meganet name register {label}` goes on"),
            (None, true) => {
                "to a name that is not known here: `meganet name register NAME` finds it by its name".to_owned()
            }
            (None, false) => "to a name that is not known here".to_owned(),
        };
        let until = self.info.block.saturating_add(params.max_commit_age);
        let age = if self.usable {
            format!("good until block {until} ({})", when(now, until))
        } else {
            "too old to be used, `--cancel-stale` takes it back".to_owned()
        };
        format!("{} {to}; made in block {}, {age}", self.hash(), self.info.block)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn commitments_are_chosen_by_hash_or_by_age() {
        let known =
            |n: u8, usable| Known { info: CommitmentInfo { commitment: [n; 32], block: 1 }, label: None, usable };
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
