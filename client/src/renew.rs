//! Keeping what is stored for longer: finds the batches that hold a site's objects, and makes the calls that register them
//! again with a later expiry. No data moves.
//!
//! Where an object is registered is known to the members of its group. Nothing that they tell has to be believed: leaves are
//! checked against the chain's peaks, and batches against their leaves.

use crate::{fetch::FetchError, Network, Site};
use meganet_chain::{cost::store_price, At, Call, ChainError};
use meganet_net::{GetClient, RangeQuery};
use meganet_primitives::{
    chain::{GroupInfo, RangeInfo, StorageParams},
    object::ObjectId,
    range::{prove_leaf, RangeLeaf, RangeState},
    sum_tree::{summarize, BatchEntry},
    Balance, Epoch, GroupId,
};
use std::collections::{BTreeMap, BTreeSet};

/// Why a site could not be renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The site could not be opened.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// No member could tell a range of its group.
    #[error("no member of group {group} told what is registered in it until epoch {expiry}: try again when more workers are reachable")]
    RangeUnknown {
        /// The group.
        group: GroupId,
        /// The range.
        expiry: Epoch,
    },
    /// No member could tell what a batch contains.
    #[error("no member of group {group} told what batch {index} of epoch {expiry} contains: try again when more workers are reachable")]
    BatchUnknown {
        /// The group.
        group: GroupId,
        /// The range.
        expiry: Epoch,
        /// The batch.
        index: u64,
    },
    /// An object is in no batch that has not expired.
    #[error("object {object} is not registered any more: publish it again")]
    Expired {
        /// The object.
        object: ObjectId,
    },
}

/// What renewing comes to.
#[derive(Clone, Debug, Default)]
pub struct Renewal {
    /// The calls, to be submitted as one transaction.
    pub calls: Vec<Call>,
    /// What they cost at today's price, in planck, without the fee.
    pub price: Balance,
    /// Objects that are kept for longer.
    pub objects: u64,
    /// The epoch at whose beginning the first of the site's objects expires now.
    pub expires: Epoch,
}

/// A batch with the place that it is registered in.
struct Registered {
    expiry: Epoch,
    index: u64,
    leaf: RangeLeaf,
    entries: BTreeSet<ObjectId>,
}

impl Network {
    /// What it takes to keep all objects of a site until epoch `until`: a call for each batch that holds one of them and
    /// expires before. Batches are renewed whole, also where others' objects are in them.
    ///
    /// # Errors
    /// [`RenewError`] where the chain or all members of a group can't be asked, or something has expired already.
    pub async fn renewal(&self, site: &Site, until: Epoch) -> Result<Renewal, RenewError> {
        let at = self.chain().pin(At::Finalized).await?;
        let params = self.chain().params(at).await?;
        let mut wanted: BTreeMap<GroupId, BTreeSet<ObjectId>> = BTreeMap::new();
        for content in std::iter::once(site.content()).chain(&site.manifest().objects) {
            wanted.entry(content.group).or_default().insert(content.object);
        }
        let mut renewal = Renewal { expires: Epoch::MAX, ..Renewal::default() };
        for (id, objects) in wanted {
            let group = self.chain().group(id, at).await?.ok_or(FetchError::NoSuchGroup { group: id })?;
            let mut ranges = self.chain().ranges(id, at).await?;
            // The latest first: what it holds needs no older registration.
            ranges.sort_by_key(|range| std::cmp::Reverse(range.expiry));
            self.renew_group(&group, &ranges, objects, until, &params, &mut renewal).await?;
        }
        Ok(renewal)
    }

