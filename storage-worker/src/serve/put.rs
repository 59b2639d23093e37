//! Takes shards in and signs receipts.

use crate::{
    clock::Clock,
    disk::{Disk, ShardSink},
    groups::Groups,
    identity,
    metrics::{Metrics, Outcome, Request},
    model::keys::{ReceiptKey, ShardKey},
    service::{Admission, AdmissionLimits, Ticket, put::check_close, sign},
    status::Status,
    store::{FinishedShard, StoreError, WriteError},
};
use meganet_net::{
    CloseCall, Keypair, NetError, OpenCall, OpenShard, PutCall, PutServer, Refusal, ShardUpload, SignBatch, SignCall,
};
use meganet_primitives::{hash::Hash, object::ObjectId, receipt::Receipt};
use parking_lot::Mutex;
use std::sync::Arc;

/// The dependencies of [`PutService`].
pub struct PutHandles {
    /// Takes the shards.
    pub disk: Disk,
    /// This worker's slots.
    pub groups: Arc<Groups>,
    /// The finalized head, which bounds how long a receipt is valid.
    pub status: Arc<Status>,
    /// Counts requests.
    pub metrics: Arc<Metrics>,
    /// The time at which shards are stored.
    pub clock: Arc<dyn Clock>,
    /// Signs receipts.
    pub identity: Keypair,
    /// The chain for which receipts are valid.
    pub genesis: Hash,
}

/// Takes shards in and signs receipts.
pub struct PutService {
    handles: PutHandles,
    admission: Mutex<Admission>,
}

/// Room for a shard, given back when the upload ends in any way.
struct ReservedRoom<'a> {
    admission: &'a Mutex<Admission>,
    ticket: Option<Ticket>,
}

impl Drop for ReservedRoom<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.admission.lock().done(ticket);
        }
    }
}

impl PutService {
    /// Accepts uploads within limits.
    pub fn new(handles: PutHandles, limits: AdmissionLimits) -> Self {
        Self { handles, admission: Mutex::new(Admission::new(limits)) }
    }

    /// Serves a put stream to its end.
    pub(super) async fn serve(&self, mut stream: PutServer) -> Result<(), NetError> {
        while let Some(call) = stream.next().await? {
            match call {
                PutCall::Open(call) => self.accept_shard(call).await?,
                PutCall::Sign(call) => self.answer_sign(call).await?,
            }
        }
        Ok(())
    }

    async fn accept_shard(&self, call: OpenCall<'_>) -> Result<(), NetError> {
        let room = match self.reserve(&call.request).await {
            Ok(room) => room,
            Err(refusal) => {
                self.handles.metrics.count(Request::Shard, Outcome::Refused);
                return call.refuse(refusal).await;
            }
        };
        let result = self.receive_shard(call).await;
        drop(room);
        let outcome = match &result {
            Ok(true) => Outcome::Done,
            Ok(false) => Outcome::Refused,
            Err(_) => Outcome::Broken,
        };
        self.handles.metrics.count(Request::Shard, outcome);
        result.map(drop)
    }

