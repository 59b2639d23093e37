//! Streams that break the protocol: messages longer than allowed, and messages that never end.

use super::{Victim, uploads::Sample};
use crate::{Stage, http::slow_drip};
use anyhow::{Context, Result, bail, ensure};
use codec::{DecodeAll, Encode};
use futures::future::try_join3;
use meganet_chain_client::Signer;
use meganet_net::{
    BoxedIo, GetRefusal, Protocol, Refusal,
    wire::{
        MAX_CHUNK_LEN,
        get::{GetReply, GetRequest, MAX_HAVE},
        put::{PutReply, PutRequest},
    },
};
use meganet_primitives::object::ObjectId;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Several times the timeout of a worker.
const PATIENCE: Duration = Duration::from_secs(240);
/// Pause between two bytes of a slow request.
const STEP: Duration = Duration::from_millis(500);

/// Checks that a message that announces 4 GiB is refused once its length has arrived.
pub(super) async fn oversized(stage: &Stage, victim: &Victim) -> Result<()> {
    for protocol in [Protocol::Put, Protocol::Get] {
        let mut io = victim.net.transport().open(victim.peer, protocol).await?;
        // The length, and the first byte of a message: a valid kind.
        io.write_all(&[0xff, 0xff, 0xff, 0xff, 0]).await?;
        io.flush().await?;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, io.read_to_end(&mut answer)).await;
        read.with_context(|| format!("an oversized {} keeps its stream open", protocol.name()))??;
        let refused = match protocol {
            Protocol::Put => message::<PutReply>(&answer)? == PutReply::Refused(Refusal::BadRequest),
            Protocol::Get => message::<GetReply>(&answer)? == GetReply::Refused(GetRefusal::BadRequest),
        };
        ensure!(refused, "an oversized {} was answered with {answer:?}", protocol.name());
    }
    stage.facts.say("refused-oversized-to-worker", Refusal::BadRequest);
    Ok(())
}

/// Checks that requests that arrive one byte at a time are cut off: reads, uploads, and HTTP.
pub(super) async fn slow(stage: &Stage, victim: &Victim) -> Result<()> {
    let port = stage.devnet.state.processes[victim.index].http_port;
    let page = slow_drip(port, "127.0.0.1");
    let (get, put, page) = try_join3(slow_get(victim), slow_put(victim), page).await?;
    stage.facts.seconds("slow-get-cut-after-seconds", get);
    stage.facts.seconds("slow-put-cut-after-seconds", put);
    stage.facts.seconds("slow-health-request-cut-after-seconds", page);
    Ok(())
}

async fn slow_get(victim: &Victim) -> Result<Duration> {
    let io = victim.net.transport().open(victim.peer, Protocol::Get).await?;
    let most = usize::try_from(MAX_HAVE)?;
    let request = framed(&GetRequest::Have { objects: vec![ObjectId([7; 32]); most] })?;
    drip(io, request.into_iter()).await.context("a slow get")
}

async fn slow_put(victim: &Victim) -> Result<Duration> {
    let mut io = victim.net.transport().open(victim.peer, Protocol::Put).await?;
    let account = victim.account(&Signer::from_suri("//Alice")?);
    let open = Sample::new(&victim.group, 400_000)?.open(&victim.group, victim.slot);
    for (request, expected) in [(PutRequest::Account(account), PutReply::Known), (PutRequest::Open(open), PutReply::Go)]
    {
        io.write_all(&framed(&request)?).await?;
        io.flush().await?;
        let expected = framed(&expected)?;
        let mut answer = vec![0; expected.len()];
        tokio::time::timeout(PATIENCE, io.read_exact(&mut answer)).await.context("no answer to an upload")??;
        ensure!(answer == expected, "a good upload is welcome, but was answered with {answer:?}");
    }
    io.write_all(&framed(&PutRequest::Chunk { len: MAX_CHUNK_LEN })?).await?;
    drip(io, std::iter::repeat_n(0, usize::try_from(MAX_CHUNK_LEN)?)).await.context("a slow put")
}

/// Sends bytes one at a time until the worker closes the stream; returns how long that took. A worker that considered the request
/// complete or malformed would answer, so it must close without an answer.
async fn drip(io: BoxedIo, bytes: impl Iterator<Item = u8>) -> Result<Duration> {
    let started = Instant::now();
    let (mut reader, mut writer) = tokio::io::split(io);
    let writing = async {
        for byte in bytes {
            if writer.write_all(&[byte]).await.is_err() || writer.flush().await.is_err() {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
    };
    let mut answer = Vec::new();
    let ended = async {
        tokio::select! {
            // A reset stream is an error here, but counts as closed.
            _ = reader.read_to_end(&mut answer) => {}
            () = writing => {}
        }
    };
    if tokio::time::timeout(PATIENCE, ended).await.is_err() {
        bail!("it still holds its stream after {} s", PATIENCE.as_secs());
    }
    ensure!(answer.is_empty(), "it was answered: {answer:?}");
    Ok(started.elapsed())
}

/// A message as sent: its length, then its bytes.
pub(super) fn framed(message: &impl Encode) -> Result<Vec<u8>> {
    let body = message.encode();
    let mut bytes = u32::try_from(body.len())?.to_le_bytes().to_vec();
    bytes.extend(body);
    Ok(bytes)
}

/// Decodes the only message that was received.
fn message<M: DecodeAll + Encode>(bytes: &[u8]) -> Result<M> {
    let body = bytes.get(4..).with_context(|| format!("no message: {bytes:?}"))?;
    let message = M::decode_all(&mut &*body).with_context(|| format!("no message: {bytes:?}"))?;
    ensure!(framed(&message)? == bytes, "a wrong length or more than one message: {bytes:?}");
    Ok(message)
}
