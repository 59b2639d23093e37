//! The batches that a site's objects are registered in, and until when they are kept.
//!
//! The members of an object's group know its batch. They need not be believed: leaves are checked against the peaks on the chain,
//! and batches against their leaves. They can withhold the latest registration, so several members are asked.

use crate::{client::Client, error::SiteError, site::Site};
use backon::{ConstantBuilder, Retryable};
use meganet_chain_client::{At, ChainError};
use meganet_net::{GetClient, LeafPlace, NetError, RangeQuery, wire::get::MAX_HAVE};
use meganet_primitives::{
    Epoch, GroupId,
    chain::{AutoRenewalInfo, AutoRenewalState, GroupInfo, RangeInfo},
    content::ContentRef,
    convert::to_usize,
    hash::Hash,
    object::ObjectId,
    range::{RangeLeaf, RangeLeafProof, RangeState, prove_leaf},
    sum_tree::{BatchEntry, summarize},
};
use meganet_transfer::FetchError;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet, btree_map::Entry},
    time::Duration,
};

/// The number of members that are asked where objects are registered.
const ASKED: usize = 3;

/// The most leaves of a range that are read, as workers do. Their number is the node's word.
const MAX_LEAVES: u64 = 1 << 20;

/// Why the batches of a site could not be found.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The site could not be opened.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// No member sent the leaves of a range of its group.
    #[error(
        "no worker of group {group} could list the batches that expire in epoch {expiry}: try again when more workers are reachable"
    )]
    RangeUnknown {
        /// The group.
        group: GroupId,
        /// The epoch at whose beginning the batches of the range expire.
        expiry: Epoch,
    },
    /// A range has too many leaves to be read.
    #[error(
        "group {group} has {leaves} batches that expire in epoch {expiry}, and at most {MAX_LEAVES} are read: ask another node"
    )]
    RangeTooLong {
        /// The group.
        group: GroupId,
        /// The epoch at whose beginning the batches of the range expire.
        expiry: Epoch,
        /// Their number, by the node.
        leaves: u64,
    },
    /// No member reported where objects are registered.
    #[error(
        "no worker of group {group} could report where objects are registered: try again when more workers are reachable"
    )]
    GroupUnknown {
        /// The group.
        group: GroupId,
    },
    /// An object is in no batch that has not expired.
    #[error("object {object} is not registered any more: publish it again")]
    Expired {
        /// The object.
        object: ObjectId,
    },
}

/// A batch that holds objects of a site, with its place on the chain.
#[derive(Clone, Debug)]
pub struct StoredBatch {
    /// The group.
    pub group: GroupId,
    /// Slots of the group.
    pub slots: u8,
    /// The epoch at whose beginning it expires.
    pub expiry: Epoch,
    /// The index of its leaf in the range of that expiry.
    pub index: u64,
    /// Its leaf.
    pub leaf: RangeLeaf,
    /// The proof that the leaf is in the range.
    pub leaf_proof: RangeLeafProof,
    /// The objects of the site that it holds.
    pub objects: Vec<ObjectId>,
}

/// The batches that were found, and the objects that no member reported.
struct Incomplete(Vec<StoredBatch>, BTreeSet<ObjectId>);

/// Workers learn of a new registration some moments after the node: they are asked again for about ten seconds.
fn patience() -> ConstantBuilder {
    ConstantBuilder::default().with_delay(Duration::from_secs(1)).with_max_times(10)
}

impl Client {
    /// Finds the batches that hold a site's objects: for each object, the one that expires last.
    ///
    /// # Errors
    /// [`BatchError`] if the chain or all members of a group are unreachable, or an object has expired.
    pub async fn stored_batches(&self, site: &Site, at: At) -> Result<Vec<StoredBatch>, BatchError> {
        let (found, left) = self.located(site, at).await?;
        match left.into_iter().next() {
            Some(object) => Err(BatchError::Expired { object }),
            None => Ok(found),
        }
    }

