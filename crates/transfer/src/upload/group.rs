//! Finding a group with room, or having one opened.

use super::error::UploadError;
use crate::{
    network::Network,
    progress::{Progress, Stage},
};
use meganet_chain_client::{At, Call, ChainError, Signer, StorageCall, Until};
use meganet_primitives::{
    GroupId, WorkerId,
    chain::{GroupInfo, StorageParams, WorkerInfo},
    hash::{Tag, tagged},
    placement::{Candidate, ProfileId, fill},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How long to wait until the chain has filled a new group, which it does some blocks later.
const FILLING: Duration = Duration::from_secs(90);
/// How often to check.
const LOOK: Duration = Duration::from_millis(500);
/// The profiles to choose from, the best first.
const PREFERRED: [ProfileId; 2] = [ProfileId::Standard, ProfileId::Compact];
/// Draws that are tried to see how many slots the network could fill: a single one may be unlucky.
const DRAWS: u32 = 8;

/// The best profile that this network can carry: one that has a filled group, else one that it can fill.
pub async fn choose_profile(network: &Network) -> Result<ProfileId, UploadError> {
    for profile in PREFERRED {
        let groups = network.chain().open_groups(profile, At::Best).await?;
        if groups.iter().any(|group| filled(group) >= usize::from(profile.profile().quorum())) {
            return Ok(profile);
        }
    }
    let params = network.chain().params(At::Best).await?;
    let workers = network.chain().all_workers(At::Best).await?;
    let full =
        |profile: &ProfileId| Supply::of(*profile, &params, &workers).possible == usize::from(profile.profile().n);
    // If none can be filled, the error about the smallest is the most useful.
    Ok(PREFERRED.into_iter().find(full).unwrap_or(ProfileId::Compact))
}

/// The profile to go on with where no group of this one works and another cannot be filled.
pub fn next_profile(after: ProfileId) -> Option<ProfileId> {
    PREFERRED.into_iter().skip_while(|profile| *profile != after).nth(1)
}

/// Whether there is a group with room.
#[derive(Clone, Debug)]
pub enum Room {
    /// A group with room, of which a quorum is filled.
    In(Box<GroupInfo>),
    /// A group has to be opened first, for a deposit.
    ToOpen,
}

/// The groups of a profile, and what this upload has put into them so far.
pub struct Groups<'a> {
    network: &'a Network,
    profile: ProfileId,
    params: StorageParams,
    /// Bytes of each slot that are uploaded and not yet registered, by group.
    promised: BTreeMap<GroupId, u64>,
    /// Groups without a quorum that works.
    avoided: BTreeSet<GroupId>,
    /// Workers that have failed in those.
    failed: BTreeSet<WorkerId>,
    /// Decides between groups that are equally good, so that publishers spread over them.
    seed: u64,
}

impl<'a> Groups<'a> {
    /// The groups of a profile, with nothing uploaded yet.
    pub fn new(network: &'a Network, profile: ProfileId, params: StorageParams) -> Self {
        Self {
            network,
            profile,
            params,
            promised: BTreeMap::new(),
            avoided: BTreeSet::new(),
            failed: BTreeSet::new(),
            seed: rand::random(),
        }
    }

    /// Looks for groups of another profile from now on. Promised bytes and avoided groups stay noted.
    pub fn change_profile(&mut self, profile: ProfileId) {
        self.profile = profile;
    }

    /// Bytes of an empty slot.
    pub fn slot_capacity(&self) -> u64 {
        self.params.slot_capacity.get(self.profile.index()).copied().unwrap_or(0)
    }

    /// Bytes of a slot that are still free for this upload.
    pub fn free(&self, group: &GroupInfo) -> u64 {
        let promised = self.promised.get(&group.id).copied().unwrap_or(0);
        group.slot_capacity.saturating_sub(group.used).saturating_sub(promised)
    }

    /// Reserves room in a group.
    pub fn promise(&mut self, group: GroupId, shard_len: u64) {
        let promised = self.promised.entry(group).or_default();
        *promised = promised.saturating_add(shard_len);
    }

    /// Passes over a group from now on, because these workers did not do their part. No group is opened in the hope that they do
    /// next time.
    pub fn avoid(&mut self, group: GroupId, failed: impl IntoIterator<Item = WorkerId>) {
        self.promised.remove(&group);
        self.avoided.insert(group);
        self.failed.extend(failed);
    }

    /// The number of groups that are passed over.
    pub fn avoided(&self) -> usize {
        self.avoided.len()
    }

    /// Forgets the bytes that were promised: they are registered, so the chain counts them now.
    pub fn registered(&mut self) {
        self.promised.clear();
    }

    /// Finds a group with room for a shard of this many bytes: one that this upload uses already, else any of those with the
    /// fewest vacant slots.
    ///
    /// # Errors
    /// [`UploadError::TooLarge`] where even an empty one would not do, [`UploadError::TooFewWorkers`] where one would have to
    /// be opened and cannot be filled.
    pub async fn look_for(&self, shard_len: u64) -> Result<Room, UploadError> {
        if shard_len > self.slot_capacity() {
            let (profile, capacity) = (self.profile, self.slot_capacity());
            return Err(UploadError::TooLarge { len: shard_len, profile, capacity });
        }
        if let Some(group) = self.whole(shard_len).await? {
            return Ok(Room::In(Box::new(group)));
        }
        let supply = self.supply().await?;
        if supply.possible < usize::from(self.profile.profile().n) {
            return Err(supply.too_few(self.profile));
        }
        Ok(Room::ToOpen)
    }

