//! Uploads packs into groups, with a journal, and registers them.

mod forecast;
mod means;
mod plaintext;
mod register;
mod resume;

use self::plaintext::{lens, manifest_id, packs};
use super::{
    error::PublishError,
    journal::{Journal, Sealed},
    options::PublishOptions,
    report::{UploadReport, UploadSummary},
    state::State,
};
use crate::{
    client::Client,
    names::NameRegistration,
    pack::{PackId, Plan},
    site::Site,
};
use futures::{StreamExt, stream};
use meganet_chain_client::{At, BlockRef, Call, Signer, Until};
use meganet_primitives::{
    Balance, Epoch, GroupId, SlotIndex,
    chain::{GroupInfo, StorageParams},
    content::ContentRef,
    convert::{to_u64, to_usize},
    manifest::Manifest,
    object::FRAME_LEN,
};
use meganet_transfer::{
    progress::{Progress, Stage},
    upload::{Groups, Room, Source, Stored, UploadError, UploadSession, choose_profile, next_profile},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Bytes of memory for the objects that are sent at the same time.
const IN_FLIGHT: u64 = 24 * 1024 * 1024;
/// Stripes of one object that are in memory at most.
const STRIPES: u64 = 12;
/// Objects that are sent at the same time at most: while one waits for the last workers, the other is sent.
const PARALLEL: u64 = 2;
/// Groups that one upload opens at most because others have failed. Each takes a deposit until it is nearly full.
const MAX_SPARE: u8 = 3;
/// Groups that one upload passes over before it gives up.
const MAX_AVOIDED: usize = 8;

/// One upload under way.
pub(super) struct Uploader<'a> {
    client: &'a Client,
    signer: &'a Signer,
    state: &'a mut State,
    progress: &'a dyn Progress,
    until: Until,
    params: StorageParams,
    epochs: u32,
    groups: Groups<'a>,
    sessions: BTreeMap<GroupId, UploadSession>,
    /// Objects that are stored and not registered, by group, in the order in which they were stored.
    open: BTreeMap<GroupId, Vec<Stored>>,
    summary: UploadSummary,
    /// The epoch at whose beginning the first of its objects expires: sooner than asked for where an earlier run has paid.
    lasts: Epoch,
    /// Whether the user chose the profile, so that no other one is used.
    fixed_profile: bool,
    /// Why the last group was passed over.
    failed: Option<UploadError>,
    /// Groups that may still be opened because others have failed.
    spare: u8,
    /// The fees of the extrinsics so far.
    fee: Balance,
}

/// The result of [`Uploader::publish`].
pub(super) struct Done {
    pub(super) content: ContentRef,
    pub(super) report: UploadReport,
    /// `None` where an earlier run had done it.
    pub(super) block: Option<BlockRef>,
}

impl<'a> Uploader<'a> {
    /// Asks the chain for prices, and which profile the network can carry. Opens no group yet.
    pub(super) async fn prepare(
        client: &'a Client,
        signer: &'a Signer,
        options: &PublishOptions,
        state: &'a mut State,
        progress: &'a dyn Progress,
    ) -> Result<Self, PublishError> {
        let params = client.chain().params(At::Best).await?;
        let max = params.max_epochs;
        let epochs = options.epochs.unwrap_or(max);
        if !(1..=max).contains(&epochs) {
            return Err(PublishError::Epochs { asked: epochs, max });
        }
        let profile = match options.profile {
            Some(profile) => profile,
            None => choose_profile(client.network()).await?,
        };
        let summary = UploadSummary {
            profile,
            objects: 0,
            resumed: 0,
            plain_bytes: 0,
            shard_bytes: 0,
            expiry: params.epoch.saturating_add(epochs),
            price: 0,
        };
        let groups = Groups::new(client.network(), profile, params.clone());
        Ok(Self {
            client,
            signer,
            state,
            progress,
            until: options.until,
            params,
            epochs,
            groups,
            sessions: BTreeMap::new(),
            open: BTreeMap::new(),
            summary,
            lasts: summary.expiry,
            fixed_profile: options.profile.is_some(),
            failed: None,
            spare: MAX_SPARE,
            fee: 0,
        })
    }