    /// Raises the expiry of batches that are registered until epoch `until` or later. Workers learn of a registration some moments after
    /// the node, and until then report an older one of the same batch: to pay on their word would be to pay twice.
    ///
    /// # Errors
    /// [`BatchError`] if the chain or all members of a group are unreachable.
    pub async fn look_for_renewals(&self, batches: &mut [StoredBatch], until: Epoch, at: At) -> Result<(), BatchError> {
        let at = self.chain().pin(at).await?;
        let groups: BTreeSet<GroupId> =
            batches.iter().filter(|batch| batch.expiry < until).map(|batch| batch.group).collect();
        for id in groups {
            let group =
                self.chain().group(id, at).await?.ok_or(SiteError::Fetch(FetchError::NoSuchGroup { group: id }))?;
            for range in self.chain().ranges(id, at).await?.into_iter().filter(|range| range.expiry >= until) {
                let leaves = self.leaves(&group, &range).await?;
                let roots: HashSet<Hash> = leaves.iter().map(|leaf| leaf.batch.root).collect();
                let renewed = |batch: &&mut StoredBatch| batch.group == id && roots.contains(&batch.leaf.batch.root);
                for batch in batches.iter_mut().filter(renewed) {
                    batch.expiry = batch.expiry.max(range.expiry);
                }
            }
        }
        Ok(())
    }

    /// Returns the epoch at whose beginning each of a site's objects expires, counting the next automatic renewal if it is prepaid; 0
    /// for an object that is no longer registered.
    ///
    /// # Errors
    /// [`BatchError`] if the chain or all members of a group are unreachable.
    pub(crate) async fn kept_until(&self, site: &Site, at: At) -> Result<BTreeMap<ObjectId, Epoch>, BatchError> {
        let at = self.chain().pin(at).await?;
        let (found, left) = self.located(site, at).await?;
        let orders = self.orders_in(site, at).await?;
        let mut kept: BTreeMap<ObjectId, Epoch> = left.into_iter().map(|object| (object, 0)).collect();
        for batch in found {
            let orders = orders.iter().filter(|order| batch.is_renewed_by(order));
            let until = orders.map(|order| order.expiry.saturating_add(order.epochs)).fold(batch.expiry, Epoch::max);
            kept.extend(batch.objects.into_iter().map(|object| (object, until)));
        }
        Ok(kept)
    }

    /// All automatic renewals in the groups that a site is in, including those for other content.
    pub(crate) async fn orders_in(&self, site: &Site, at: At) -> Result<Vec<AutoRenewalInfo>, BatchError> {
        let mut orders = Vec::new();
        for group in site.groups() {
            for range in self.chain().ranges(group, at).await? {
                orders.extend(self.chain().all_auto_renewals_in(group, range.expiry, at).await?);
            }
        }
        Ok(orders)
    }

    /// Finds the batches that hold a site's objects, and the objects that are in no batch.
    async fn located(&self, site: &Site, at: At) -> Result<(Vec<StoredBatch>, BTreeSet<ObjectId>), BatchError> {
        self.locate(site.objects(), at).await
    }

    /// Finds the batches that hold some objects, and the objects that are in no batch.
    pub(crate) async fn locate(
        &self,
        objects: impl IntoIterator<Item = &ContentRef>,
        at: At,
    ) -> Result<(Vec<StoredBatch>, BTreeSet<ObjectId>), BatchError> {
        let at = self.chain().pin(at).await?;
        let mut wanted: BTreeMap<GroupId, BTreeSet<ObjectId>> = BTreeMap::new();
        for content in objects {
            wanted.entry(content.group).or_default().insert(content.object);
        }
        let (mut found, mut missing) = (Vec::new(), BTreeSet::new());
        for (id, objects) in wanted {
            let group =
                self.chain().group(id, at).await?.ok_or(SiteError::Fetch(FetchError::NoSuchGroup { group: id }))?;
            let ranges = self.chain().ranges(id, at).await?;
            let ranges = ranges.into_iter().map(|range| (range.expiry, range)).collect();
            // An object in no batch may have been registered a moment ago.
            let ask = || async {
                match self.locate_in(&group, &ranges, objects.clone()).await {
                    Ok((found, left)) if left.is_empty() => Ok(Ok(found)),
                    Ok((found, left)) => Err(Incomplete(found, left)),
                    Err(error) => Ok(Err(error)),
                }
            };
            match ask.retry(patience()).await {
                Ok(all) => found.extend(all?),
                Err(Incomplete(some, left)) => {
                    found.extend(some);
                    missing.extend(left);
                }
            }
        }
        Ok((found, missing))
    }

