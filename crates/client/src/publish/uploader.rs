//! Uploads packs into groups, with a journal, and registers them.

mod forecast;
mod means;
mod plaintext;
mod register;
mod resume;

use self::plaintext::{lens, manifest_id, packs};
use super::{
    error::PublishError,
    journal::Sealed,
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
    Balance, Epoch, GroupId,
    chain::{GroupInfo, StorageParams},
    content::ContentRef,
    convert::{to_u64, to_usize},
    manifest::Manifest,
    object::FRAME_LEN,
};
use meganet_transfer::{
    progress::{Progress, Stage},
    upload::{Groups, Room, Source, Stored, UploadError, UploadSession, choose_profile},
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
            fee: 0,
        })
    }

    /// Uploads a plan's packs and its manifest, and registers them in one extrinsic with the name's registration (if any) and the
    /// call that `after` returns.
    pub(super) async fn publish(
        mut self,
        plan: Arc<Plan>,
        mut registration: Option<&mut NameRegistration<'_>>,
        after: impl FnOnce(&ContentRef) -> Option<Call>,
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
        let sealed = self.upload(packs(&plan), Some(total)).await?;
        let manifest = plan.manifest(&sealed);
        let bytes = manifest.encode()?;
        let content = self.upload(vec![(manifest_id(&bytes), Source::bytes(bytes))], None).await?;
        let content = content.into_iter().next().ok_or(PublishError::Interrupted)?;
        let (report, block) = self.register(registration, after(&content)).await?;
        self.settle(&manifest)?;
        Ok(Done { content, report, block })
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

    /// The epoch that objects of an older version have to reach: half of what is bought now.
    fn needed(&self) -> Epoch {
        self.params.epoch.saturating_add(self.epochs / 2)
    }

    /// Records that this manifest is published.
    pub(super) fn settle(&mut self, manifest: &Manifest) -> Result<(), PublishError> {
        self.state.settle(manifest)
    }

    /// Stores the items that are not stored yet. Returns the references in the order of the items.
    pub(super) async fn upload(
        &mut self,
        items: Vec<(PackId, Source)>,
        total: Option<u64>,
    ) -> Result<Vec<ContentRef>, PublishError> {
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
            let group = self.group_for(self.layout(first.1.len())?.shard_len()).await?;
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
            self.run(group, run, &mut done).await?;
        }
        done.into_iter().collect::<Option<Vec<_>>>().ok_or(PublishError::Interrupted)
    }

    /// A group with room, opened if need be.
    async fn group_for(&mut self, shard_len: u64) -> Result<GroupInfo, PublishError> {
        if let Room::In(group) = self.groups.look_for(shard_len).await? {
            return Ok(*group);
        }
        if !self.open.is_empty() {
            // The chain opens another group only when the present ones are full by what is registered.
            self.register_part().await?;
            if let Room::In(group) = self.groups.look_for(shard_len).await? {
                return Ok(*group);
            }
        }
        Ok(self.groups.open(self.signer, shard_len, self.progress).await?)
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
            let session = UploadSession::connect(self.client.network(), group).await?;
            self.sessions.insert(id, session);
        }
        self.sessions.get(&id).ok_or(UploadError::Interrupted)
    }
}
