//! Receipts: what is promised to those who upload, for how long, and to whom it is readable until it is paid for.
//!
//! Nothing is stored for free for long. A promise has an age, counted from its first receipt, and is not renewed beyond it.
//! A receipt that was not registered in time *lapses*. Until it is released, the shards that nothing else keeps are
//! *overdue*: a node may have hidden the registration, so they are kept, but strangers cannot read them, they count against
//! the share of their uploader, and who wants them promised again has to upload them again.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table, page},
    keys::{Hold, ReceiptKey, ShardKey},
    readable,
    records::{LapseRecord, ReceiptRecord, Seconds, ShardRecord, ShardState, UploadRecord},
};
use crate::model::Lapse;
use codec::Encode;
use meganet_primitives::{
    AccountId, BlockNumber, GroupId,
    object::ObjectId,
    receipt::{MAX_RECEIPT_BLOCKS, PeerKey},
    sum_tree::BatchEntry,
    units::BLOCK_SECONDS,
};

/// The result of [`Store::add_receipt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddReceipt {
    /// The receipt is recorded.
    Added,
    /// The shard of this object is not held; nothing is recorded.
    Lacking(ObjectId),
    /// Shards of it were promised before, and not registered for too long; nothing is recorded.
    NotPaid,
    /// There are too many other receipts for these shards; nothing is recorded.
    TooMany,
}

/// The most receipts for batches that hold a shard, or for a batch, at a time.
const MAX_RECEIPTS: usize = 4;
/// Receipts that are looked at in one go.
const PAGE: usize = 4096;
/// Stands for the uploader of a shard that was found, or registered once. No peer uses this key.
const NOBODY: PeerKey = PeerKey([0; 32]);

/// Seconds after its first receipt in which an upload must be registered: twice the validity of a receipt.
fn unpaid() -> Seconds {
    2 * u64::from(MAX_RECEIPT_BLOCKS) * BLOCK_SECONDS
}

impl Store {
    /// Records a receipt before it is sent: from now on its shards are kept until it is registered or has lapsed. It replaces
    /// an earlier one for the same batch, so that asking again costs no space and buys no time.
    pub fn add_receipt(
        &self,
        key: &ReceiptKey,
        owner: &AccountId,
        entries: &[BatchEntry],
        now: Seconds,
    ) -> Result<AddReceipt, StoreError> {
        let seen = self.look_up(key, owner, entries, now)?;
        self.files.reached("receipt-looked-up")?;
        let _rows = self.alone();
        let earlier = match self.replaced(key)? {
            Ok(earlier) => earlier,
            Err(result) => return Ok(result),
        };
        let mut rows = Batch::default();
        for earlier in &earlier {
            rows.delete(Table::Receipts, earlier.encode());
            rows.delete(Table::BatchHolds, Hold::Receipt(*earlier).of_batch(&key.batch));
        }
        let mut changed = Vec::new();
        let mut uploads = Vec::new();
        let mut seen = seen.into_iter();
        for entry in entries {
            let shard = ShardKey { object: entry.object, shard: key.slot };
            let Some(record) = self.still_held(&shard, entry, seen.next())? else {
                return Ok(AddReceipt::Lacking(entry.object));
            };
            match self.promise(&shard, &record, owner, earlier.is_empty(), now)? {
                Err(refused) => return Ok(refused),
                Ok(Some(upload)) => uploads.push((self.put_upload(&shard, &upload, &mut rows)?, upload)),
                Ok(None) => {}
            }
            for earlier in &earlier {
                rows.delete(Table::Holds, Hold::Receipt(*earlier).of_shard(&shard));
            }
            rows.put(Table::Holds, Hold::Receipt(*key).of_shard(&shard), Vec::new());
            if record.state < ShardState::Receipted {
                let receipted = ShardRecord { state: ShardState::Receipted, ..record.clone() };
                rows.put(Table::Shards, shard.encode(), receipted.encode());
                changed.push((record, receipted));
            }
        }
        for earlier in &earlier {
            self.end_lapse(&Lapse::Receipt(*earlier), &mut rows)?;
        }
        rows.put(Table::Batches, key.batch.to_vec(), entries.encode());
        rows.put(Table::BatchHolds, Hold::Receipt(*key).of_batch(&key.batch), Vec::new());
        rows.put(Table::Receipts, key.encode(), ReceiptRecord { owner: *owner, signed_at: now }.encode());
        self.engine.commit(rows, Durability::Synced)?;
        self.files.reached("receipt-recorded")?;
        self.recount(&changed);
        self.recount_uploads(&uploads);
        Ok(AddReceipt::Added)
    }

