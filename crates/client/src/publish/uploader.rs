//! Uploads packs into groups, with a journal, and registers them.

mod forecast;

pub use forecast::UploadForecast;

use super::{PublishError, PublishOptions, UploadReport, journal::Sealed, state::State};
use crate::{
    client::Client,
    names::Registration,
    pack::{ContentHasher, PackId},
};
use futures::{StreamExt, stream};
use meganet_chain_client::{At, BlockRef, Call, ChainError, Signer, Until, account::format_account, cost::store_price};
use meganet_net::wire::get::MAX_HAVE;
use meganet_primitives::{
    Balance, Epoch, GroupId, SlotIndex,
    chain::{GroupInfo, StorageParams},
    content::ContentRef,
    manifest::Manifest,
    object::{FRAME_LEN, Layout, ObjectId, sealed_len},
    placement::ProfileId,
};
use meganet_transfer::{
    progress::{Progress, Stage},
    upload::{Groups, Room, SignedBatch, Source, Stored, UploadError, UploadSession, choose_profile},
};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Memory of the objects that are sent at the same time.
const IN_FLIGHT: u64 = 24 * 1024 * 1024;
/// Stripes of one object that are in memory at most.
const STRIPES: u64 = 12;
/// Objects that are sent at the same time at most: one hides the waiting of another.
const PARALLEL: u64 = 2;

/// One upload under way.
pub(super) struct Uploader<'a> {
    client: &'a Client,
    signer: &'a Signer,
    state: &'a mut State,
    progress: &'a dyn Progress,
    until: Until,
    profile: ProfileId,
    params: StorageParams,
    epochs: u32,
    groups: Groups<'a>,
    sessions: BTreeMap<GroupId, UploadSession>,
    /// What is stored and not registered, by group, in the order in which it was stored.
    open: BTreeMap<GroupId, Vec<Stored>>,
    report: UploadReport,
}

/// What objects take, and where there is room for them.
struct Means {
    /// The price of their storage.
    price: Balance,
    /// The deposit of a group that has to be opened for them.
    group_deposit: Balance,
    room: Room,
}

/// What a manifest's object is filed under in the journal.
pub(super) fn manifest_id(bytes: &[u8]) -> PackId {
    let mut id = ContentHasher::default();
    id.update(b"meganet/manifest/1");
    id.update(bytes);
    PackId(id.finish())
}

