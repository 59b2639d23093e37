//! Where the objects of a site are registered, and until when they are kept.
//!
//! The members of an object's group know it. Nothing that they tell has to be believed: leaves are checked against the chain's
//! peaks, and batches against their leaves. What they can do is to keep silent of the latest registration, so several are asked.

use crate::{client::Client, error::SiteError, renew::RenewError, site::Site};
use backon::{ConstantBuilder, Retryable};
use meganet_chain_client::At;
use meganet_net::{GetClient, LeafPlace, NetError, RangeQuery, wire::get::MAX_HAVE};
use meganet_primitives::{
    Epoch, GroupId,
    chain::{AutoRenewalInfo, AutoRenewalState, GroupInfo, RangeInfo},
    object::ObjectId,
    range::{RangeLeaf, RangeLeafProof, RangeState, prove_leaf},
    sum_tree::{BatchEntry, summarize},
};
use meganet_transfer::FetchError;
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    time::Duration,
};

/// So many members are asked where objects are registered.
const TELLERS: usize = 3;

/// A batch that holds objects of a site, with the place that it is registered in.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The group.
    pub group: GroupId,
    /// Slots of the group.
    pub slots: u8,
    /// The epoch at whose beginning it expires.
    pub expiry: Epoch,
    /// The leaf of that range that is the batch.
    pub index: u64,
    /// The leaf.
    pub leaf: RangeLeaf,
    /// Proves it in the range.
    pub leaf_proof: RangeLeafProof,
    /// The objects of the site that are in it.
    pub objects: Vec<ObjectId>,
}

/// Objects that no member places anywhere, with what was found of the others.
struct Incomplete(Vec<Registration>, BTreeSet<ObjectId>);

/// Members learn of what was just registered some moments after the node that was asked: they are asked again for about ten
/// seconds.
fn patience() -> ConstantBuilder {
    ConstantBuilder::default().with_delay(Duration::from_secs(1)).with_max_times(10)
}

impl Client {
    /// The batches that hold a site's objects: of each object, the one that expires last.
    ///
    /// # Errors
    /// [`RenewError`] where the chain or all members of a group can't be asked, or something has expired already.
    pub async fn registrations(&self, site: &Site, at: At) -> Result<Vec<Registration>, RenewError> {
        let (found, left) = self.located(site, at).await?;
        match left.into_iter().next() {
            Some(object) => Err(RenewError::Expired { object }),
            None => Ok(found),
        }
    }

    /// Until when each of a site's objects is kept: the epoch at whose beginning it expires, after the next automatic renewal
    /// where one is prepaid; 0 where it is not registered any more.
    ///
    /// # Errors
    /// [`RenewError`] where the chain or all members of a group can't be asked.
    pub(crate) async fn kept_until(&self, site: &Site, at: At) -> Result<BTreeMap<ObjectId, Epoch>, RenewError> {
        let at = self.chain().pin(at).await?;
        let (found, left) = self.located(site, at).await?;
        let orders = self.orders_in(site, at).await?;
        let mut kept: BTreeMap<ObjectId, Epoch> = left.into_iter().map(|object| (object, 0)).collect();
        for registration in found {
            let orders = orders.iter().filter(|order| registration.is_renewed_by(order));
            let until =
                orders.map(|order| order.expiry.saturating_add(order.epochs)).fold(registration.expiry, Epoch::max);
            kept.extend(registration.objects.into_iter().map(|object| (object, until)));
        }
        Ok(kept)
    }

    /// The batches that hold a site's objects, and those of its objects that are in none.
    async fn located(&self, site: &Site, at: At) -> Result<(Vec<Registration>, BTreeSet<ObjectId>), RenewError> {
        let at = self.chain().pin(at).await?;
        let mut wanted: BTreeMap<GroupId, BTreeSet<ObjectId>> = BTreeMap::new();
        for content in site.objects() {
            wanted.entry(content.group).or_default().insert(content.object);
        }
        let (mut found, mut missing) = (Vec::new(), BTreeSet::new());
        for (id, objects) in wanted {
            let group =
                self.chain().group(id, at).await?.ok_or(SiteError::Fetch(FetchError::NoSuchGroup { group: id }))?;
            let ranges = self.chain().ranges(id, at).await?;
            let ranges = ranges.into_iter().map(|range| (range.expiry, range)).collect();
            // What is in no batch may have been registered a moment ago.
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
    ) -> Result<(Vec<Registration>, BTreeSet<ObjectId>), RenewError> {
        let (id, slots) = (group.id, group.profile.profile().n);
        let mut known: BTreeMap<Epoch, Vec<RangeLeaf>> = BTreeMap::new();
        let mut found = Vec::new();
        // The latest first: what it holds needs no older registration.
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
                    prove_leaf(leaves, index).map_err(|_| RenewError::RangeUnknown { group: id, expiry })?;
                found.push(Registration { group: id, slots, expiry, index, leaf: *leaf, leaf_proof, objects });
            }
        }
        Ok((found, left))
    }

    /// Where members say that objects are registered, in order.
    async fn places(&self, group: &GroupInfo, objects: &BTreeSet<ObjectId>) -> Result<BTreeSet<LeafPlace>, RenewError> {
        let objects: Vec<ObjectId> = objects.iter().copied().collect();
        let (mut places, mut told) = (BTreeSet::new(), 0);
        for client in self.members(group) {
            if let Ok(more) = places_by(&client, group.id, &objects).await {
                places.extend(more);
                told += 1;
            }
            if told == TELLERS {
                break;
            }
        }
        if told == 0 {
            return Err(RenewError::GroupUnknown { group: group.id });
        }
        Ok(places)
    }

    /// All leaves of a range, as a member tells them and the chain's peaks confirm.
    async fn leaves(&self, group: &GroupInfo, range: &RangeInfo) -> Result<Vec<RangeLeaf>, RenewError> {
        let query = RangeQuery { group: group.id, expiry: range.expiry, from: 0 };
        let ask = || async move {
            for client in self.members(group) {
                let Ok(leaves) = client.leaves(query, range.state.leaves).await else { continue };
                if RangeState::from_leaves(&leaves).is_ok_and(|state| state == range.state) {
                    return Ok(leaves);
                }
            }
            Err(RenewError::RangeUnknown { group: group.id, expiry: range.expiry })
        };
        ask.retry(patience()).await
    }

    /// What a batch contains, as a member tells it and its leaf confirms.
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

impl Registration {
    /// Whether an order is for this batch, wherever it is registered in its group.
    pub(crate) fn is_named_by(&self, order: &AutoRenewalInfo) -> bool {
        (order.group, order.batch.root) == (self.group, self.leaf.batch.root)
    }

    /// Whether an order renews it once more, as things stand.
    fn is_renewed_by(&self, order: &AutoRenewalInfo) -> bool {
        self.is_named_by(order) && matches!(order.state, AutoRenewalState::Waiting | AutoRenewalState::Due)
    }
}

async fn places_by(client: &GetClient, group: GroupId, objects: &[ObjectId]) -> Result<Vec<LeafPlace>, NetError> {
    let mut places = Vec::new();
    for objects in objects.chunks(usize::try_from(MAX_HAVE).unwrap_or(usize::MAX)) {
        places.extend(client.locate(group, objects).await?.into_iter().flatten());
    }
    Ok(places)
}