    /// The earlier receipts for the same batch, expiry and slot, which one with this key replaces; or the result, if no look
    /// at the shards is needed.
    fn replaced(&self, key: &ReceiptKey) -> Result<Result<Vec<ReceiptKey>, AddReceipt>, StoreError> {
        let earlier = self.receipts_for(&ReceiptKey::of_batch(key.expiry, key.group, key.slot, &key.batch))?;
        if earlier.iter().any(|earlier| earlier.valid_until >= key.valid_until) {
            // Its shards are kept for long enough already.
            return Ok(Err(AddReceipt::Added));
        }
        let others = page(&*self.engine, Table::BatchHolds, &key.batch, &[], MAX_RECEIPTS)?;
        if earlier.is_empty() && others.len() >= MAX_RECEIPTS {
            return Ok(Err(AddReceipt::TooMany));
        }
        Ok(Ok(earlier))
    }

    /// Looks for the shards of a batch before anything is locked: for a large batch this takes a second, and minutes on a
    /// cold disk. Returns their records, in the order of the entries, up to the first one that cannot be promised. Decides
    /// nothing: the look under the lock meets the same obstacle, unless it is gone by then.
    fn look_up(
        &self,
        key: &ReceiptKey,
        owner: &AccountId,
        entries: &[BatchEntry],
        now: Seconds,
    ) -> Result<Vec<ShardRecord>, StoreError> {
        let Ok(earlier) = self.replaced(key)? else { return Ok(Vec::new()) };
        let look = |entry: &BatchEntry| {
            let shard = ShardKey { object: entry.object, shard: key.slot };
            let record = self.held(&shard, entry).ok().flatten()?;
            // Read so that the rows are in memory when they are read again under the lock.
            let promised = self.promise(&shard, &record, owner, earlier.is_empty(), now);
            matches!(promised, Ok(Ok(_))).then_some(record)
        };
        Ok(entries.iter().map_while(look).collect())
    }

    /// The record of a shard that is held and matches a batch entry, as [`Self::held`], if that has returned `seen` for them
    /// a moment ago. As long as the row is the same, the object's row and the file are there: both are written before it
    /// or with it, and removed with it or later.
    fn still_held(
        &self,
        shard: &ShardKey,
        entry: &BatchEntry,
        seen: Option<ShardRecord>,
    ) -> Result<Option<ShardRecord>, StoreError> {
        if let Some(seen) = seen
            && self.shard(shard)?.as_ref() == Some(&seen)
        {
            return Ok(Some(seen));
        }
        self.held(shard, entry)
    }

    /// The upload of a shard, if it is promised for the first time now and so has to be recorded; or the reason why the shard
    /// cannot be promised.
    fn promise(
        &self,
        shard: &ShardKey,
        record: &ShardRecord,
        owner: &AccountId,
        is_new: bool,
        now: Seconds,
    ) -> Result<Result<Option<UploadRecord>, AddReceipt>, StoreError> {
        if is_new
            && page(&*self.engine, Table::Holds, &shard.encode(), &[], 2 * MAX_RECEIPTS)?.len() >= 2 * MAX_RECEIPTS
        {
            return Ok(Err(AddReceipt::TooMany));
        }
        if record.state >= ShardState::Registered {
            return Ok(Ok(None));
        }
        // A shard whose registration has ended, or that was found, has no upload: its promise has an age all the same.
        let upload = readable(self.load::<UploadRecord>(Table::Uploads, &shard.encode(), "upload"))?;
        let upload = upload.unwrap_or(UploadRecord { account: *owner, peer: NOBODY, len: record.len, promised: None });
        Ok(match upload.promised {
            Some(promised) if now > promised.saturating_add(unpaid()) => Err(AddReceipt::NotPaid),
            Some(_) => Ok(None),
            None => Ok(Some(UploadRecord { promised: Some(now), ..upload })),
        })
    }

