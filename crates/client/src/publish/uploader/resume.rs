//! Objects that an earlier, interrupted run has stored.

use super::Uploader;
use crate::{
    pack::PackId,
    payments::{LIFETIME, pass_nonce},
    publish::{
        error::PublishError,
        journal::{Sealed, Submission},
    },
};
use futures::{StreamExt, stream};
use meganet_chain_client::{At, ChainError, StoredLeaf};
use meganet_net::wire::get::MAX_HAVE;
use meganet_primitives::{
    BlockNumber, Epoch, GroupId, SlotIndex,
    chain::{GroupInfo, SlotMember},
    content::ContentRef,
    convert::to_usize,
    object::ObjectId,
};
use meganet_transfer::upload::{Source, Stored, UploadError};
use std::collections::{BTreeMap, HashMap};

/// Blocks in which an extrinsic is included, unless it was lost or they are full.
const PATIENCE: BlockNumber = 10;

/// Objects that are registered, and the epoch at whose beginning they expire. Without an object: nothing was registered.
type Settled = (Vec<ObjectId>, Epoch);

impl Uploader<'_> {
    /// Finds what an earlier run has stored, as far as a quorum still holds it. Its submission has to be settled before.
    pub(super) async fn resume(
        &mut self,
        items: &[(PackId, Source)],
        done: &mut [Option<ContentRef>],
    ) -> Result<(), PublishError> {
        let mut known: BTreeMap<GroupId, Vec<(usize, Sealed)>> = BTreeMap::new();
        for (index, (pack, _)) in items.iter().enumerate() {
            let Some(sealed) = self.state.journal.sealed(pack) else { continue };
            if let Some(expiry) = self.state.journal.registered(&sealed.content.object) {
                // Registered by a part of the upload that came before a crash, or by a run that bought less.
                if expiry >= self.needed() {
                    self.lasts = self.lasts.min(expiry);
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
                Err(PublishError::Upload(error @ UploadError::NoQuorum { .. })) => {
                    self.fail_over(error).await?;
                    continue;
                }
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

    /// Finds out what earlier runs have registered, so that nothing is paid for twice, and records it. `lost` are objects that one of
    /// them was about to register, and that the journal does not know: those that it does not know afterwards are not registered, and
    /// cannot be any more. Returns false if there is no such question.
    pub(in crate::publish) async fn settle_earlier(&mut self, mut lost: Vec<ContentRef>) -> Result<bool, PublishError> {
        let is_damaged = self.state.journal.is_damaged();
        let mut settled: Vec<Settled> = self.settle_submission().await?.into_iter().collect();
        let is_submitted = !settled.is_empty();
        if is_damaged {
            // The first records replace the damage, and with it the question about lost ones: they wait for the answer to that.
            let is_settled =
                |content: &ContentRef| settled.iter().any(|(objects, _)| objects.contains(&content.object));
            lost.extend(self.state.journal.unregistered().into_iter().filter(|content| !is_settled(content)));
        } else {
            self.record(std::mem::take(&mut settled))?;
        }
        if !lost.is_empty() {
            settled.extend(self.registered_of(&lost, is_damaged).await?);
        }
        if settled.is_empty() && is_damaged {
            // Whatever else was registered cannot be found without its objects.
            settled.push((Vec::new(), 0));
        }
        self.record(settled)?;
        Ok(is_submitted || !lost.is_empty())
    }

    fn record(&mut self, settled: Vec<Settled>) -> Result<(), PublishError> {
        if settled.is_empty() {
            return Ok(());
        }
        for (objects, expiry) in &settled {
            for object in objects {
                self.state.paid(*object, *expiry);
            }
        }
        self.state.journal.add_settled(settled)
    }

    /// Finds those of these objects that are registered, by the epoch at whose beginning they expire. Their records are lost, so only
    /// workers know, once nothing more can be registered.
    async fn registered_of(&mut self, lost: &[ContentRef], is_damaged: bool) -> Result<Vec<Settled>, PublishError> {
        self.progress.note("the records of an earlier run are lost or damaged: finding out what it has registered");
        let passed = pass_nonce(&**self.client.chain(), self.signer).await?;
        self.fee = self.fee.saturating_add(passed.fee);
        let found = self.client.locate(lost, At::Finalized).await;
        let journal = is_damaged.then(|| self.state.journal.path().to_owned());
        let (batches, _) = found.map_err(PublishError::unsure(journal))?;
        Ok(batches.into_iter().map(|batch| (batch.objects, batch.expiry)).collect())
    }

    /// Finds out whether an extrinsic that an earlier run submitted is included. Returns its objects, or no object if no block holds it;
    /// `None` if there is no such question.
    async fn settle_submission(&mut self) -> Result<Option<Settled>, PublishError> {
        let Some(submission) = self.state.journal.submitting().cloned() else { return Ok(None) };
        self.progress.note("finding out whether an earlier run has registered this upload");
        let is_included = self.was_included(&submission).await?;
        let objects = if is_included { submission.objects } else { Vec::new() };
        Ok(Some((objects, submission.expiry)))
    }

    /// Returns true if a block includes an extrinsic. While a block still may, this waits for some blocks, and then submits an empty
    /// transfer, which follows the extrinsic or takes its nonce: afterwards the extrinsic is in a block or never can be. A preview
    /// neither waits nor submits.
    async fn was_included(&mut self, submission: &Submission) -> Result<bool, PublishError> {
        let best = self.client.chain().best().await?.number;
        let dies = submission.after.saturating_add(LIFETIME);
        let from = submission.after.saturating_add(1);
        if self.search(submission, from, best.min(dies)).await? {
            return Ok(true);
        }
        if best >= dies || !self.state.is_kept() {
            return Ok(false);
        }
        self.progress
            .note("an earlier run may have submitted this upload's registration: waiting until a block includes it");
        let from = best.saturating_add(1).max(from);
        let patient = best.saturating_add(PATIENCE).min(dies);
        if self.search(submission, from, patient).await? {
            return Ok(true);
        }
        if patient == dies {
            return Ok(false);
        }
        self.progress.note("no block includes it: a transaction that changes nothing makes sure that none will");
        let passed = pass_nonce(&**self.client.chain(), self.signer).await;
        let last = match &passed {
            Ok(outcome) => outcome.block.number,
            // It may have been in the way.
            Err(_) => self.client.chain().finalized().await?.number,
        };
        let included = self.search(submission, patient.saturating_add(1), last).await?;
        match passed {
            Ok(outcome) => self.fee = self.fee.saturating_add(outcome.fee),
            Err(_) if included => {}
            Err(error) => return Err(error.into()),
        }
        Ok(included)
    }

    /// Looks for the batches of an extrinsic in these blocks, and waits until they are final; where the node has dropped their state,
    /// asks the workers.
    async fn search(
        &self,
        submission: &Submission,
        from: BlockNumber,
        last: BlockNumber,
    ) -> Result<bool, PublishError> {
        let chain = self.client.chain();
        let mut blocks = chain.blocks(Some(from));
        let mut asked = false;
        for _ in from..=last {
            let Some(block) = blocks.next().await else { return Err(PublishError::Interrupted) };
            match chain.stored_leaves(&block.hash).await {
                Ok(leaves) => {
                    let ours = |leaf: &StoredLeaf| submission.batches.contains(&(leaf.group, leaf.leaf.batch.root));
                    if leaves.iter().any(ours) {
                        return Ok(true);
                    }
                }
                Err(ChainError::StatePruned { .. } | ChainError::UnknownBlock { .. }) if asked => {}
                Err(ChainError::StatePruned { .. } | ChainError::UnknownBlock { .. }) => {
                    // Every run makes new keys and so new ids: an object in any batch was registered by a run of this upload.
                    let stored = self.state.journal.contents(&submission.objects);
                    let final_block = chain.finalized().await?.number;
                    let found = self.client.locate(&stored, At::Finalized).await;
                    let journal = self.state.journal.path().to_owned();
                    let (batches, _) = found.map_err(PublishError::unsure(Some(journal)))?;
                    if !batches.is_empty() || final_block >= last {
                        return Ok(!batches.is_empty());
                    }
                    // A later block may have it.
                    asked = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    fn take_resumed(&mut self, index: usize, sealed: &Sealed, done: &mut [Option<ContentRef>]) {
        if let Some(place) = done.get_mut(index) {
            *place = Some(sealed.content);
            self.summary.objects += 1;
            self.summary.resumed += 1;
        }
    }

    /// Which members of a group hold which of these objects.
    async fn held(&mut self, group: &GroupInfo, objects: &[ObjectId]) -> Result<HashMap<ObjectId, u64>, PublishError> {
        let at_once = to_usize(MAX_HAVE.into());
        let net = self.client.net();
        let ask = |(slot, member): (SlotIndex, SlotMember)| async move {
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
}