    /// Reserves room for a shard, or refuses it.
    async fn reserve(&self, request: &OpenShard) -> Result<ReservedRoom<'_>, Refusal> {
        // Looks the group up on the chain if it is unknown.
        self.handles.groups.get(request.group).await;
        let usage = self.handles.disk.usage();
        let open = |membership: &mut _| self.admission.lock().open(request, membership, &usage);
        let ticket = self.handles.groups.membership(open)?;
        Ok(ReservedRoom { admission: &self.admission, ticket: Some(ticket) })
    }

    /// Receives a shard that has been admitted; returns true if it was stored.
    async fn receive_shard(&self, call: OpenCall<'_>) -> Result<bool, NetError> {
        let request = call.request;
        let sink = match self.handles.disk.begin_shard(request.shard_len).await {
            Ok(sink) => sink,
            Err(error) => {
                call.refuse(internal(&error)).await?;
                return Ok(false);
            }
        };
        let mut upload = call.go().await?;
        let shard = match write_shard(&mut upload, sink).await? {
            Ok(shard) => shard,
            Err(error) => {
                upload.refuse(refusal(&error)).await?;
                return Ok(false);
            }
        };
        let mut call = upload.close().await?;
        match self.store_shard(request, &mut call, shard).await {
            Ok(object) => {
                self.handles.metrics.bytes_in.inc_by(request.shard_len);
                call.stored(object).await?;
                Ok(true)
            }
            Err(refusal) => {
                call.refuse(refusal).await?;
                Ok(false)
            }
        }
    }

    /// Checks a complete shard against its announcement, and makes it durable.
    async fn store_shard(
        &self,
        request: OpenShard,
        call: &mut CloseCall<'_>,
        shard: FinishedShard,
    ) -> Result<ObjectId, Refusal> {
        let (object, record) = check_close(&request, call.request.clone(), shard.root())?;
        let key = ShardKey { object, shard: request.slot };
        let now = self.handles.clock.now();
        let stored = self.handles.disk.run(move |store| store.commit(shard, &key, &record, request.group, now)).await;
        stored.map_err(|error| refusal(&error))?;
        Ok(object)
    }

    async fn answer_sign(&self, mut call: SignCall<'_>) -> Result<(), NetError> {
        let entries = std::mem::take(&mut call.request.entries);
        let request = SignBatch { entries, ..call.request };
        let signed = self.sign_batch(request).await;
        let outcome = if signed.is_ok() { Outcome::Done } else { Outcome::Refused };
        self.handles.metrics.count(Request::Sign, outcome);
        match signed {
            Ok(receipt) => call.signed(receipt).await,
            Err(refusal) => call.refuse(refusal).await,
        }
    }

    /// Signs a receipt for a batch whose shards are all held. The receipt is noted in the store before it is sent.
    async fn sign_batch(&self, request: SignBatch) -> Result<Receipt, Refusal> {
        let PutHandles { disk, groups, status, clock, identity, genesis, .. } = &self.handles;
        groups.get(request.group).await;
        let membership = groups.membership(|membership| membership.clone());
        // Before the first final block is known, the validity of a receipt cannot be bounded.
        let head = status.head().ok_or(Refusal::Busy)?;
        let (genesis, now) = (*genesis, clock.now());
        // Hashing a large batch takes a while, so all of this runs on the blocking thread.
        let noted = disk.run(move |store| {
            let statement = match sign::statement(&request, &membership, &genesis, head) {
                Ok(statement) => statement,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let key = ReceiptKey {
                expiry: request.expiry,
                group: request.group,
                slot: request.slot,
                batch: statement.batch.root,
                valid_until: statement.valid_until,
            };
            let lacking = store.add_receipt(&key, &request.owner, &request.entries, now)?;
            Ok::<_, StoreError>(match lacking {
                Some(object) => Err(Refusal::UnknownObject { object }),
                None => Ok(statement),
            })
        });
        let statement = noted.await.map_err(|error| internal(&error))??;
        let signature = identity::sign(identity, &statement.signed_bytes()).map_err(|error| {
            tracing::error!(%error, "cannot sign a receipt");
            Refusal::Internal
        })?;
        Ok(Receipt { slot: statement.slot, signature })
    }
}

/// Writes the chunks of an upload to the disk.
async fn write_shard(
    upload: &mut ShardUpload<'_>,
    mut sink: ShardSink,
) -> Result<Result<FinishedShard, WriteError>, NetError> {
    while let Some(chunk) = upload.chunk().await? {
        if let Err(error) = sink.write(chunk).await {
            return Ok(Err(error));
        }
    }
    Ok(sink.finish().await)
}

fn internal(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store failed");
    Refusal::Internal
}

fn refusal(error: &WriteError) -> Refusal {
    match error {
        WriteError::Mismatch => Refusal::ShardMismatch,
        WriteError::Length { .. } => Refusal::BadRequest,
        WriteError::Concurrent => Refusal::Busy,
        WriteError::Store(error) => internal(error),
    }
}
