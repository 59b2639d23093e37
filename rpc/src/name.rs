//! `name_v1`: resolving names, with proofs; ownership; prices.
//!
//! - this file: the methods;
//! - [`answers`]: the types of answers;
//! - [`reader`]: resolving without running the runtime;
//! - [`prover`]: proofs of resolution.

pub mod answers;
pub mod prover;
pub mod reader;

use crate::{
    RpcError,
    block::{locate, unreadable},
    error::excerpt,
    follow::{FinalBlocks, follow},
    json::{account, address, hex_bytes, page},
};
use answers::{
    Available, Change, Changes, History, NameEntry, NamePage, NameReport, Price, Proof, Record, ResolveAnswer,
    ResolveManyAnswer, Reverse, SubnameEntry, SubnamePage, Version, text,
};
use codec::Encode;
use jsonrpsee::{
    PendingSubscriptionSink,
    core::{SubscriptionResult, async_trait},
    proc_macros::rpc,
};
use meganet_name_proof::Checkpoint;
use meganet_primitives::{
    chain::Availability,
    convert::to_u32,
    name::{MAX_YEARS, check_label, check_sub_label, split_name},
};
use pallet_names_runtime_api::NamesApi;
use prover::{ProofSource, Prover};
use reader::Reader;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// Methods about names. Unless stated otherwise, a name is a label, `alice`, or a subname, `blog.alice`.
#[rpc(server)]
pub trait NameApi {
    /// Resolves a name at the last final block, or at block `at`. Null if it does not exist.
    #[method(name = "name_v1_resolve")]
    async fn resolve(&self, name: String, at: Option<H256>) -> Result<Option<ResolveAnswer>, RpcError>;

    /// Resolves up to 256 names, all at one block. No names are no error.
    #[method(name = "name_v1_resolveMany")]
    async fn resolve_many(&self, names: Vec<String>, at: Option<H256>) -> Result<ResolveManyAnswer, RpcError>;

    /// Returns a proof of a name's resolution, or of its absence, at the newest block for which the node has a
    /// justification, or at block `at` if its justification is kept. It includes the changes of the validator set since
    /// block `since`, the block of the caller's checkpoint.
    #[method(name = "name_v1_resolveProof", blocking)]
    fn resolve_proof(&self, name: String, at: Option<H256>, since: Option<u32>) -> Result<Proof, RpcError>;

    /// Returns the changes of the validator set since block `since`, for a checkpoint that is too old for
    /// `name_v1_resolveProof`.
    #[method(name = "name_v1_setChanges", blocking)]
    fn set_changes(&self, since: u32) -> Result<Changes, RpcError>;

    /// Returns a checkpoint at the newest block for which the node has a justification. A caller that uses it trusts
    /// the node this once.
    #[method(name = "name_v1_checkpoint", blocking)]
    fn checkpoint(&self) -> Result<Checkpoint, RpcError>;

    /// Sends the resolution of a name, and again whenever it differs at a block that becomes final. A slow client skips
    /// blocks.
    #[subscription(name = "name_v1_subscribe" => "name_v1_changed", unsubscribe = "name_v1_unsubscribe", item = Change)]
    async fn subscribe_name(&self, name: String) -> SubscriptionResult;

    /// Returns everything stored about a label; it may have lapsed. Null if it is not in the state.
    #[method(name = "name_v1_info", blocking)]
    fn info(&self, label: String) -> Result<Option<NameReport>, RpcError>;

    /// Returns the versions that a label can be rolled back to.
    #[method(name = "name_v1_history", blocking)]
    fn history(&self, label: String) -> Result<History, RpcError>;

    /// Returns whether a label can be registered by `owner`, or by an account without look-alikes of it.
    #[method(name = "name_v1_available", blocking)]
    fn available(&self, label: String, owner: Option<String>) -> Result<Available, RpcError>;

    /// Returns the cost of registering a label for `years` years, by default one.
    #[method(name = "name_v1_price", blocking)]
    fn price(&self, label: String, years: Option<u32>) -> Result<Price, RpcError>;

    /// Returns the name that stands for an account. Null unless the account owns it and it has not lapsed.
    #[method(name = "name_v1_reverse", blocking)]
    fn reverse(&self, owner: String) -> Result<Reverse, RpcError>;

    /// Returns the names of an account by the page: up to `limit` after the label `after`.
    #[method(name = "name_v1_list", blocking)]
    fn list(&self, owner: String, after: Option<String>, limit: Option<u32>) -> Result<NamePage, RpcError>;

    /// Returns the subnames of a label by the page: up to `limit` after the label `after`.
    #[method(name = "name_v1_subnames", blocking)]
    fn subnames(&self, label: String, after: Option<String>, limit: Option<u32>) -> Result<SubnamePage, RpcError>;
}

