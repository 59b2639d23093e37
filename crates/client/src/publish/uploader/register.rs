//! Receipts for stored objects, and the extrinsics that register them.

use super::Uploader;
use crate::{
    names::NameRegistration,
    publish::{
        error::PublishError,
        journal::Submission,
        report::{UploadReport, UploadSummary},
    },
};
use meganet_chain_client::{At, BlockRef, Call, ChainError, NameCall, Until, cost::store_price};
use meganet_primitives::{Balance, object::ObjectId};
use meganet_transfer::{
    progress::Stage,
    upload::{SignedBatch, Stored},
};

impl Uploader<'_> {
    /// Submits one extrinsic: the name's registration (if any), all stored batches, then `after`. Returns no block if an interrupted
    /// earlier run has already done so.
    pub(super) async fn register(
        &mut self,
        mut registration: Option<&mut NameRegistration<'_>>,
        after: impl FnOnce() -> Result<Option<Call>, PublishError>,
    ) -> Result<(UploadReport, Option<BlockRef>), PublishError> {
        // Receipts are collected when the commitment is old enough: they are fresh then.
        if let Some(registration) = &mut registration {
            registration.ready().await?;
        }
        let (batches, objects) = self.sign().await?;
        let after = after()?;
        let mut attempt = 0;
        let outcome = loop {
            let before = match &mut registration {
                Some(registration) => registration.ready().await?,
                None => None,
            };
            if self.is_done(after.as_ref()).await? {
                break None;
            }
            let stored = batches.iter().map(SignedBatch::call);
            let calls: Vec<Call> = before.into_iter().chain(stored).chain(after.clone()).collect();
            if calls.is_empty() {
                // An earlier run has registered everything.
                break None;
            }
            self.progress.begin(Stage::Registering, None);
            self.note_submission(&batches, &objects).await?;
            match self.client.chain().submit(self.signer, calls, self.until).await {
                Ok(outcome) => break Some(outcome),
                Err(error) if registration.is_some() && NameRegistration::worth_repeating(&error, attempt) => {
                    attempt += 1
                }
                Err(error) => return Err(self.not_registered(error)),
            }
        };
        self.registered(&batches, objects, outcome.as_ref().map_or(0, |outcome| outcome.fee))?;
        if let Some(registration) = registration {
            registration.settle()?;
        }
        let report = UploadReport { summary: UploadSummary { expiry: self.lasts, ..self.summary }, fee: self.fee };
        Ok((report, outcome.map(|outcome| outcome.block)))
    }

    /// Records that batches are about to be registered.
    async fn note_submission(&mut self, batches: &[SignedBatch], objects: &[ObjectId]) -> Result<(), PublishError> {
        if batches.is_empty() {
            return Ok(());
        }
        let after = self.client.chain().best().await?.number;
        let batches = batches.iter().map(|signed| (signed.group, signed.batch.root)).collect();
        let (objects, expiry) = (objects.to_vec(), self.summary.expiry);
        self.state.journal.add_submitting(Submission { after, batches, objects, expiry })
    }

    /// Whether a name already points where a call would point it. Every upload makes new keys and so new ids, so only an earlier run
    /// of this upload can have done that. The node is believed, as it is about the extrinsics that it submits.
    async fn is_done(&self, call: Option<&Call>) -> Result<bool, PublishError> {
        let (name, content) = match call {
            Some(Call::Name(NameCall::SetContent { label, content })) => (label.clone(), content),
            Some(Call::Name(NameCall::SetSubname { label, sub, content })) => (format!("{sub}.{label}"), content),
            _ => return Ok(false),
        };
        let found = self.client.chain().resolve(&name, At::Best).await?;
        Ok(found.is_some_and(|found| found.content.is_some() && found.content == *content))
    }

    /// Registers what is stored so far. No name points to it yet.
    pub(super) async fn register_part(&mut self) -> Result<(), PublishError> {
        let (batches, objects) = self.sign().await?;
        let calls = batches.iter().map(SignedBatch::call).collect();
        self.note_submission(&batches, &objects).await?;
        match self.client.chain().submit(self.signer, calls, Until::InBlock).await {
            Ok(outcome) => self.registered(&batches, objects, outcome.fee),
            Err(error) => Err(self.not_registered(error)),
        }
    }

    /// Records that an extrinsic failed, where that is certain: otherwise the next run waits until no block can include it.
    fn not_registered(&mut self, error: ChainError) -> PublishError {
        if !error.may_still_succeed()
            && self.state.journal.submitting().is_some()
            && let Err(unrecorded) = self.state.journal.add_registered(Vec::new(), self.summary.expiry)
        {
            tracing::warn!(%unrecorded, "the next run will look for a registration that has failed");
        }
        error.into()
    }

    /// Receipts for all that is stored and not registered.
    async fn sign(&mut self) -> Result<(Vec<SignedBatch>, Vec<ObjectId>), PublishError> {
        let count = |stored: &Vec<Stored>| stored.first().map_or(0, |object| object.slots.count_ones());
        self.progress.begin(Stage::Signing, Some(self.open.values().map(count).map(u64::from).sum()));
        let (mut batches, mut objects) = (Vec::new(), Vec::new());
        for (group, stored) in &self.open {
            let Some(session) = self.sessions.get(group) else { return Err(PublishError::Interrupted) };
            let (owner, expiry) = (self.signer.account(), self.summary.expiry);
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
        let price = |batch: &SignedBatch| {
            // The profile may have changed since.
            let session = self.sessions.get(&batch.group);
            let profile = session.map_or(self.summary.profile, |session| session.group().profile);
            store_price(&self.params, batch.batch.bytes, profile.profile().n, batch.expiry)
        };
        self.summary.price = batches.iter().map(price).fold(self.summary.price, Balance::saturating_add);
        self.fee = self.fee.saturating_add(fee);
        for object in &objects {
            self.state.paid(*object, self.summary.expiry);
        }
        self.open.clear();
        self.groups.registered();
        self.state.journal.add_registered(objects, self.summary.expiry)
    }
}
