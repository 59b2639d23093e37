//! Takes shards in and signs receipts.

use crate::{
    context::Context,
    metrics::{Outcome, Request},
    service::{Ticket, put::check_close, sign},
    store::{FinishedShard, ShardWriter, StoreError, WriteError, keys::ReceiptKey, keys::ShardKey},
};
use meganet_net::{
    CloseCall, NetError, OpenCall, OpenShard, PutCall, PutServer, Refusal, ShardUpload, SignBatch, SignCall,
};
use meganet_primitives::{object::ObjectId, receipt::Receipt};
use std::sync::Arc;

/// Bytes that are collected before they are hashed and written in one go.
const AT_ONCE: usize = 256 * 1024;

/// Serves a put stream to its end.
pub(super) async fn serve(context: &Arc<Context>, mut stream: PutServer) -> Result<(), NetError> {
    while let Some(call) = stream.next().await? {
        match call {
            PutCall::Open(call) => take(context, call).await?,
            PutCall::Sign(call) => receipt(context, call).await?,
        }
    }
    Ok(())
}

/// Room that is given back however the upload ends.
struct Room<'a> {
    context: &'a Context,
    ticket: Option<Ticket>,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.context.admission_done(ticket);
        }
    }
}

async fn take(context: &Arc<Context>, call: OpenCall<'_>) -> Result<(), NetError> {
    let request = call.request;
    // Known or not, what the chain says of the group is needed next.
    let _view = context.group(request.group).await;
    let usage = context.store.usage();
    let admitted = context.admission(|admission, membership| admission.open(&request, membership, &usage));
    let ticket = match admitted {
        Ok(ticket) => ticket,
        Err(refusal) => {
            context.metrics.count(Request::Shard, Outcome::Refused);
            return call.refuse(refusal).await;
        }
    };
    let _room = Room { context, ticket: Some(ticket) };
    let result = receive(context, request, call).await;
    context.metrics.count(
        Request::Shard,
        match &result {
            Ok(true) => Outcome::Done,
            Ok(false) => Outcome::Refused,
            Err(_) => Outcome::Broken,
        },
    );
    result.map(|_| ())
}

/// Says whether the shard was stored.
async fn receive(context: &Arc<Context>, request: OpenShard, call: OpenCall<'_>) -> Result<bool, NetError> {
    let writer = match context.disk(move |store| store.begin(request.shard_len)).await {
        Ok(writer) => writer,
        Err(error) => {
            call.refuse(internal(&error)).await?;
            return Ok(false);
        }
    };
    let mut upload = call.go().await?;
    let shard = match fill(context, writer, &mut upload).await? {
        Ok(shard) => shard,
        Err(refusal) => {
            upload.refuse(refusal).await?;
            return Ok(false);
        }
    };
    let mut call = upload.close().await?;
    match store(context, request, &mut call, shard).await {
        Ok(object) => {
            context.metrics.bytes_in.inc_by(request.shard_len);
            call.stored(object).await?;
            Ok(true)
        }
        Err(refusal) => {
            call.refuse(refusal).await?;
            Ok(false)
        }
    }
}

/// Brings the bytes that come to the disk.
async fn fill(
    context: &Arc<Context>,
    mut writer: ShardWriter,
    upload: &mut ShardUpload<'_>,
) -> Result<Result<FinishedShard, Refusal>, NetError> {
    let mut buffer = Vec::new();
    loop {
        let more = match upload.chunk().await? {
            Some(chunk) => {
                buffer.extend_from_slice(chunk);
                true
            }
            None => false,
        };
        if buffer.len() < AT_ONCE && more {
            continue;
        }
        let full = std::mem::take(&mut buffer);
        let written = context.disk(move |_| {
            writer.write(&full)?;
            Ok::<_, WriteError>((writer, full))
        });
        match written.await {
            Ok((next, empty)) => {
                writer = next;
                buffer = empty;
                buffer.clear();
            }
            Err(error) => return Ok(Err(refusal(&error))),
        }
        if !more {
            return Ok(writer.finish().map_err(|error| refusal(&error)));
        }
    }
}

/// Checks a shard that is complete, and makes it durable.
async fn store(
    context: &Arc<Context>,
    request: OpenShard,
    call: &mut CloseCall<'_>,
    shard: FinishedShard,
) -> Result<ObjectId, Refusal> {
    let (object, record) = check_close(&request, call.request.clone(), shard.root())?;
    let key = ShardKey { object, shard: request.slot };
    let now = context.clock.now();
    let stored = context.disk(move |store| store.commit(shard, &key, &record, request.group, now)).await;
    stored.map_err(|error| refusal(&error))?;
    Ok(object)
}

async fn receipt(context: &Arc<Context>, mut call: SignCall<'_>) -> Result<(), NetError> {
    let entries = std::mem::take(&mut call.request.entries);
    let request = SignBatch { entries, ..call.request };
    let signed = sign_batch(context, request).await;
    let outcome = if signed.is_ok() { Outcome::Done } else { Outcome::Refused };
    context.metrics.count(Request::Sign, outcome);
    match signed {
        Ok(receipt) => call.signed(receipt).await,
        Err(refusal) => call.refuse(refusal).await,
    }
}

async fn sign_batch(context: &Arc<Context>, request: SignBatch) -> Result<Receipt, Refusal> {
    let _view = context.group(request.group).await;
    // Hashing a large batch takes a while.
    let (shared, now) = (context.clone(), context.clock.now());
    let noted = context.disk(move |store| {
        let membership = shared.membership(|membership| membership.clone());
        // Before the first final block is known, nothing can be said of how long a receipt is valid.
        let Some(head) = shared.status.head() else { return Ok(Err(Refusal::Busy)) };
        let statement = match sign::statement(&request, &membership, &shared.genesis, head) {
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
    let signature = context.sign(&statement.signed_bytes()).map_err(|error| {
        tracing::error!(%error, "cannot sign a receipt");
        Refusal::Internal
    })?;
    Ok(Receipt { slot: statement.slot, signature })
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