    async fn renew_group(
        &self,
        group: &GroupInfo,
        ranges: &[RangeInfo],
        mut left: BTreeSet<ObjectId>,
        until: Epoch,
        params: &StorageParams,
        renewal: &mut Renewal,
    ) -> Result<(), RenewError> {
        for range in ranges {
            if left.is_empty() {
                return Ok(());
            }
            let leaves = self.leaves(group, range).await?;
            for registered in self.holding(group, range.expiry, &leaves, &left).await? {
                let before = left.len();
                left.retain(|object| !registered.entries.contains(object));
                let found = before - left.len();
                if found == 0 {
                    continue;
                }
                renewal.expires = renewal.expires.min(registered.expiry);
                if registered.expiry >= until {
                    continue;
                }
                let Registered { expiry, index, leaf, .. } = registered;
                let leaf_proof =
                    prove_leaf(&leaves, index).map_err(|_| RenewError::RangeUnknown { group: group.id, expiry })?;
                renewal.objects = renewal.objects.saturating_add(u64::try_from(found).unwrap_or(u64::MAX));
                let price = store_price(params, leaf.batch.bytes, group.profile.profile().n, until);
                renewal.price = renewal.price.saturating_add(price);
                renewal.calls.push(Call::Renew { group: group.id, expiry, leaf_index: index, leaf, leaf_proof, until });
            }
        }
        match left.into_iter().next() {
            Some(object) => Err(RenewError::Expired { object }),
            None => Ok(()),
        }
    }

    /// The batches of a range that hold some of these objects.
    async fn holding(
        &self,
        group: &GroupInfo,
        expiry: Epoch,
        leaves: &[RangeLeaf],
        objects: &BTreeSet<ObjectId>,
    ) -> Result<Vec<Registered>, RenewError> {
        let mut found = Vec::new();
        for (index, leaf) in (0..).zip(leaves) {
            let entries = self.entries(group, leaf).await;
            let entries = entries.ok_or(RenewError::BatchUnknown { group: group.id, expiry, index })?;
            let entries: BTreeSet<ObjectId> = entries.into_iter().map(|entry| entry.object).collect();
            if !entries.is_disjoint(objects) {
                found.push(Registered { expiry, index, leaf: *leaf, entries });
            }
        }
        Ok(found)
    }

    /// All leaves of a range, as a member tells them and the chain's peaks confirm.
    async fn leaves(&self, group: &GroupInfo, range: &RangeInfo) -> Result<Vec<RangeLeaf>, RenewError> {
        for client in self.members(group) {
            let Some(leaves) = told(&client, group.id, range).await else { continue };
            if RangeState::from_leaves(&leaves).is_ok_and(|state| state == range.state) {
                return Ok(leaves);
            }
        }
        Err(RenewError::RangeUnknown { group: group.id, expiry: range.expiry })
    }

    /// What a batch contains, as a member tells it and its leaf confirms.
    async fn entries(&self, group: &GroupInfo, leaf: &RangeLeaf) -> Option<Vec<BatchEntry>> {
        for client in self.members(group) {
            let Ok(entries) = client.batch(leaf.batch.root).await else { continue };
            if summarize(&entries).is_ok_and(|batch| batch == leaf.batch) {
                return Some(entries);
            }
        }
        None
    }

    fn members<'a>(&'a self, group: &'a GroupInfo) -> impl Iterator<Item = GetClient> + 'a {
        group.slots.iter().flatten().map(|member| self.net().lazy_get_client(member.peer))
    }
}

/// The first leaves of a range, as many as the chain has, if this member tells them.
async fn told(client: &GetClient, group: GroupId, range: &RangeInfo) -> Option<Vec<RangeLeaf>> {
    let wanted = usize::try_from(range.state.leaves).ok()?;
    let mut leaves: Vec<RangeLeaf> = Vec::new();
    while leaves.len() < wanted {
        let from = u64::try_from(leaves.len()).ok()?;
        let page = client.range(RangeQuery { group, expiry: range.expiry, from }).await.ok()?;
        if page.leaves.is_empty() {
            return None;
        }
        leaves.extend(page.leaves);
    }
    leaves.truncate(wanted);
    Some(leaves)
}
