//! `name_v1`: what names lead to, with proofs; who owns which; what they cost.
//!
//! - this file: the methods;
//! - [`answers`]: what they answer;
//! - [`reader`]: resolving fast;
//! - [`prover`]: proofs of resolution.

pub mod answers;
pub mod prover;
pub mod reader;

use crate::{
    RpcError,
    audit::FinalBlocks,
    block::{locate, unreadable},
    json::{account, address, hex_bytes, page},
};
use answers::{
    Available, Change, Changes, History, ManyResolved, NameEntry, NamePage, NameReport, Price, Proof, Record, Resolved,
    Reverse, SubnameEntry, SubnamePage, Version, text,
};
use codec::Encode;
use futures::StreamExt;
use jsonrpsee::{
    PendingSubscriptionSink, SubscriptionMessage,
    core::{SubscriptionResult, async_trait},
    proc_macros::rpc,
    types::ErrorObjectOwned,
};
use meganet_name_proof::Checkpoint;
use meganet_primitives::name::{MAX_YEARS, check_label, check_sub_label, split_name};
use pallet_names_runtime_api::NamesApi;
use prover::{ProofSource, Prover};
use reader::Reader;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// Questions about names. Where nothing else is said, a name is a label, `alice`, or a label below one, `blog.alice`.
#[rpc(server)]
pub trait NameApi {
    /// What a name leads to, or null where there is no such name. Read at the last final block, or at the block `at`.
    #[method(name = "name_v1_resolve")]
    async fn resolve(&self, name: String, at: Option<H256>) -> Result<Option<Resolved>, RpcError>;

    /// What up to 256 names lead to, all in one block.
    #[method(name = "name_v1_resolveMany")]
    async fn resolve_many(&self, names: Vec<String>, at: Option<H256>) -> Result<ManyResolved, RpcError>;

    /// A proof of what a name leads to, or that there is no such name, in the newest block for which the node has seen the
    /// votes, or in the block `at`, if its votes are kept; with the changes of validators since block `since`, which is
    /// that of the caller's checkpoint.
    #[method(name = "name_v1_resolveProof", blocking)]
    fn resolve_proof(&self, name: String, at: Option<H256>, since: Option<u32>) -> Result<Proof, RpcError>;

    /// The changes of validators since block `since`, for a checkpoint that is too old for `name_v1_resolveProof`.
    #[method(name = "name_v1_setChanges", blocking)]
    fn set_changes(&self, since: u32) -> Result<Changes, RpcError>;

    /// A checkpoint at the newest block for which the node has seen the votes. Who takes it believes the node once.
    #[method(name = "name_v1_checkpoint", blocking)]
    fn checkpoint(&self) -> Result<Checkpoint, RpcError>;

    /// What a name leads to, and again whenever that is something else in a block that becomes final. A client that does
    /// not keep up skips blocks.
    #[subscription(name = "name_v1_subscribe" => "name_v1_changed", unsubscribe = "name_v1_unsubscribe", item = Change)]
    async fn subscribe_name(&self, name: String) -> SubscriptionResult;

    /// All that the chain says of a label, or null where nobody has registered it. It may have lapsed.
    #[method(name = "name_v1_info", blocking)]
    fn info(&self, label: String) -> Result<Option<NameReport>, RpcError>;

    /// The versions that a label can be rolled back to.
    #[method(name = "name_v1_history", blocking)]
    fn history(&self, label: String) -> Result<History, RpcError>;

    /// Whether a label can be registered, by `owner` or by somebody who owns nothing that looks like it.
    #[method(name = "name_v1_available", blocking)]
    fn available(&self, label: String, owner: Option<String>) -> Result<Available, RpcError>;

    /// What registering a label costs for `years` years, one where nothing is said.
    #[method(name = "name_v1_price", blocking)]
    fn price(&self, label: String, years: Option<u32>) -> Result<Price, RpcError>;

    /// The name that an account goes by. The account owns it, and it works: else it is null.
    #[method(name = "name_v1_reverse", blocking)]
    fn reverse(&self, owner: String) -> Result<Reverse, RpcError>;

    /// The names that an account owns, a page at a time: up to `limit` after the label `after`.
    #[method(name = "name_v1_list", blocking)]
    fn list(&self, owner: String, after: Option<String>, limit: Option<u32>) -> Result<NamePage, RpcError>;

    /// The names below a label, a page at a time: up to `limit` after the label `after`.
    #[method(name = "name_v1_subnames", blocking)]
    fn subnames(&self, label: String, after: Option<String>, limit: Option<u32>) -> Result<SubnamePage, RpcError>;
}

/// Answers [`NameApi`] from what a node has.
pub struct Name<Block, Client> {
    client: Arc<Client>,
    reader: Arc<Reader<Block, Client>>,
    prover: Prover,
    finals: FinalBlocks,
    block: PhantomData<Block>,
}

