//! Keeping what is stored for longer: finds the batches that hold a site's objects, and makes the calls that register them
//! again with a later expiry. No data moves.
//!
//! Where an object is registered is known to the members of its group. Nothing that they tell has to be believed: leaves are
//! checked against the chain's peaks, and batches against their leaves.

use crate::{fetch::FetchError, Network, Site};
use backon::{ConstantBuilder, Retryable};
use meganet_chain::{cost::store_price, At, Call, ChainError, Mega};
use meganet_net::{GetClient, RangeQuery};
use meganet_primitives::{
    chain::{GroupInfo, RangeInfo},
    object::ObjectId,
    range::{prove_leaf, RangeLeaf, RangeLeafProof, RangeState},
    sum_tree::{summarize, BatchEntry},
    Balance, Epoch, GroupId,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

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
    /// Less is to be prepaid than one renewal costs.
    #[error("{} does not pay for one renewal, which costs {} at today's price: prepay at least that", Mega(*amount), Mega(*needed))]
    TooLittle {
        /// What one renewal of everything costs, in planck.
        needed: Balance,
        /// What was offered, in planck.
        amount: Balance,
    },
}

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
    /// How many objects of the site are in it.
    pub objects: u64,
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

/// Members learn of what was just registered some moments after the node that was asked: they are asked again for about ten
/// seconds.
fn patience() -> ConstantBuilder {
    ConstantBuilder::default().with_delay(Duration::from_secs(1)).with_max_times(10)
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
        let mut renewal = Renewal { expires: Epoch::MAX, ..Renewal::default() };
        for registration in self.registrations(site, at).await? {
            renewal.expires = renewal.expires.min(registration.expiry);
            if registration.expiry >= until {
                continue;
            }
            let Registration { group, slots, expiry, index, leaf, leaf_proof, objects } = registration;
            renewal.objects = renewal.objects.saturating_add(objects);
            let price = store_price(&params, leaf.batch.bytes, slots, until);
            renewal.price = renewal.price.saturating_add(price);
            renewal.calls.push(Call::Renew { group, expiry, leaf_index: index, leaf, leaf_proof, until });
        }
        Ok(renewal)
    }

    /// The batches that hold a site's objects: of each object, the one that expires last.
    ///
    /// # Errors
    /// [`RenewError`] where the chain or all members of a group can't be asked, or something has expired already.
    pub async fn registrations(&self, site: &Site, at: At) -> Result<Vec<Registration>, RenewError> {
        let at = self.chain().pin(at).await?;
        let mut wanted: BTreeMap<GroupId, BTreeSet<ObjectId>> = BTreeMap::new();
        for content in site.objects() {
            wanted.entry(content.group).or_default().insert(content.object);
        }
        let mut found = Vec::new();
        for (id, objects) in wanted {
            let group = self.chain().group(id, at).await?.ok_or(FetchError::NoSuchGroup { group: id })?;
            let mut ranges = self.chain().ranges(id, at).await?;
            // The latest first: what it holds needs no older registration.
            ranges.sort_by_key(|range| std::cmp::Reverse(range.expiry));
            self.find(&group, &ranges, objects, &mut found).await?;
        }
        Ok(found)
    }

    async fn find(
        &self,
        group: &GroupInfo,
        ranges: &[RangeInfo],
        mut left: BTreeSet<ObjectId>,
        found: &mut Vec<Registration>,
    ) -> Result<(), RenewError> {
        let (id, slots) = (group.id, group.profile.profile().n);
        for range in ranges {
            if left.is_empty() {
                return Ok(());
            }
            let expiry = range.expiry;
            let leaves = self.leaves(group, range).await?;
            for (index, leaf) in (0..).zip(&leaves) {
                let entries = self.entries(group, leaf).await;
                let entries = entries.ok_or(RenewError::BatchUnknown { group: id, expiry, index })?;
                let entries: BTreeSet<ObjectId> = entries.into_iter().map(|entry| entry.object).collect();
                let before = left.len();
                left.retain(|object| !entries.contains(object));
                let objects = u64::try_from(before - left.len()).unwrap_or(u64::MAX);
                if objects > 0 {
                    let leaf_proof =
                        prove_leaf(&leaves, index).map_err(|_| RenewError::RangeUnknown { group: id, expiry })?;
                    found.push(Registration { group: id, slots, expiry, index, leaf: *leaf, leaf_proof, objects });
                }
            }
        }
        match left.into_iter().next() {
            Some(object) => Err(RenewError::Expired { object }),
            None => Ok(()),
        }
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