/// Implements [`NameApiServer`] with a node's client.
pub struct Name<Block, Client> {
    client: Arc<Client>,
    reader: Arc<Reader<Block, Client>>,
    prover: Prover,
    finals: FinalBlocks,
    block: PhantomData<Block>,
}

impl<Block, Client> Name<Block, Client> {
    /// Creates the family over this client, its database and its justifications. `finals` is the stream of final
    /// blocks.
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
    /// Resolves names at one block. Cached answers are returned at once; others are read on a blocking
    /// thread.
    async fn resolve_all(&self, names: Vec<String>, at: Option<H256>) -> Result<ResolveManyAnswer, RpcError> {
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
                tokio::task::spawn_blocking(read).await.map_err(|_| RpcError::stopping(hash))??
            }
        };
        let answer =
            |(name, found): (String, Option<_>)| found.map(|found| ResolveAnswer::new(name, found, block.clone()));
        let names = names.into_iter().zip(resolutions).map(answer).collect();
        Ok(ResolveManyAnswer { names, block })
    }

    /// Reads a name for its subscribers. Blocking.
    fn change(
        client: &Client,
        reader: &Reader<Block, Client>,
        name: &str,
        at: Option<H256>,
    ) -> Result<Change, RpcError> {
        check_name(name)?;
        let (hash, block) = locate(client, at)?;
        let found = reader.resolve(hash, block.number, name)?;
        let resolution = found.map(|found| ResolveAnswer::new(name.to_owned(), found, block.clone()));
        Ok(Change { name: name.to_owned(), resolution, block })
    }
}

#[async_trait]
impl<Block, Client> NameApiServer for Name<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    Client::Api: NamesApi<Block>,
{
    async fn resolve(&self, name: String, at: Option<H256>) -> Result<Option<ResolveAnswer>, RpcError> {
        Ok(self.resolve_all(vec![name], at).await?.names.pop().flatten())
    }

    async fn resolve_many(&self, names: Vec<String>, at: Option<H256>) -> Result<ResolveManyAnswer, RpcError> {
        // The bound of a page. No names have an answer too: a caller need not treat an empty list specially.
        page(Some(to_u32(names.len()).max(1)))?;
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
            changes: to_u32(proven.proof.changes.len()),
            keys: proven.keys.iter().map(hex_bytes).collect(),
            resolution: resolution.map(|found| ResolveAnswer::new(name.clone(), found, block.clone())),
            name,
            block,
        })
    }

    fn set_changes(&self, since: u32) -> Result<Changes, RpcError> {
        let found = self.prover.changes(since)?;
        Ok(Changes { changes: hex_bytes(found.encode()), count: to_u32(found.changes.len()), more: found.more })
    }

    fn checkpoint(&self) -> Result<Checkpoint, RpcError> {
        self.prover.checkpoint()
    }

    async fn subscribe_name(&self, pending: PendingSubscriptionSink, name: String) -> SubscriptionResult {
        let (client, reader) = (self.client.clone(), self.reader.clone());
        let read = move |at| Self::change(&client, &reader, &name, at);
        follow(pending, (self.finals)(), read, |last, now| !now.resolves_like(last)).await
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
        // The default account has no known key, so it owns nothing.
        let who = owner.as_deref().map(account).transpose()?.unwrap_or_default();
        let (hash, block) = locate(&*self.client, None)?;
        let api = self.client.runtime_api();
        let availability = match check(&label) {
            // Without the runtime, into which a label of megabytes would be copied.
            Err(_) => Availability::Invalid,
            Ok(()) => api.availability(hash, label.into_bytes(), who).map_err(unreadable(hash))?,
        };
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
    /// Returns true if both have the same resolution, regardless of the block.
    fn resolves_like(&self, other: &Self) -> bool {
        match (&self.resolution, &other.resolution) {
            (Some(one), Some(two)) => ResolveAnswer { block: two.block.clone(), ..one.clone() } == *two,
            (one, two) => one.is_none() && two.is_none(),
        }
    }
}

/// Returns the `after` of the next page, or `None` if this page was not full.
fn next<T>(items: &[T], limit: u32, label: impl Fn(&T) -> &String) -> Option<String> {
    let full = u32::try_from(items.len()).is_ok_and(|found| found >= limit);
    items.last().filter(|_| full).map(|last| label(last).clone())
}

fn invalid(label: &str, reason: String) -> RpcError {
    RpcError::InvalidLabel { label: excerpt(label), reason }
}

fn check(label: &str) -> Result<(), RpcError> {
    check_label(label.as_bytes()).map_err(|error| invalid(label, error.to_string()))
}

fn check_name(name: &str) -> Result<(), RpcError> {
    split_name(name).map(|_| ()).map_err(|error| invalid(name, error.to_string()))
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