impl<Block, Client> Name<Block, Client> {
    /// Over this client, its database and its votes; blocks become final as `finals` tells.
    pub fn new<Source>(client: Arc<Client>, source: Arc<Source>, finals: FinalBlocks) -> Self
    where
        Source: ProofSource,
    {
        let reader = Arc::new(Reader::new(client.clone(), source.clone()));
        Self { client, reader, prover: Prover::new(source), finals, block: PhantomData }
    }
}

impl<Block, Client> Name<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    Client::Api: NamesApi<Block>,
{
    /// What names, which are some, lead to in one block. What was answered before is answered at once; the rest is read
    /// where reading may take its time.
    async fn resolve_all(&self, names: Vec<String>, at: Option<H256>) -> Result<ManyResolved, RpcError> {
        for name in &names {
            check_name(name)?;
        }
        let (hash, block) = locate(&*self.client, at)?;
        let known: Option<Vec<_>> = names.iter().map(|name| self.reader.known(hash, name)).collect();
        let (names, resolutions) = match known {
            Some(known) => (names, known),
            None => {
                let (reader, number) = (self.reader.clone(), block.number);
                let read = move || {
                    let found: Result<Vec<_>, RpcError> =
                        names.iter().map(|name| reader.resolve(hash, number, name)).collect();
                    found.map(|found| (names, found))
                };
                let stopped = |_| RpcError::Node { hash: hex_bytes(hash), reason: "the node is stopping".into() };
                tokio::task::spawn_blocking(read).await.map_err(stopped)??
            }
        };
        let answer = |(name, found): (String, Option<_>)| found.map(|found| Resolved::new(name, found, block.clone()));
        let names = names.into_iter().zip(resolutions).map(answer).collect();
        Ok(ManyResolved { names, block })
    }

    async fn change(&self, name: String, at: Option<H256>) -> Result<Change, RpcError> {
        let ManyResolved { mut names, block } = self.resolve_all(vec![name.clone()], at).await?;
        Ok(Change { name, resolution: names.pop().flatten(), block })
    }
}

#[async_trait]
impl<Block, Client> NameApiServer for Name<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    Client::Api: NamesApi<Block>,
{
    async fn resolve(&self, name: String, at: Option<H256>) -> Result<Option<Resolved>, RpcError> {
        Ok(self.change(name, at).await?.resolution)
    }

    async fn resolve_many(&self, names: Vec<String>, at: Option<H256>) -> Result<ManyResolved, RpcError> {
        // The bounds of a page.
        page(Some(u32::try_from(names.len()).unwrap_or(u32::MAX)))?;
        self.resolve_all(names, at).await
    }

    fn resolve_proof(&self, name: String, at: Option<H256>, since: Option<u32>) -> Result<Proof, RpcError> {
        let proven = self.prover.prove(&name, at, since)?;
        let (hash, block) = (proven.justification.commit.target_hash, proven.block);
        let resolution = self.reader.resolve(hash, block.number, &name)?;
        Ok(Proof {
            proof: hex_bytes(&proven.bytes),
            header: hex_bytes(proven.proof.block.header.encode()),
            justification: hex_bytes(proven.justification.encode()),
            set_id: proven.proof.block.set_id,
            changes: u32::try_from(proven.proof.changes.len()).unwrap_or(u32::MAX),
            keys: proven.keys.iter().map(hex_bytes).collect(),
            resolution: resolution.map(|found| Resolved::new(name.clone(), found, block.clone())),
            name,
            block,
        })
    }

    fn set_changes(&self, since: u32) -> Result<Changes, RpcError> {
        let found = self.prover.changes(since)?;
        Ok(Changes {
            changes: hex_bytes(found.encode()),
            count: u32::try_from(found.changes.len()).unwrap_or(u32::MAX),
            more: found.more,
        })
    }

    fn checkpoint(&self) -> Result<Checkpoint, RpcError> {
        self.prover.checkpoint()
    }

    async fn subscribe_name(&self, pending: PendingSubscriptionSink, name: String) -> SubscriptionResult {
        // The stream begins before the first answer, so that no block is lost between them.
        let mut finals = (self.finals)();
        let mut last = match self.change(name.clone(), None).await {
            Ok(first) => first,
            Err(error) => {
                pending.reject(ErrorObjectOwned::from(error)).await;
                return Ok(());
            }
        };
        let sink = pending.accept().await?;
        sink.send(SubscriptionMessage::from_json(&last)?).await?;
        loop {
            let hash = tokio::select! {
                () = sink.closed() => return Ok(()),
                hash = finals.next() => hash,
            };
            let Some(hash) = hash else { return Ok(()) };
            // A block whose state is gone already is skipped.
            let Ok(now) = self.change(name.clone(), Some(hash)).await else { continue };
            if !now.says_the_same_as(&last) {
                sink.send(SubscriptionMessage::from_json(&now)?).await?;
                last = now;
            }
        }
    }

