//! Streams that break the protocol: messages that announce more than is allowed, and messages that never end.

use super::{Victim, uploads::Sample};
use crate::{Stage, http::slow_drip};
use anyhow::{Context, Result, bail, ensure};
use codec::{DecodeAll, Encode};
use futures::future::try_join3;
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

/// Several times what a worker puts up with.
const PATIENCE: Duration = Duration::from_secs(240);
/// Pause between two bytes of a request that drips.
const STEP: Duration = Duration::from_millis(500);

/// A message that announces 4 GiB is refused when its length has come.
pub(super) async fn oversized(stage: &Stage, victim: &Victim) -> Result<()> {
    for protocol in [Protocol::Put, Protocol::Get] {
        let mut io = victim.net.transport().open(victim.peer, protocol).await?;
        // The length, and the first byte of a message: its kind, which exists.
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

/// Requests that come a byte at a time are cut: for shards, of shards, and for the pages of health and metrics.
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
    let open = Sample::new(&victim.group, 400_000)?.open(&victim.group, victim.slot);
    io.write_all(&framed(&PutRequest::Open(open))?).await?;
    io.flush().await?;
    let go = framed(&PutReply::Go)?;
    let mut answer = vec![0; go.len()];
    tokio::time::timeout(PATIENCE, io.read_exact(&mut answer)).await.context("no answer to an upload")??;
    ensure!(answer == go, "a good upload is welcome, but was answered with {answer:?}");
    io.write_all(&framed(&PutRequest::Chunk { len: MAX_CHUNK_LEN })?).await?;
    drip(io, std::iter::repeat_n(0, usize::try_from(MAX_CHUNK_LEN)?)).await.context("a slow put")
}

/// Sends bytes one at a time until the other side ends the stream; how long that took. A request that is understood, or
/// that is taken for malformed, would be answered: the end must come without a word.
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
            // A stream that is reset is an error here, and an end all the same.
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

/// A message as it travels: its length, and its bytes.
fn framed(message: &impl Encode) -> Result<Vec<u8>> {
    let body = message.encode();
    let mut bytes = u32::try_from(body.len())?.to_le_bytes().to_vec();
    bytes.extend(body);
    Ok(bytes)
}

/// The one message that was received.
fn message<M: DecodeAll + Encode>(bytes: &[u8]) -> Result<M> {
    let body = bytes.get(4..).with_context(|| format!("no message: {bytes:?}"))?;
    let message = M::decode_all(&mut &*body).with_context(|| format!("no message: {bytes:?}"))?;
    ensure!(framed(&message)? == bytes, "a wrong length or more than one message: {bytes:?}");
    Ok(message)
}