impl<'a> Uploader<'a> {
    /// Asks the chain what storage costs and which profile will do. Opens nothing yet.
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
        let report = UploadReport {
            profile,
            objects: 0,
            resumed: 0,
            plain_bytes: 0,
            shard_bytes: 0,
            expiry: params.epoch.saturating_add(epochs),
            price: 0,
            fee: 0,
        };
        let groups = Groups::new(client.network(), profile, params.clone());
        Ok(Self {
            client,
            signer,
            state,
            progress,
            until: options.until,
            profile,
            params,
            epochs,
            groups,
            sessions: BTreeMap::new(),
            open: BTreeMap::new(),
            report,
        })
    }

    /// Plaintext bytes of the largest object to make.
    pub(super) fn max_pack(&self, wanted: u64) -> u64 {
        self.profile.profile().max_object_len(self.groups.slot_capacity()).min(wanted).max(1)
    }

    /// Finds out until when the objects of the published version are kept, unless all are known to be for long enough: they may
    /// have been published from another machine, or renewed. Where workers can't be asked, what is not known is taken to
    /// be kept.
    pub(super) async fn learn_expiries(&mut self, content: Option<ContentRef>, previous: Option<&Manifest>) {
        let (Some(content), Some(previous)) = (content, previous) else { return };
        let known =
            |object: &ContentRef| self.state.expiry(&object.object).is_some_and(|expiry| expiry >= self.needed());
        if previous.objects.iter().all(known) {
            return;
        }
        let kept = async { self.client.kept_until(&self.client.open_content(&content).await?, At::Finalized).await };
        match kept.await {
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

    /// Everything is published as in this manifest.
    pub(super) fn settle(&mut self, manifest: &Manifest) -> Result<(), PublishError> {
        self.state.settle(manifest)
    }

    /// Whether there are workers and money for objects of these lengths, and `besides` for something else; before anything is
    /// sent or spent.
    pub(super) async fn check_means(
        &mut self,
        packs: &[u64],
        manifest: u64,
        besides: Balance,
    ) -> Result<(), PublishError> {
        let means = self.means(packs, manifest).await?;
        let needed = means.price.saturating_add(means.group_deposit).saturating_add(besides);
        let account = self.signer.account();
        let available = self.client.chain().balance(&account, At::Best).await?.spendable;
        // The fees come on top; the chain says so to whoever has next to nothing left.
        if available <= needed {
            let purpose =
                if besides > 0 { "the name, storage, deposits and fees" } else { "storage, deposits and fees" };
            let purpose = purpose.to_owned();
            return Err(ChainError::InsufficientFunds {
                account: format_account(&account),
                needed,
                available,
                purpose,
            }
            .into());
        }
        if let Room::In(group) = means.room {
            self.session(*group).await?;
        }
        Ok(())
    }

    /// What objects of these lengths take, with a manifest of that length.
    async fn means(&self, packs: &[u64], manifest: u64) -> Result<Means, PublishError> {
        let bytes = self.shard_bytes(packs)?.saturating_add(self.shard_bytes(&[manifest])?);
        let longest = packs.iter().fold(manifest, |longest, len| longest.max(*len));
        let room = self.groups.look_for(self.layout(longest)?.shard_len()).await?;
        let group_deposit = if matches!(room, Room::ToOpen) { self.params.group_deposit } else { 0 };
        Ok(Means { price: self.price(bytes), group_deposit, room })
    }

    /// Bytes of one shard each of objects of these lengths.
    fn shard_bytes(&self, lens: &[u64]) -> Result<u64, PublishError> {
        let mut sum = 0_u64;
        for len in lens {
            sum = sum.saturating_add(self.layout(*len)?.shard_len());
        }
        Ok(sum)
    }

    /// The price of so many shard bytes in each slot, for as long as storage is bought.
    fn price(&self, bytes: u64) -> Balance {
        store_price(&self.params, bytes, self.profile.profile().n, self.report.expiry)
    }

    /// Stores what is not stored yet; gives the references in the order of the items.
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

    /// Registers all that is stored in one extrinsic, after the name, if that is to be registered, and before a call that
    /// relies on both. Gives no block where an earlier run, which ended before it knew, has done it already.
    pub(super) async fn register(
        &mut self,
        mut registration: Option<&mut Registration<'_>>,
        after: Option<Call>,
    ) -> Result<(UploadReport, Option<BlockRef>), PublishError> {
        // Receipts are collected when the commitment is old enough: they are fresh then.
        if let Some(registration) = &mut registration {
            registration.ready().await?;
        }
        let (batches, objects) = self.sign().await?;
        let mut attempt = 0;
        let outcome = loop {
            let before = match &mut registration {
                Some(registration) => registration.ready().await?,
                None => None,
            };
            if self.is_done(after.as_ref()).await? {
                break None;
            }
            self.progress.begin(Stage::Registering, None);
            let stored = batches.iter().map(SignedBatch::call);
            let calls = before.into_iter().chain(stored).chain(after.clone()).collect();
            match self.client.chain().submit(self.signer, calls, self.until).await {
                Ok(outcome) => break Some(outcome),
                Err(error) if registration.is_some() && Registration::worth_repeating(&error, attempt) => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        };
        self.registered(&batches, objects, outcome.as_ref().map_or(0, |outcome| outcome.fee))?;
        if let Some(registration) = registration {
            registration.settle()?;
        }
        Ok((self.report, outcome.map(|outcome| outcome.block)))
    }

    /// Whether a name points already where a call would point it. Objects have keys of their own, so only an earlier run of
    /// this upload can have done that.
    async fn is_done(&self, call: Option<&Call>) -> Result<bool, PublishError> {
        let (name, content) = match call {
            Some(Call::SetContent { label, content }) => (label.clone(), content),
            Some(Call::SetSubname { label, sub, content }) => (format!("{sub}.{label}"), content),
            _ => return Ok(false),
        };
        let found = self.client.chain().resolve(&name, At::Best).await?;
        Ok(found.is_some_and(|found| found.content.is_some() && found.content == *content))
    }

    /// How an object of so many plaintext bytes is cut.
    fn layout(&self, len: u64) -> Result<Layout, PublishError> {
        let profile = self.profile.profile();
        Ok(Layout::new(profile.k, profile.n, sealed_len(len)?)?)
    }

    /// Finds what an earlier run has stored, as far as a quorum still holds it.
    async fn resume(
        &mut self,
        items: &[(PackId, Source)],
        done: &mut [Option<ContentRef>],
    ) -> Result<(), PublishError> {
        let mut known: BTreeMap<GroupId, Vec<(usize, Sealed)>> = BTreeMap::new();
        for (index, (pack, _)) in items.iter().enumerate() {
            let Some(sealed) = self.state.journal.sealed(pack) else { continue };
            if let Some(expiry) = self.state.journal.registered(&sealed.content.object) {
                // Registered by a part of the upload that came before a crash.
                if self.params.epoch < expiry {
                    self.state.paid(sealed.content.object, expiry);
                    self.take_resumed(index, &sealed, done);
                }
            } else {
                known.entry(sealed.content.group).or_default().push((index, sealed));
            }
        }
        for (group, sealed) in known {
            let Some(info) = self.client.chain().group(group, At::Best).await? else { continue };
            let quorum = u32::from(info.profile.profile().quorum());
            let ids: Vec<ObjectId> = sealed.iter().map(|(_, sealed)| sealed.content.object).collect();
            let held = match self.held(&info, &ids).await {
                // Those members are away: the objects go to another group.
                Err(PublishError::Upload(UploadError::NoQuorum { .. })) => continue,
                other => other?,
            };
            for (index, sealed) in sealed {
                let slots = held.get(&sealed.content.object).copied().unwrap_or(0);
                if slots.count_ones() < quorum {
                    continue;
                }
                let shard_len = sealed.header.layout()?.shard_len();
                if self.groups.free(&info) < shard_len {
                    continue;
                }
                self.groups.promise(group, shard_len);
                let stored = Stored { content: sealed.content, header: sealed.header, slots };
                self.open.entry(group).or_default().push(stored);
                self.take_resumed(index, &sealed, done);
            }
        }
        Ok(())
    }

    fn take_resumed(&mut self, index: usize, sealed: &Sealed, done: &mut [Option<ContentRef>]) {
        if let Some(place) = done.get_mut(index) {
            *place = Some(sealed.content);
            self.report.objects += 1;
            self.report.resumed += 1;
        }
    }

    /// Which members of a group hold which of these objects.
    async fn held(&mut self, group: &GroupInfo, objects: &[ObjectId]) -> Result<HashMap<ObjectId, u64>, PublishError> {
        let at_once = usize::try_from(MAX_HAVE).unwrap_or(usize::MAX);
        let net = self.client.net();
        let ask = |(slot, member): (SlotIndex, meganet_primitives::chain::SlotMember)| async move {
            let client = net.lazy_get_client(member.peer);
            let mut held = Vec::new();
            for part in objects.chunks(at_once) {
                // One that does not answer holds nothing, as far as this upload is concerned.
                let Ok(have) = client.have(part).await else { break };
                held.extend(part.iter().zip(have).filter(|(_, have)| *have).map(|(object, _)| *object));
            }
            (slot, held)
        };
        // Only of members that can be reached: others would take long to fail.
        let session = self.session(group.clone()).await?;
        let usable = session.usable();
        let answers: Vec<_> = stream::iter(usable).map(ask).buffer_unordered(usize::from(u8::MAX)).collect().await;
        let mut slots: HashMap<ObjectId, u64> = HashMap::new();
        for (slot, held) in answers {
            for object in held {
                *slots.entry(object).or_default() |= 1_u64.checked_shl(slot.into()).unwrap_or(0);
            }
        }
        Ok(slots)
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

    /// Registers what is stored so far. No name points at it yet.
    async fn register_part(&mut self) -> Result<(), PublishError> {
        let (batches, objects) = self.sign().await?;
        let calls = batches.iter().map(SignedBatch::call).collect();
        let outcome = self.client.chain().submit(self.signer, calls, Until::InBlock).await?;
        self.registered(&batches, objects, outcome.fee)
    }

    /// Stores objects in a group, a few at a time.
    async fn run(
        &mut self,
        group: GroupInfo,
        run: Vec<(usize, PackId, Source)>,
        done: &mut [Option<ContentRef>],
    ) -> Result<(), PublishError> {
        let id = group.id;
        let n = u64::from(self.profile.profile().n);
        let parallel = (IN_FLIGHT / (n * FRAME_LEN * STRIPES)).clamp(1, PARALLEL);
        self.session(group).await?;
        let (Some(session), progress) = (self.sessions.get(&id), self.progress) else {
            return Err(PublishError::Interrupted);
        };
        let store = |(index, pack, source): (usize, PackId, Source)| async move {
            let len = source.len();
            session.store(source, progress).await.map(|stored| (index, pack, len, stored))
        };
        let at_once = usize::try_from(parallel).unwrap_or(1);
        let mut storing = stream::iter(run).map(store).buffer_unordered(at_once).boxed();
        while let Some(stored) = storing.next().await {
            let (index, pack, len, stored) = stored?;
            let shard_len = stored.header.layout()?.shard_len();
            self.state.journal.add_sealed(Sealed { pack, content: stored.content, header: stored.header })?;
            self.report.objects += 1;
            self.report.plain_bytes = self.report.plain_bytes.saturating_add(len);
            self.report.shard_bytes = self.report.shard_bytes.saturating_add(shard_len.saturating_mul(n));
            if let Some(place) = done.get_mut(index) {
                *place = Some(stored.content);
            }
            self.open.entry(id).or_default().push(stored);
        }
        Ok(())
    }

    /// Receipts for all that is stored and not registered.
    async fn sign(&mut self) -> Result<(Vec<SignedBatch>, Vec<ObjectId>), PublishError> {
        let count = |stored: &Vec<Stored>| stored.first().map_or(0, |object| object.slots.count_ones());
        self.progress.begin(Stage::Signing, Some(self.open.values().map(count).map(u64::from).sum()));
        let (mut batches, mut objects) = (Vec::new(), Vec::new());
        for (group, stored) in &self.open {
            let Some(session) = self.sessions.get(group) else { return Err(PublishError::Interrupted) };
            let (owner, expiry) = (self.signer.account(), self.report.expiry);
            let known = self.state.journal.signed();
            let signed = session.sign(stored, owner, expiry, known, self.progress).await?;
            for batch in &signed {
                if !self.state.journal.signed().contains(batch) {
                    self.state.journal.add_signed(batch.clone())?;
                }
            }
            objects.extend(stored.iter().map(|object| object.content.object));
            batches.extend(signed);
        }
        Ok((batches, objects))
    }

    fn registered(
        &mut self,
        batches: &[SignedBatch],
        objects: Vec<ObjectId>,
        fee: Balance,
    ) -> Result<(), PublishError> {
        let n = self.profile.profile().n;
        let price = |batch: &SignedBatch| store_price(&self.params, batch.batch.bytes, n, batch.expiry);
        self.report.price = batches.iter().map(price).fold(self.report.price, Balance::saturating_add);
        self.report.fee = self.report.fee.saturating_add(fee);
        for object in &objects {
            self.state.paid(*object, self.report.expiry);
        }
        self.open.clear();
        self.groups.registered();
        self.state.journal.add_registered(objects, self.report.expiry)
    }

    /// The session with a group's members; connects where there is none yet.
    async fn session(&mut self, group: GroupInfo) -> Result<&UploadSession, UploadError> {
        let id = group.id;
        if !self.sessions.contains_key(&id) {
            self.progress
                .begin(Stage::Connecting, Some(u64::try_from(group.slots.iter().flatten().count()).unwrap_or(0)));
            let session = UploadSession::connect(self.client.network(), group).await?;
            self.sessions.insert(id, session);
        }
        self.sessions.get(&id).ok_or(UploadError::Interrupted)
    }
}
