//! Takes shards in and signs receipts.

mod room;

use crate::{
    accounts::Accounts,
    clock::Clock,
    disk::{Disk, ShardSink},
    groups::Groups,
    identity,
    metrics::{Metrics, Outcome, Request},
    model::{
        Usage,
        keys::{ReceiptKey, ShardKey},
    },
    reclaim::Reclaimer,
    service::{
        Admission, AdmissionLimits, Ticket,
        admission::{Admitted, Now, WINDOW},
        put::check_close,
        sign,
    },
    status::Status,
    store::{AddReceipt, FinishedShard, Store, StoreError, WriteError},
};
use meganet_chain_client::cost::store_price;
use meganet_net::{
    CloseCall, Keypair, NetError, OpenCall, OpenShard, PutCall, PutServer, Refusal, ShardUpload, SignBatch, SignCall,
};
use meganet_primitives::{
    AccountId,
    convert::to_u64,
    hash::Hash,
    object::ObjectId,
    receipt::{PeerKey, Receipt},
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

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
    /// The accounts in whose name others upload.
    pub accounts: Accounts,
    /// Makes room for shards that are paid for.
    pub reclaimer: Arc<Reclaimer>,
    /// Time after which an upload without a receipt makes way where there is no room for another.
    pub displace_after: Duration,
    /// Signs receipts.
    pub identity: Keypair,
    /// The chain for which receipts are valid.
    pub genesis: Hash,
}

/// Takes shards in and signs receipts.
pub struct PutService {
    handles: PutHandles,
    admission: Mutex<Admission>,
    /// Ends uploads that have to make way for others.
    running: Mutex<HashMap<u64, CancellationToken>>,
    /// One batch at a time: the rows of a large one take tens of MiB before they are written.
    signing: Semaphore,
    /// Held while uploads make way for another.
    displacing: tokio::sync::Mutex<()>,
    began: Instant,
}

/// A place for an upload, given back when the upload ends in any way.
struct Place<'a> {
    service: &'a PutService,
    ticket: Option<Ticket>,
    evicted: CancellationToken,
}

impl Place<'_> {
    /// Notes bytes that have arrived; fails if the upload has to end.
    fn arrived(&self, bytes: u64) -> Result<(), Refusal> {
        let Some(ticket) = &self.ticket else { return Err(Refusal::Internal) };
        let mut admission = self.service.admission.lock();
        let usage = self.service.handles.disk.usage();
        admission.arrived(ticket, bytes, self.service.now(&usage))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.service.running.lock().remove(&ticket.id());
            self.service.admission.lock().done(ticket);
        }
    }
}

/// Returns true if an upload was refused because of what others, or its account, have here.
fn lacks_room(admitted: &Result<Admitted, Refusal>) -> bool {
    admitted.as_ref().is_err_and(Refusal::is_lack_of_room)
}

impl PutService {
    /// Accepts uploads within limits.
    pub fn new(handles: PutHandles, limits: AdmissionLimits) -> Self {
        let admission = Mutex::new(Admission::new(limits));
        let (running, displacing) = Default::default();
        Self { handles, admission, running, signing: Semaphore::new(1), displacing, began: Instant::now() }
    }