    /// Uploads a plan's packs and its manifest, and registers them in one extrinsic with the name's registration (if any) and the
    /// call that `after` returns. Calls `after` when the receipts are there and nothing is submitted yet, and `registered` before the
    /// journal is cleared: whatever it fails to keep, the next run finds. Both get the manifest and the epoch at whose beginning the
    /// first object expires.
    pub(super) async fn publish(
        mut self,
        plan: Arc<Plan>,
        mut registration: Option<&mut NameRegistration<'_>>,
        after: impl Fn(&ContentRef, Epoch) -> Result<Option<Call>, PublishError>,
        registered: impl Fn(&ContentRef, Epoch) -> Result<(), PublishError>,
    ) -> Result<Done, PublishError> {
        let (lens, manifest_len) = lens(&plan)?;
        let for_the_name = match &registration {
            Some(registration) => registration.needed().await?,
            None => 0,
        };
        self.check_means(&lens, manifest_len, for_the_name).await?;
        if let Some(registration) = &mut registration {
            registration.commit().await?;
        }
        let total = lens.iter().sum::<u64>().saturating_add(manifest_len);
        loop {
            let Some(sealed) = self.upload(packs(&plan), Some(total)).await? else { continue };
            let manifest = plan.manifest(&sealed);
            let bytes = manifest.encode()?;
            let manifest_item = vec![(manifest_id(&bytes), Source::bytes(bytes))];
            let Some(content) = self.upload(manifest_item, None).await? else { continue };
            let content = content.into_iter().next().ok_or(PublishError::Interrupted)?;
            let lasts = self.lasts;
            match self.register(registration.as_deref_mut(), || after(&content, lasts)).await {
                Ok((report, block)) => {
                    registered(&content, lasts)?;
                    self.settle(&manifest)?;
                    if let Some(note) = sooner(lasts, self.summary.expiry) {
                        self.progress.note(&note);
                    }
                    return Ok(Done { content, report, block });
                }
                Err(PublishError::Upload(error)) => self.start_over(error).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Passes over the group that an upload failed in, and returns it.
    ///
    /// # Errors
    /// The error itself, if another group would not help or enough were tried.
    pub(super) async fn fail_over(&mut self, error: UploadError) -> Result<GroupId, PublishError> {
        let UploadError::NoQuorum { group, troubles, .. } = &error else { return Err(error.into()) };
        if self.groups.avoided() >= MAX_AVOIDED {
            return Err(error.into());
        }
        let (group, failed) = (*group, troubles.iter().map(|trouble| trouble.slot).collect::<Vec<_>>());
        let info = self.client.chain().group(group, At::Best).await?;
        let member = |slot: &SlotIndex| info.as_ref()?.slots.get(usize::from(*slot)).copied().flatten();
        self.groups.avoid(group, failed.iter().filter_map(member).map(|member| member.worker));
        self.progress.note(&format!("the members of group {group} are not enough; trying another group"));
        self.failed = Some(error);
        Ok(group)
    }

    /// Passes over a group whose members have gone since they stored objects, and forgets these: they go to another group. The
    /// objects in other groups are found again by the journal.
    ///
    /// # Errors
    /// Those of [`Self::fail_over`].
    async fn start_over(&mut self, error: UploadError) -> Result<(), PublishError> {
        let without = self.fail_over(error).await?;
        self.sessions.remove(&without);
        self.state.journal.forget(without);
        self.open.clear();
        self.groups.registered();
        self.summary = UploadSummary { objects: 0, resumed: 0, plain_bytes: 0, shard_bytes: 0, ..self.summary };
        self.lasts = self.summary.expiry;
        Ok(())
    }

    /// Plaintext bytes of the largest object to make.
    pub(super) fn max_pack(&self, wanted: u64) -> u64 {
        self.summary.profile.profile().max_object_len(self.groups.slot_capacity()).min(wanted).max(1)
    }

    /// Finds out until when the objects of the published version are kept, unless all are known to be kept for long enough: they
    /// may have been published from another machine, or renewed. Where workers cannot be asked, objects count as kept.
    pub(super) async fn learn_expiries(&mut self, current: &Site) {
        let known =
            |object: &ContentRef| self.state.expiry(&object.object).is_some_and(|expiry| expiry >= self.needed());
        if current.manifest().objects.iter().all(known) {
            return;
        }
        match self.client.kept_until(current, At::Finalized).await {
            Ok(kept) => kept.into_iter().for_each(|(object, expiry)| self.state.paid(object, expiry)),
            Err(error) => {
                let note = format!("could not find out until when the published version is kept ({error})");
                self.progress.note(&note);
            }
        }
    }

    /// Whether an object that is published is kept for long enough that a new version may rely on it.
    pub(super) fn outlives(&self, object: &ContentRef) -> bool {
        self.state.expiry(&object.object).is_none_or(|expiry| expiry >= self.needed())
    }

    /// The epoch that objects of an older version have to reach.
    fn needed(&self) -> Epoch {
        needed(self.params.epoch, self.epochs)
    }

    /// The fees of the extrinsics so far, in planck.
    pub(super) fn fee(&self) -> Balance {
        self.fee
    }

    /// The journal of the upload.
    pub(super) fn journal(&self) -> &Journal {
        &self.state.journal
    }

    /// Records that this manifest is published.
    pub(super) fn settle(&mut self, manifest: &Manifest) -> Result<(), PublishError> {
        self.state.settle(manifest)
    }

    /// Stores the items that are not stored yet. Returns the references in the order of the items; `None` if all of the upload has to
    /// begin anew, because objects that were stored before are lost to it.
    pub(super) async fn upload(
        &mut self,
        items: Vec<(PackId, Source)>,
        total: Option<u64>,
    ) -> Result<Option<Vec<ContentRef>>, PublishError> {
        let mut done: Vec<Option<ContentRef>> = vec![None; items.len()];
        self.resume(&items, &mut done).await?;
        if total.is_some() {
            self.progress.begin(Stage::Uploading, total);
        }
        for (item, _) in items.iter().zip(&done).filter(|(_, done)| done.is_some()) {
            self.progress.advance(item.1.len());
        }
        let waiting = done.iter().enumerate().filter(|(_, done)| done.is_none());
        let mut waiting: VecDeque<usize> = waiting.map(|(index, _)| index).collect();
        while let Some(first) = waiting.front().and_then(|index| items.get(*index)) {
            let Some(group) = self.group_for(first.1.len()).await? else { return Ok(None) };
            let mut run = Vec::new();
            while let Some((index, (pack, source))) =
                waiting.front().and_then(|index| Some((*index, items.get(*index)?)))
            {
                let shard_len = self.layout(source.len())?.shard_len();
                if self.groups.free(&group) < shard_len {
                    break;
                }
                self.groups.promise(group.id, shard_len);
                run.push((index, *pack, source.clone()));
                waiting.pop_front();
            }
            match self.run(group, run.clone(), &mut done).await {
                Ok(()) => {}
                Err(PublishError::Upload(error)) => {
                    self.fail_over(error).await?;
                    // What the group has taken before may still be registered; the rest waits for another one.
                    waiting
                        .extend(run.iter().map(|(index, ..)| *index).filter(|index| done.get(*index) == Some(&None)));
                }
                Err(error) => return Err(error),
            }
        }
        done.into_iter().collect::<Option<Vec<_>>>().map(Some).ok_or(PublishError::Interrupted)
    }

    /// A group with room for an object of this many plaintext bytes whose members can be reached, opened if need be; of a smaller
    /// profile where no other group of the present one can be had. `None` as in [`Self::find_group`].
    async fn group_for(&mut self, len: u64) -> Result<Option<GroupInfo>, PublishError> {
        loop {
            let shard_len = self.layout(len)?.shard_len();
            let group = match self.find_group(shard_len).await {
                Ok(Some(group)) => group,
                Ok(None) => return Ok(None),
                Err(error) => {
                    if self.change_profile(&error) {
                        continue;
                    }
                    // The reason why the others were passed over tells more.
                    return Err(self.failed.take().map_or(error, PublishError::from));
                }
            };
            match self.session(group.clone()).await {
                Ok(_) => return Ok(Some(group)),
                Err(error) => {
                    self.fail_over(error).await?;
                }
            }
        }
    }

    /// Goes on with a smaller profile, if groups of the present one have failed, there is no other one, and the user has not chosen
    /// it. Stored objects stay where they are: each object of a site may be in a group of another profile.
    fn change_profile(&mut self, error: &PublishError) -> bool {
        let lacking = matches!(error, PublishError::Upload(error) if error.is_lack_of_groups());
        if !lacking || self.failed.is_none() || self.fixed_profile {
            return false;
        }
        let Some(next) = next_profile(self.summary.profile) else { return false };
        let present = self.summary.profile;
        self.progress.note(&format!("no other group of profile {present} can be had; going on with profile {next}"));
        self.summary.profile = next;
        self.groups.change_profile(next);
        true
    }

    /// A group with room. `None` if what is stored was to be registered first, and members have gone since they stored it: the
    /// upload has to begin anew, without their group.
    async fn find_group(&mut self, shard_len: u64) -> Result<Option<GroupInfo>, PublishError> {
        if let Room::In(group) = self.groups.look_for(shard_len).await? {
            return Ok(Some(*group));
        }
        if !self.open.is_empty() {
            // The chain opens another group only when the present ones are full by what is registered.
            match self.register_part().await {
                Ok(()) => {}
                Err(PublishError::Upload(error)) => {
                    self.start_over(error).await?;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
            if let Room::In(group) = self.groups.look_for(shard_len).await? {
                return Ok(Some(*group));
            }
        }
        // A group that is opened because others have failed costs a deposit, and may fail too.
        if self.failed.is_some() {
            self.spare = self.spare.checked_sub(1).ok_or(PublishError::Interrupted)?;
        }
        Ok(Some(self.groups.open(self.signer, shard_len, self.progress).await?))
    }

    /// Stores objects in a group, a few at a time.
    async fn run(
        &mut self,
        group: GroupInfo,
        run: Vec<(usize, PackId, Source)>,
        done: &mut [Option<ContentRef>],
    ) -> Result<(), PublishError> {
        let id = group.id;
        let n = u64::from(self.summary.profile.profile().n);
        let parallel = (IN_FLIGHT / (n * FRAME_LEN * STRIPES)).clamp(1, PARALLEL);
        self.session(group).await?;
        let (Some(session), progress) = (self.sessions.get(&id), self.progress) else {
            return Err(PublishError::Interrupted);
        };
        let store = |(index, pack, source): (usize, PackId, Source)| async move {
            let len = source.len();
            session.store(source, progress).await.map(|stored| (index, pack, len, stored))
        };
        let at_once = to_usize(parallel);
        let mut storing = stream::iter(run).map(store).buffer_unordered(at_once).boxed();
        while let Some(stored) = storing.next().await {
            let (index, pack, len, stored) = stored?;
            let shard_len = stored.header.layout()?.shard_len();
            self.state.journal.add_sealed(Sealed { pack, content: stored.content, header: stored.header })?;
            self.summary.objects += 1;
            self.summary.plain_bytes = self.summary.plain_bytes.saturating_add(len);
            self.summary.shard_bytes = self.summary.shard_bytes.saturating_add(shard_len.saturating_mul(n));
            if let Some(place) = done.get_mut(index) {
                *place = Some(stored.content);
            }
            self.open.entry(id).or_default().push(stored);
        }
        Ok(())
    }

    /// The session with a group's members. Connects first if there is no session yet.
    async fn session(&mut self, group: GroupInfo) -> Result<&UploadSession, UploadError> {
        let id = group.id;
        if !self.sessions.contains_key(&id) {
            self.progress.begin(Stage::Connecting, Some(to_u64(group.slots.iter().flatten().count())));
            let session = UploadSession::connect(self.client.network(), group, self.signer).await?;
            self.sessions.insert(id, session);
        }
        self.sessions.get(&id).ok_or(UploadError::Interrupted)
    }
}

/// The epoch that objects have to reach to be used again: half of what is bought now, and more than the present one, at whose
/// beginning they are gone.
pub(super) fn needed(epoch: Epoch, epochs: u32) -> Epoch {
    epoch.saturating_add((epochs / 2).max(1))
}

/// A note on what an earlier run has paid for, if that expires sooner than was asked for now.
pub(super) fn sooner(expiry: Epoch, asked: Epoch) -> Option<String> {
    (expiry < asked).then(|| {
        format!(
            "an earlier run has paid for this, or a part of it, until epoch {expiry}, not {asked}: `meganet renew` with the name or link makes it last longer"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_at_the_end_of_this_epoch_is_not_used_again() {
        for (epochs, expected) in [(1, 8), (2, 8), (3, 8), (4, 9), (52, 33)] {
            assert_eq!(needed(7, epochs), expected, "{epochs}");
        }
        assert_eq!(needed(Epoch::MAX, 52), Epoch::MAX);
    }

    #[test]
    fn what_lasts_as_long_as_asked_for_needs_no_note() {
        assert_eq!(sooner(9, 9).or(sooner(10, 9)), None);
        assert!(sooner(8, 9).is_some_and(|note| note.contains("until epoch 8, not 9")));
    }
}
