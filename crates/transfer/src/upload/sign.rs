//! Batches of stored objects, and the receipts for them.

use super::{
    batch::partition,
    busy::{RETRIES, is_busy},
    error::UploadError,
    session::UploadSession,
    store::Stored,
};
use crate::{network::members, progress::Progress};
use backon::Retryable;
use ed25519_dalek::{Signature, VerifyingKey};
use futures::{StreamExt, stream::FuturesUnordered};
use meganet_chain_client::{Call, StorageCall};
use meganet_net::{NetError, SignBatch};
use meganet_primitives::{
    AccountId, BlockNumber, Epoch, GroupId, SlotIndex,
    chain::SlotMember,
    receipt::{RECEIPT_BLOCKS, Receipt, ReceiptStatement},
    sum_tree::{BatchEntry, BatchSummary, summarize},
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long to wait for the other members once a quorum has signed.
const GRACE: Duration = Duration::from_secs(5);
/// How long to wait for a quorum.
const PATIENCE: Duration = Duration::from_secs(90);
/// Receipts of an earlier run are used only if they stay valid for this many blocks, about five minutes.
const MARGIN: BlockNumber = 100;

/// A batch that a quorum has signed for.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct SignedBatch {
    /// The group that holds its objects.
    pub group: GroupId,
    /// The epoch at whose beginning it expires.
    pub expiry: Epoch,
    /// Root, count and bytes of its objects.
    pub batch: BatchSummary,
    /// The last block that may register it.
    pub valid_until: BlockNumber,
    /// The receipts, by slot.
    pub receipts: Vec<Receipt>,
}

impl SignedBatch {
    /// The call that registers it.
    pub fn call(&self) -> Call {
        let SignedBatch { group, expiry, batch, valid_until, ref receipts } = *self;
        Call::Storage(StorageCall::Store { group, expiry, batch, valid_until, receipts: receipts.clone() })
    }
}

impl UploadSession {
    /// Makes batches of stored objects and collects a quorum of receipts for each, or more. Receipts that are `known` from
    /// an earlier run are used where they still hold.
    pub async fn sign(
        &self,
        objects: &[Stored],
        owner: AccountId,
        expiry: Epoch,
        known: &[SignedBatch],
        progress: &dyn Progress,
    ) -> Result<Vec<SignedBatch>, UploadError> {
        // Sorted, so that a later run makes the same batches of the same objects.
        let mut objects: Vec<&Stored> = objects.iter().collect();
        objects.sort_by_key(|stored| stored.content.object);
        let held: Vec<u64> = objects.iter().map(|object| object.slots).collect();
        let head = self.network().chain().best().await?.number;
        let mut signed = Vec::new();
        for part in partition(&held, self.profile().quorum()) {
            let entries = part.objects.iter().filter_map(|index| objects.get(*index)).map(|stored| stored.entry());
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let batch = summarize(&entries)?;
            let known =
                known.iter().find(|known| (known.group, known.expiry, known.batch) == (self.group().id, expiry, batch));
            signed.push(match known.filter(|known| self.still_holds(known, owner, head)) {
                Some(known) => known.clone(),
                None => self.sign_batch(entries, part.slots, owner, expiry, progress).await?,
            });
        }
        Ok(signed)
    }

    async fn sign_batch(
        &self,
        entries: Vec<BatchEntry>,
        slots: u64,
        owner: AccountId,
        expiry: Epoch,
        progress: &dyn Progress,
    ) -> Result<SignedBatch, UploadError> {
        let batch = summarize(&entries)?;
        let group = self.group().id;
        let chain = self.network().chain();
        let genesis = chain.genesis();
        let valid_until = chain.best().await?.number.saturating_add(RECEIPT_BLOCKS);
        let ask = |(slot, member): (SlotIndex, SlotMember)| {
            let request = SignBatch { group, slot, expiry, owner, valid_until, entries: entries.clone() };
            let statement = ReceiptStatement { genesis, group, slot, expiry, owner, batch, valid_until };
            async move { (slot, self.ask(member, request, &statement).await) }
        };
        let mut receipts = Vec::new();
        let mut troubles = Vec::new();
        let signers = members(self.group()).filter(|(slot, _)| slots >> slot & 1 == 1);
        let mut running: FuturesUnordered<_> = signers.map(ask).collect();
        let mut deadline = Instant::now() + PATIENCE;
        loop {
            tokio::select! {
                answer = running.next() => match answer {
                    Some((_, Ok(receipt))) => {
                        receipts.push(receipt);
                        progress.advance(1);
                        if receipts.len() == self.quorum() {
                            deadline = deadline.min(Instant::now() + GRACE);
                        }
                    },
                    Some((slot, Err(reason))) => troubles.push(self.trouble(slot, reason)),
                    None => break,
                },
                () = sleep_until(deadline) => break,
            }
        }
        if receipts.len() < self.quorum() {
            return Err(self.no_quorum("signed", receipts.len(), troubles));
        }
        receipts.sort_by_key(|receipt: &Receipt| receipt.slot);
        Ok(SignedBatch { group, expiry, batch, valid_until, receipts })
    }

    /// Whether the present members' receipts for a batch are those that were collected, and are valid for a while yet.
    fn still_holds(&self, signed: &SignedBatch, owner: AccountId, head: BlockNumber) -> bool {
        let SignedBatch { group, expiry, batch, valid_until, ref receipts } = *signed;
        if valid_until < head.saturating_add(MARGIN) {
            return false;
        }
        let genesis = self.network().chain().genesis();
        let holds = |receipt: &Receipt| {
            let slot = receipt.slot;
            let member = self.group().slots.get(usize::from(slot)).copied().flatten();
            let statement = ReceiptStatement { genesis, group, slot, expiry, owner, batch, valid_until };
            member.is_some_and(|member| check(&member, receipt, &statement).is_ok())
        };
        receipts.len() >= self.quorum() && receipts.iter().all(holds)
    }

    /// A member's receipt, checked: one wrong receipt would cost the whole registration.
    async fn ask(
        &self,
        member: SlotMember,
        request: SignBatch,
        statement: &ReceiptStatement,
    ) -> Result<Receipt, String> {
        let ask = || async {
            let mut client = self.put_client(member.peer).await?;
            let receipt = client.sign(request.clone()).await?;
            // The receipt is here; how the stream ends changes nothing.
            client.close().await.ok();
            Ok::<_, NetError>(receipt)
        };
        let receipt = ask.retry(RETRIES).when(is_busy).await.map_err(|error| error.to_string())?;
        check(&member, &receipt, statement)?;
        Ok(receipt)
    }
}

/// Whether a receipt is this member's, for this statement.
fn check(member: &SlotMember, receipt: &Receipt, statement: &ReceiptStatement) -> Result<(), &'static str> {
    if receipt.slot != statement.slot {
        return Err("its receipt is for another slot");
    }
    let key = VerifyingKey::from_bytes(&member.peer.0).map_err(|_| "its key is not an Ed25519 key")?;
    let signature = Signature::from_bytes(&receipt.signature.0);
    let wrong = "its receipt is by another worker, or not for this chain, batch and owner";
    key.verify_strict(&statement.signed_bytes(), &signature).map_err(|_| wrong)
}

impl Stored {
    /// The object as it stands in a batch.
    pub fn entry(&self) -> Result<BatchEntry, UploadError> {
        let shard_len = self.header.layout()?.shard_len();
        Ok(BatchEntry { object: self.content.object, shards_root: self.header.shards_root, shard_len })
    }
}