    fn now<'a>(&self, usage: &'a Usage) -> Now<'a> {
        let promised = self.handles.status.worker().map_or(0, |worker| worker.committed);
        Now { at: self.began.elapsed(), usage, room: self.handles.status.room(), promised }
    }

    /// Serves a put stream to its end.
    pub(super) async fn serve(&self, mut stream: PutServer) -> Result<(), NetError> {
        while let Some(call) = stream.next().await? {
            match call {
                PutCall::Account(call) => match self.handles.accounts.check(&call.request, &call.peer()) {
                    Ok(()) => call.accept().await?,
                    Err(refusal) => call.refuse(refusal).await?,
                },
                PutCall::Open(call) => self.accept_shard(call).await?,
                PutCall::Sign(call) => self.answer_sign(call).await?,
            }
        }
        Ok(())
    }

    async fn accept_shard(&self, call: OpenCall<'_>) -> Result<(), NetError> {
        let Some(account) = call.account() else {
            self.handles.metrics.count(Request::Shard, Outcome::Refused);
            return call.refuse(Refusal::Unsigned).await;
        };
        let by = (account, call.peer());
        let place = match self.reserve(&call.request, by).await {
            Ok(place) => place,
            Err(refusal) => {
                self.handles.metrics.count(Request::Shard, Outcome::Refused);
                return call.refuse(refusal).await;
            }
        };
        let result = self.receive_shard(call, by, &place).await;
        drop(place);
        let outcome = match &result {
            Ok(true) => Outcome::Done,
            Ok(false) => Outcome::Refused,
            Err(_) => Outcome::Broken,
        };
        self.handles.metrics.count(Request::Shard, outcome);
        result.map(drop)
    }

    /// Finds a place for a shard, or refuses it.
    async fn reserve(&self, request: &OpenShard, (account, peer): (AccountId, PeerKey)) -> Result<Place<'_>, Refusal> {
        // Looks the group up on the chain if it is unknown.
        let view = self.handles.groups.get(request.group).await.ok_or(Refusal::NotMember)?;
        let held = self.handles.disk.usage().uploads.get(&account).copied().unwrap_or_default();
        let price = self.handles.groups.membership(|membership| {
            let params = membership.params().ok_or(Refusal::Busy)?;
            let bytes = held.saturating_add(request.shard_len);
            // All that it has uploaded here, for one epoch.
            Ok(store_price(params, bytes, view.profile.profile().n, params.epoch.saturating_add(1)))
        })?;
        self.handles.accounts.can_pay(&account, &peer, price).await?;
        let open = || {
            self.handles.groups.membership(|membership| {
                let mut admission = self.admission.lock();
                // Under the lock: a shard that is committed gives its room back only afterwards.
                let usage = self.handles.disk.usage();
                admission.open(request, account, membership, self.now(&usage))
            })
        };
        let mut admitted = open();
        if lacks_room(&admitted) {
            self.reclaim(request, account).await;
            admitted = open();
        }
        if lacks_room(&admitted) {
            self.displace(request, account).await.map_err(|error| self.internal(&error))?;
            admitted = open();
        }
        let admitted = admitted?;
        let evicted = CancellationToken::new();
        let mut running = self.running.lock();
        if let Some(slow) = admitted.evicted.and_then(|slow| running.get(&slow)) {
            slow.cancel();
        }
        running.insert(admitted.ticket.id(), evicted.clone());
        Ok(Place { service: self, ticket: Some(admitted.ticket), evicted })
    }

    /// Receives a shard that has been admitted; returns true if it was stored.
    async fn receive_shard(
        &self,
        call: OpenCall<'_>,
        by: (AccountId, PeerKey),
        place: &Place<'_>,
    ) -> Result<bool, NetError> {
        let request = call.request;
        let sink = match self.handles.disk.begin_shard(request.shard_len).await {
            Ok(sink) => sink,
            Err(error) => {
                call.refuse(self.internal(&error)).await?;
                return Ok(false);
            }
        };
        let mut upload = call.go().await?;
        let written = place.evicted.run_until_cancelled(self.write_shard(&mut upload, sink, place)).await;
        let shard = match written.unwrap_or(Ok(Err(Refusal::Busy)))? {
            Ok(shard) => shard,
            Err(refusal) => {
                upload.refuse(refusal).await?;
                return Ok(false);
            }
        };
        let mut call = upload.close().await?;
        match self.store_shard(request, &mut call, shard, by).await {
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

    /// Writes the chunks of an upload to the disk.
    async fn write_shard(
        &self,
        upload: &mut ShardUpload<'_>,
        mut sink: ShardSink,
        place: &Place<'_>,
    ) -> Result<Result<FinishedShard, Refusal>, NetError> {
        let mut unnoted = 0;
        while let Some(chunk) = upload.chunk().await? {
            unnoted += to_u64(chunk.len());
            if let Err(error) = sink.write(chunk).await {
                return Ok(Err(self.refusal(&error)));
            }
            if unnoted >= WINDOW / 4 {
                if let Err(refusal) = place.arrived(unnoted) {
                    return Ok(Err(refusal));
                }
                unnoted = 0;
            }
        }
        Ok(sink.finish().await.map_err(|error| self.refusal(&error)))
    }

    /// Checks a complete shard against its announcement, and makes it durable.
    async fn store_shard(
        &self,
        request: OpenShard,
        call: &mut CloseCall<'_>,
        shard: FinishedShard,
        by: (AccountId, PeerKey),
    ) -> Result<ObjectId, Refusal> {
        let (object, record) = check_close(&request, call.request.clone(), shard.root())?;
        let key = ShardKey { object, shard: request.slot };
        let now = self.handles.clock.now();
        let commit = move |store: &Store| store.commit_upload(shard, &key, &record, request.group, by, now);
        let stored = self.handles.disk.run(commit).await;
        stored.map_err(|error| self.refusal(&error))?;
        Ok(object)
    }

    async fn answer_sign(&self, mut call: SignCall<'_>) -> Result<(), NetError> {
        let entries = std::mem::take(&mut call.request.entries);
        let (peer, request) = (call.peer(), SignBatch { entries, ..call.request });
        let signed = match call.account() == Some(request.owner) {
            true => self.sign_batch(request, &peer).await,
            false => Err(Refusal::Unsigned),
        };
        let outcome = if signed.is_ok() { Outcome::Done } else { Outcome::Refused };
        self.handles.metrics.count(Request::Sign, outcome);
        match signed {
            Ok(receipt) => call.signed(receipt).await,
            Err(refusal) => call.refuse(refusal).await,
        }
    }

    /// Signs a receipt for a batch whose shards are all held. The receipt is noted in the store before it is sent.
    async fn sign_batch(&self, request: SignBatch, peer: &PeerKey) -> Result<Receipt, Refusal> {
        let PutHandles { disk, groups, status, clock, identity, genesis, .. } = &self.handles;
        let view = groups.get(request.group).await.ok_or(Refusal::NotMember)?;
        let membership = groups.membership(|membership| membership.clone());
        let params = membership.params().ok_or(Refusal::Busy)?;
        let bytes = request.entries.iter().map(|entry| entry.shard_len).fold(0, u64::saturating_add);
        let price = store_price(params, bytes, view.profile.profile().n, request.expiry);
        self.handles.accounts.can_pay(&request.owner, peer, price).await?;
        // Before the first final block is known, the validity of a receipt cannot be bounded.
        let head = status.head().ok_or(Refusal::Busy)?;
        let (genesis, now) = (*genesis, clock.now());
        let _turn = self.signing.acquire().await.map_err(|_| Refusal::Internal)?;
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
            let added = store.add_receipt(&key, &request.owner, &request.entries, now)?;
            Ok::<_, StoreError>(match added {
                AddReceipt::Added => Ok(statement),
                AddReceipt::Lacking(object) => Err(Refusal::UnknownObject { object }),
                AddReceipt::NotPaid => Err(Refusal::NotPaid),
                AddReceipt::TooMany => Err(Refusal::ShareUsedUp),
            })
        });
        let statement = noted.await.map_err(|error| self.internal(&error))??;
        let signature = identity::sign(identity, &statement.signed_bytes()).map_err(|error| {
            tracing::error!(%error, "cannot sign a receipt");
            Refusal::Internal
        })?;
        Ok(Receipt { slot: statement.slot, signature })
    }
}

impl PutService {
    fn internal(&self, error: &StoreError) -> Refusal {
        self.handles.status.set_disk_failure(error.to_string());
        // Others fill the disk between two looks at its free bytes.
        if error.is_disk_full() { Refusal::DiskFull { free: 0 } } else { Refusal::Internal }
    }

    fn refusal(&self, error: &WriteError) -> Refusal {
        match error {
            WriteError::Mismatch => Refusal::ShardMismatch,
            WriteError::Length { .. } => Refusal::BadRequest,
            WriteError::Concurrent => Refusal::Busy,
            WriteError::Store(error) => self.internal(error),
        }
    }
}