    async fn locate_in(
        &self,
        group: &GroupInfo,
        ranges: &BTreeMap<Epoch, RangeInfo>,
        mut left: BTreeSet<ObjectId>,
    ) -> Result<(Vec<StoredBatch>, BTreeSet<ObjectId>), BatchError> {
        let (id, slots) = (group.id, group.profile.profile().n);
        let mut known: BTreeMap<Epoch, Vec<RangeLeaf>> = BTreeMap::new();
        let mut found = Vec::new();
        // The latest first: what it holds needs no older batch.
        for LeafPlace { expiry, index } in self.places(group, &left).await?.into_iter().rev() {
            let Some(range) = ranges.get(&expiry).filter(|_| !left.is_empty()) else { continue };
            let leaves = match known.entry(expiry) {
                Entry::Occupied(leaves) => leaves.into_mut(),
                Entry::Vacant(place) => place.insert(self.leaves(group, range).await?),
            };
            let Some(leaf) = usize::try_from(index).ok().and_then(|index| leaves.get(index)) else { continue };
            let Some(entries) = self.entries(group, leaf).await else { continue };
            let objects: Vec<_> = entries.iter().map(|entry| entry.object).filter(|it| left.remove(it)).collect();
            if !objects.is_empty() {
                let leaf_proof =
                    prove_leaf(leaves, index).map_err(|_| BatchError::RangeUnknown { group: id, expiry })?;
                found.push(StoredBatch { group: id, slots, expiry, index, leaf: *leaf, leaf_proof, objects });
            }
        }
        Ok((found, left))
    }

    /// The places that members report for objects, in order.
    async fn places(&self, group: &GroupInfo, objects: &BTreeSet<ObjectId>) -> Result<BTreeSet<LeafPlace>, BatchError> {
        let objects: Vec<ObjectId> = objects.iter().copied().collect();
        let (mut places, mut answered) = (BTreeSet::new(), 0);
        for client in self.members(group) {
            if let Ok(more) = places_by(&client, group.id, &objects).await {
                places.extend(more);
                answered += 1;
            }
            if answered == ASKED {
                break;
            }
        }
        if answered == 0 {
            return Err(BatchError::GroupUnknown { group: group.id });
        }
        Ok(places)
    }

    /// All leaves of a range, as reported by a member and checked against the peaks on the chain.
    async fn leaves(&self, group: &GroupInfo, range: &RangeInfo) -> Result<Vec<RangeLeaf>, BatchError> {
        if range.state.leaves > MAX_LEAVES {
            let (group, expiry, leaves) = (group.id, range.expiry, range.state.leaves);
            return Err(BatchError::RangeTooLong { group, expiry, leaves });
        }
        let query = RangeQuery { group: group.id, expiry: range.expiry, from: 0 };
        let ask = || async move {
            for client in self.members(group) {
                let Ok(leaves) = client.leaves(query, range.state.leaves).await else { continue };
                if RangeState::from_leaves(&leaves).is_ok_and(|state| state == range.state) {
                    return Ok(leaves);
                }
            }
            Err(BatchError::RangeUnknown { group: group.id, expiry: range.expiry })
        };
        ask.retry(patience()).await
    }

    /// The entries of a batch, as reported by a member and checked against its leaf.
    async fn entries(&self, group: &GroupInfo, leaf: &RangeLeaf) -> Option<Vec<BatchEntry>> {
        let ask = || async move {
            for client in self.members(group) {
                let Ok(entries) = client.batch(leaf.batch.root).await else { continue };
                if summarize(&entries).is_ok_and(|batch| batch == leaf.batch) {
                    return Ok(entries);
                }
            }
            Err(())
        };
        ask.retry(patience()).await.ok()
    }

    fn members<'a>(&'a self, group: &'a GroupInfo) -> impl Iterator<Item = GetClient> + 'a {
        group.slots.iter().flatten().map(|member| self.net().lazy_get_client(member.peer))
    }
}

impl StoredBatch {
    /// Whether an automatic renewal is for this batch, in whichever range of its group it is.
    pub(crate) fn is_named_by(&self, order: &AutoRenewalInfo) -> bool {
        (order.group, order.batch.root) == (self.group, self.leaf.batch.root)
    }

    /// Whether an automatic renewal will renew this batch at least once more.
    fn is_renewed_by(&self, order: &AutoRenewalInfo) -> bool {
        self.is_named_by(order) && matches!(order.state, AutoRenewalState::Waiting | AutoRenewalState::Due)
    }
}

async fn places_by(client: &GetClient, group: GroupId, objects: &[ObjectId]) -> Result<Vec<LeafPlace>, NetError> {
    let mut places = Vec::new();
    for objects in objects.chunks(to_usize(MAX_HAVE.into())) {
        places.extend(client.locate(group, objects).await?.into_iter().flatten());
    }
    Ok(places)
}
