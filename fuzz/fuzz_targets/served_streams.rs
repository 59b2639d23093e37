//! Streams of strangers: whatever bytes they send, a server answers with whole messages of its protocol or ends the stream, and
//! nothing that was not announced is taken in.
#![no_main]

use codec::Decode;
use libfuzzer_sys::fuzz_target;
use meganet_net::{
    memory::Hub,
    wire::{get::GetReply, put::PutReply},
    Frames, GetCall, GetRefusal, GetServer, IncomingStream, NetError, NetLimits, Protocol, PutCall, PutServer,
    RangePage, Refusal,
};
use meganet_primitives::{
    merkle::RangeProof,
    object::ObjectId,
    receipt::{PeerKey, PeerSignature, Receipt},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn serve_put(mut stream: PutServer) -> Result<(), NetError> {
    while let Some(call) = stream.next().await? {
        match call {
            PutCall::Account(call) => call.accept().await?,
            PutCall::Open(call) if call.request.group % 2 == 1 => call.refuse(Refusal::Busy).await?,
            PutCall::Open(call) => {
                let announced = call.request.shard_len;
                let mut upload = call.go().await?;
                let mut taken = 0;
                while let Some(chunk) = upload.chunk().await? {
                    taken += chunk.len() as u64;
                    assert!(taken <= announced, "more than was announced");
                }
                assert_eq!(taken, announced);
                let call = upload.close().await?;
                call.stored(ObjectId([1; 32])).await?;
            }
            PutCall::Sign(call) => call.signed(Receipt { slot: 1, signature: PeerSignature([4; 64]) }).await?,
        }
    }
    Ok(())
}

async fn serve_get(mut stream: GetServer) -> Result<(), NetError> {
    while let Some(call) = stream.next().await? {
        match call {
            GetCall::Object { answer, .. } => answer.refuse(GetRefusal::NotHere).await?,
            GetCall::Frames { range, answer } => {
                assert!((1..=16).contains(&range.count), "a wrong number of frames");
                answer.send(Frames { proof: RangeProof::default(), bytes: vec![7; 1024] }).await?;
            }
            GetCall::Batch { answer, .. } => answer.send(Vec::new()).await?,
            GetCall::Range { answer, .. } => answer.send(RangePage::default()).await?,
            GetCall::Have { objects, answer } => answer.send(&vec![true; objects.len()]).await?,
            GetCall::Locate { objects, answer, .. } => answer.send(vec![None; objects.len()]).await?,
        }
    }
    Ok(())
}

/// Every answer is a whole message.
fn check(protocol: Protocol, mut answers: &[u8]) {
    while let Some((len, rest)) = answers.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        // The stream may have ended in the middle of the last one, and frames follow a message as they are.
        let Some(mut message) = rest.get(..len) else { return };
        let frames = match protocol {
            Protocol::Put => {
                PutReply::decode(&mut message).expect("a reply");
                0
            }
            Protocol::Get => match GetReply::decode(&mut message).expect("a reply") {
                GetReply::Frames { .. } => 1024,
                _ => 0,
            },
        };
        assert!(message.is_empty(), "a reply with something after it");
        answers = rest.get(len + frames..).unwrap_or_default();
    }
}

/// Messages with right lengths, so that not all inputs fail there: each ends with its own length in the first byte.
fn framed(mut bytes: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    while let Some((len, rest)) = bytes.split_first() {
        let (message, after) = rest.split_at(usize::from(*len).min(rest.len()));
        sent.extend((message.len() as u32).to_le_bytes());
        sent.extend(message);
        bytes = after;
    }
    sent
}

async fn attack(protocol: Protocol, sent: &[u8]) {
    let hub = Hub::new();
    let (server, client) = (PeerKey([7; 32]), PeerKey([8; 32]));
    let (_net, mut incoming) = hub.worker(server, NetLimits::server());
    let served = tokio::spawn(async move {
        match incoming.next().await {
            Some(IncomingStream::Put(stream)) => serve_put(stream).await,
            Some(IncomingStream::Get(stream)) => serve_get(stream).await,
            None => Ok(()),
        }
    });
    let net = hub.reader(client, NetLimits::default());
    let io = net.transport().open(server, protocol).await.expect("the server is there");
    let (mut reader, mut writer) = tokio::io::split(io);
    let mut answers = Vec::new();
    let (_, _) = tokio::join!(reader.read_to_end(&mut answers), async {
        // It may have closed the stream already.
        let _ = writer.write_all(sent).await;
        let _ = writer.shutdown().await;
    });
    check(protocol, &answers);
    if let Err(panic) = served.await {
        std::panic::resume_unwind(panic.into_panic());
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else { return };
    let protocol = if how & 1 == 0 { Protocol::Put } else { Protocol::Get };
    let sent = if how & 2 == 0 { framed(bytes) } else { bytes.to_vec() };
    // With a clock that stands still, and jumps where all wait.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(attack(protocol, &sent));
});