    /// Opens a group and waits until its slots are filled: a group takes nothing before it was whole.
    pub async fn open(
        &self,
        signer: &Signer,
        shard_len: u64,
        progress: &dyn Progress,
    ) -> Result<GroupInfo, UploadError> {
        progress.begin(Stage::WaitingForGroup, None);
        // The chain opens no other group while one that was opened is unfilled.
        let call = match self.unfilled(shard_len).await? {
            Some(group) => Call::Storage(StorageCall::FillGroup { group: group.id }),
            None => Call::Storage(StorageCall::OpenGroup { profile: self.profile }),
        };
        match self.network.chain().submit(signer, vec![call], Until::InBlock).await {
            Ok(_) => {}
            Err(error @ ChainError::Dispatch { .. }) => {
                // Another publisher may have opened one in the meantime.
                if self.unfilled(shard_len).await?.is_none() && self.whole(shard_len).await?.is_none() {
                    let reason = error.to_string();
                    return Err(UploadError::NoRoom { profile: self.profile, len: shard_len, reason });
                }
            }
            Err(error) => return Err(error.into()),
        }
        self.wait(shard_len).await
    }

    async fn wait(&self, shard_len: u64) -> Result<GroupInfo, UploadError> {
        let began = Instant::now();
        loop {
            if let Some(group) = self.whole(shard_len).await? {
                return Ok(group);
            }
            if began.elapsed() > FILLING {
                let supply = self.supply().await?;
                return Err(match self.unfilled(shard_len).await? {
                    Some(group) => UploadError::NotFilled {
                        group: group.id,
                        n: self.profile.profile().n,
                        possible: supply.possible,
                        seconds: FILLING.as_secs(),
                    },
                    None => {
                        let reason = "the group that was opened is not there".to_owned();
                        UploadError::NoRoom { profile: self.profile, len: shard_len, reason }
                    }
                });
            }
            sleep(LOOK).await;
        }
    }

    /// The group with room that this upload uses already, else one of the best filled, at random.
    async fn whole(&self, shard_len: u64) -> Result<Option<GroupInfo>, UploadError> {
        let quorum = usize::from(self.profile.profile().quorum());
        let groups = self.network.chain().open_groups(self.profile, At::Best).await?;
        let fits = |group: &GroupInfo| filled(group) >= quorum && self.free(group) >= shard_len;
        let fitting = groups.into_iter().filter(|group| fits(group) && !self.avoided.contains(&group.id));
        let rank = |group: &GroupInfo| {
            let chance = tagged(Tag::Seed, &[b"client/group", &self.seed.to_le_bytes(), &group.id.to_le_bytes()]);
            (!self.promised.contains_key(&group.id), group.slots.len() - filled(group), chance)
        };
        Ok(fitting.min_by_key(rank))
    }

    /// A group that was opened and never filled.
    async fn unfilled(&self, shard_len: u64) -> Result<Option<GroupInfo>, UploadError> {
        let groups = self.network.chain().open_groups(self.profile, At::Best).await?;
        let fits = |group: &GroupInfo| filled(group) == 0 && self.free(group) >= shard_len;
        Ok(groups.into_iter().find(|group| fits(group) && !self.avoided.contains(&group.id)))
    }

    async fn supply(&self) -> Result<Supply, UploadError> {
        let mut workers = self.network.chain().all_workers(At::Best).await?;
        workers.retain(|worker| !self.failed.contains(&worker.id));
        Ok(Supply::of(self.profile, &self.params, &workers))
    }
}

/// The number of slots that are filled.
fn filled(group: &GroupInfo) -> usize {
    group.slots.iter().flatten().count()
}

/// The workers that the network could fill a group with.
struct Supply {
    workers: usize,
    countries: usize,
    /// Slots that they could fill under the rules.
    possible: usize,
}

impl Supply {
    fn of(profile: ProfileId, params: &StorageParams, workers: &[WorkerInfo]) -> Self {
        let slot = params.slot_capacity.get(profile.index()).copied().unwrap_or(u64::MAX);
        let free = |worker: &WorkerInfo| worker.capacity.saturating_sub(worker.committed);
        let eligible = workers.iter().filter(|worker| worker.accepting && free(worker) >= slot);
        let candidates: Vec<Candidate> = eligible
            .map(|worker| Candidate {
                worker: worker.id,
                operator: worker.operator,
                country: worker.country,
                weight: free(worker),
            })
            .collect();
        let profile = profile.profile();
        let vacant = vec![None; profile.n.into()];
        let draws = (0..DRAWS).map(|draw| tagged(Tag::Seed, &[b"client/supply", &draw.to_le_bytes()]));
        let possible = draws.map(|seed| fill(profile, &vacant, &candidates, &seed).len()).max().unwrap_or(0);
        let countries = candidates.iter().map(|candidate| candidate.country).collect::<HashSet<_>>().len();
        Self { workers: candidates.len(), countries, possible }
    }

    fn too_few(self, id: ProfileId) -> UploadError {
        let profile = id.profile();
        UploadError::TooFewWorkers {
            profile: id,
            n: profile.n,
            per_country: profile.max_per_country(),
            workers: self.workers,
            countries: self.countries,
            possible: self.possible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_profile_is_always_a_smaller_one() {
        let next = ProfileId::ALL.map(next_profile);
        assert_eq!(next, [None, Some(ProfileId::Compact), None, None]);
    }
}