    /// Returns true if a peer may read a shard: it is promised, or that peer uploaded it. So a worker is no storage for those
    /// who never pay. Members of its groups may also read what is overdue: they may know of a registration that is hidden
    /// from this worker.
    pub fn may_read(&self, shard: &ShardKey, peer: &PeerKey, is_member: bool) -> Result<bool, StoreError> {
        let Some(record) = self.shard(shard)? else { return Ok(true) };
        if record.state != ShardState::Staged && (is_member || !self.is_overdue(shard, &record)?) {
            return Ok(true);
        }
        let upload = readable(self.load::<UploadRecord>(Table::Uploads, &shard.encode(), "upload"))?;
        Ok(upload.is_some_and(|upload| upload.peer == *peer))
    }

    /// Returns true if nothing but receipts that have lapsed keeps a shard.
    pub fn is_overdue(&self, shard: &ShardKey, record: &ShardRecord) -> Result<bool, StoreError> {
        if record.state != ShardState::Receipted {
            return Ok(false);
        }
        let holds = page(&*self.engine, Table::Holds, &shard.encode(), &[], usize::MAX)?;
        for (key, _) in &holds {
            let Some(Hold::Receipt(receipt)) = Hold::decode_of_shard(key) else { return Ok(false) };
            if self.engine.get(Table::Lapsed, &Lapse::Receipt(receipt).encode())?.is_none() {
                return Ok(false);
            }
        }
        Ok(!holds.is_empty())
    }

    /// Notes which receipts of some groups were not registered in time. Returns the number of those that were not noted
    /// before. All registrations of these groups up to the finalized block `known` must have been applied. Receipts that were
    /// signed after `signed_before` are not noted, whatever the number of that block: a node could claim any.
    pub fn lapse_receipts(
        &self,
        known: BlockNumber,
        signed_before: Seconds,
        groups: &[GroupId],
        claim: LapseRecord,
    ) -> Result<usize, StoreError> {
        let overdue = |(key, value): &(Vec<u8>, Vec<u8>)| {
            let receipt = ReceiptKey::decode(key)?;
            let record = decode::<ReceiptRecord>(value, "receipt");
            let is_old = record.map_or(true, |record| record.signed_at <= signed_before);
            (is_old && receipt.valid_until <= known && groups.contains(&receipt.group)).then_some(receipt)
        };
        let mut news = 0;
        let mut from = Vec::new();
        loop {
            let rows = page(&*self.engine, Table::Receipts, &[], &from, PAGE)?;
            let Some((last, _)) = rows.last() else { return Ok(news) };
            from = last.clone();
            from.push(0);
            let receipts: Vec<ReceiptKey> = rows.iter().filter_map(overdue).collect();
            news += self.begin_lapses(&receipts, claim)?;
        }
    }

    fn begin_lapses(&self, receipts: &[ReceiptKey], claim: LapseRecord) -> Result<usize, StoreError> {
        if receipts.is_empty() {
            return Ok(0);
        }
        let _rows = self.alone();
        let mut batch = Batch::default();
        for receipt in receipts {
            // It may have been registered since it was listed.
            if self.engine.get(Table::Receipts, &receipt.encode())?.is_some() {
                self.begin_lapse(&Lapse::Receipt(*receipt), claim, &mut batch)?;
            }
        }
        let news = batch.0.len();
        if news > 0 {
            self.engine.commit(batch, Durability::Synced)?;
        }
        Ok(news)
    }

    /// The receipts whose keys begin with `prefix`.
    pub(super) fn receipts_for(&self, prefix: &[u8]) -> Result<Vec<ReceiptKey>, StoreError> {
        let page = page(&*self.engine, Table::Receipts, prefix, prefix, usize::MAX)?;
        Ok(page.iter().filter_map(|(key, _)| ReceiptKey::decode(key)).collect())
    }

    /// Adds the upload of a shard to `batch`. Returns the earlier one, for [`Self::recount_uploads`].
    pub(super) fn put_upload(
        &self,
        key: &ShardKey,
        upload: &UploadRecord,
        batch: &mut Batch,
    ) -> Result<Option<UploadRecord>, StoreError> {
        let earlier = self.end_upload(key, batch)?;
        batch.put(Table::Uploads, key.encode(), upload.encode());
        Ok(earlier)
    }

    /// Counts uploads that have been recorded, in place of earlier ones.
    pub(super) fn recount_uploads(&self, uploads: &[(Option<UploadRecord>, UploadRecord)]) {
        let mut usage = self.usage.lock();
        for (earlier, upload) in uploads {
            if let Some(earlier) = earlier {
                usage.remove_upload(earlier);
            }
            usage.add_upload(upload);
        }
    }
}