    fn info(&self, label: String) -> Result<Option<NameReport>, RpcError> {
        check(&label)?;
        let (hash, block) = locate(&*self.client, None)?;
        let api = self.client.runtime_api();
        let label = label.into_bytes();
        let Some(info) = api.name(hash, label.clone()).map_err(unreadable(hash))? else { return Ok(None) };
        let records = api.records(hash, label.clone()).map_err(unreadable(hash))?;
        let delegates = api.delegates(hash, label).map_err(unreadable(hash))?;
        Ok(Some(NameReport {
            name: NameEntry::from(info),
            records: records.into_iter().map(Record::from).collect(),
            delegates: delegates.iter().map(address).collect(),
            block,
        }))
    }

    fn history(&self, label: String) -> Result<History, RpcError> {
        check(&label)?;
        let (hash, block) = locate(&*self.client, None)?;
        let versions = self.client.runtime_api().history(hash, label.into_bytes()).map_err(unreadable(hash))?;
        Ok(History { versions: versions.into_iter().map(Version::from).collect(), block })
    }

    fn available(&self, label: String, owner: Option<String>) -> Result<Available, RpcError> {
        // Nobody has the key of this account, so it owns nothing.
        let who = owner.as_deref().map(account).transpose()?.unwrap_or_default();
        let (hash, block) = locate(&*self.client, None)?;
        let api = self.client.runtime_api();
        let availability = api.availability(hash, label.into_bytes(), who).map_err(unreadable(hash))?;
        Ok(Available { availability, block })
    }

    fn price(&self, label: String, years: Option<u32>) -> Result<Price, RpcError> {
        check(&label)?;
        let years = years.unwrap_or(1);
        if !(1..=MAX_YEARS).contains(&years) {
            return Err(RpcError::InvalidYears { years, max: MAX_YEARS });
        }
        let (hash, block) = locate(&*self.client, None)?;
        let quote = self.client.runtime_api().quote(hash, label.into_bytes(), years).map_err(unreadable(hash))?;
        Ok(Price::new(quote, block))
    }

    fn reverse(&self, owner: String) -> Result<Reverse, RpcError> {
        let owner = account(&owner)?;
        let (hash, block) = locate(&*self.client, None)?;
        let name = self.client.runtime_api().reverse(hash, owner).map_err(unreadable(hash))?;
        Ok(Reverse { name: name.as_deref().map(text), block })
    }

    fn list(&self, owner: String, after: Option<String>, limit: Option<u32>) -> Result<NamePage, RpcError> {
        let owner = account(&owner)?;
        let limit = page(limit)?;
        if let Some(after) = &after {
            check(after)?;
        }
        let (hash, block) = locate(&*self.client, None)?;
        let api = self.client.runtime_api();
        let found = api.names_of(hash, owner, after.map(String::into_bytes), limit).map_err(unreadable(hash))?;
        let names: Vec<NameEntry> = found.into_iter().map(NameEntry::from).collect();
        let next = next(&names, limit, |name| &name.label);
        Ok(NamePage { names, next, block })
    }

    fn subnames(&self, label: String, after: Option<String>, limit: Option<u32>) -> Result<SubnamePage, RpcError> {
        check(&label)?;
        let limit = page(limit)?;
        if let Some(after) = &after {
            check_sub_label(after.as_bytes()).map_err(|error| invalid(after, error.to_string()))?;
        }
        let (hash, block) = locate(&*self.client, None)?;
        let (label, after) = (label.into_bytes(), after.map(String::into_bytes));
        let found = self.client.runtime_api().subnames(hash, label, after, limit).map_err(unreadable(hash))?;
        let names: Vec<SubnameEntry> = found.into_iter().map(SubnameEntry::from).collect();
        let next = next(&names, limit, |name| &name.label);
        Ok(SubnamePage { names, next, block })
    }
}

impl Change {
    /// Whether both say the same of the name, whatever block they are from.
    fn says_the_same_as(&self, other: &Self) -> bool {
        match (&self.resolution, &other.resolution) {
            (Some(one), Some(two)) => Resolved { block: two.block.clone(), ..one.clone() } == *two,
            (one, two) => one.is_none() && two.is_none(),
        }
    }
}

/// What to give as `after` for the next page: nothing where this one was not full.
fn next<T>(items: &[T], limit: u32, label: impl Fn(&T) -> &String) -> Option<String> {
    let full = u32::try_from(items.len()).is_ok_and(|found| found >= limit);
    items.last().filter(|_| full).map(|last| label(last).clone())
}

fn invalid(label: &str, reason: String) -> RpcError {
    RpcError::InvalidLabel { label: label.to_owned(), reason }
}

fn check(label: &str) -> Result<(), RpcError> {
    check_label(label.as_bytes()).map_err(|error| invalid(label, error.to_string()))
}

fn check_name(name: &str) -> Result<(), RpcError> {
    split_name(name).map(|_| ()).map_err(|error| invalid(name, error.to_string()))
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
