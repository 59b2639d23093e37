//! A small worker with storage in memory, and test data for it.

use meganet_net::{
    CloseShard, FrameRange, Frames, GetCall, GetRefusal, GetServer, Incoming, IncomingStream, LeafPlace, ObjectInfo,
    OpenShard, PutCall, PutServer, RangePage, Refusal,
};
use meganet_primitives::{
    hash::Hash,
    merkle::RangeProof,
    object::{CODEC_RS_GF8, FRAME_LEN, OBJECT_VERSION, ObjectHeader, ObjectId},
    receipt::{PeerSignature, Receipt},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// A shard in the test worker.
#[derive(Clone)]
pub struct Kept {
    pub info: ObjectInfo,
    pub bytes: Vec<u8>,
}

/// The storage of the test worker.
pub type Store = Arc<Mutex<HashMap<Hash, Kept>>>;

/// The protocol does not define what an id is the hash of; the test worker uses the root in the header.
pub fn id(header: &ObjectHeader) -> ObjectId {
    ObjectId(header.shards_root)
}

pub fn header(seed: u8) -> ObjectHeader {
    ObjectHeader {
        version: OBJECT_VERSION,
        codec: CODEC_RS_GF8,
        k: 2,
        n: 6,
        sealed_len: 100_000,
        shards_root: [seed; 32],
    }
}

pub fn roots() -> Vec<Hash> {
    vec![[9; 32]; 6]
}

pub fn open_shard(shard_len: usize) -> OpenShard {
    OpenShard {
        group: 1,
        slot: 2,
        shard_len: u64::try_from(shard_len).unwrap(),
        k: 2,
        n: 6,
        codec: CODEC_RS_GF8,
        sealed_len: 100_000,
    }
}

pub fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect()
}

/// Serves all incoming streams, each in its own task.
pub async fn serve(mut incoming: Incoming, store: Store) {
    while let Some(stream) = incoming.next().await {
        let store = store.clone();
        tokio::spawn(async move {
            match stream {
                IncomingStream::Put(stream) => serve_put(stream, store).await,
                IncomingStream::Get(stream) => serve_get(stream, store).await,
            }
        });
    }
}

async fn serve_put(mut stream: PutServer, store: Store) -> Result<(), meganet_net::NetError> {
    while let Some(call) = stream.next().await? {
        match call {
            PutCall::Account(call) => call.accept().await?,
            // Group 13 is full, group 14 breaks after the first chunk.
            PutCall::Open(call) if call.request.group == 13 => call.refuse(Refusal::OverCapacity { free: 5 }).await?,
            PutCall::Open(call) => {
                let request = call.request;
                let mut upload = call.go().await?;
                let mut bytes = Vec::new();
                while let Some(chunk) = upload.chunk().await? {
                    bytes.extend_from_slice(chunk);
                    if request.group == 14 {
                        return upload.refuse(Refusal::Internal).await;
                    }
                }
                let call = upload.close().await?;
                let CloseShard { header, shard_roots } = call.request.clone();
                let info = ObjectInfo { header, shard_roots, shards: vec![request.slot] };
                store.lock().unwrap().insert(id(&header).0, Kept { info, bytes });
                call.stored(id(&header)).await?;
            }
            PutCall::Sign(call) => {
                let missing = {
                    let store = store.lock().unwrap();
                    call.request.entries.iter().find(|entry| !store.contains_key(&entry.object.0)).copied()
                };
                match missing {
                    Some(entry) => call.refuse(Refusal::UnknownObject { object: entry.object }).await?,
                    None => {
                        let slot = call.request.slot;
                        call.signed(Receipt { slot, signature: PeerSignature([4; 64]) }).await?;
                    }
                }
            }
        }
    }
    Ok(())
}

async fn serve_get(mut stream: GetServer, store: Store) -> Result<(), meganet_net::NetError> {
    while let Some(call) = stream.next().await? {
        match call {
            GetCall::Object { object, answer } => {
                let kept = store.lock().unwrap().get(&object.0).cloned();
                match kept {
                    Some(kept) => answer.send(kept.info).await?,
                    None => answer.refuse(GetRefusal::NotHere).await?,
                }
            }
            GetCall::Frames { range, answer } => {
                let kept = store.lock().unwrap().get(&range.object.0).cloned();
                match kept {
                    Some(kept) => answer.send(frames(&kept.bytes, range)).await?,
                    None => answer.refuse(GetRefusal::NotHere).await?,
                }
            }
            GetCall::Batch { answer, .. } => answer.refuse(GetRefusal::NotHere).await?,
            GetCall::Range { answer, .. } => answer.send(RangePage::default()).await?,
            GetCall::Locate { objects, answer, .. } => {
                let place = |object: &ObjectId| {
                    let kept = store.lock().unwrap().contains_key(&object.0);
                    kept.then_some(LeafPlace { expiry: 7, index: 1 })
                };
                answer.send(objects.iter().map(place).collect()).await?;
            }
            GetCall::Have { objects, answer } => {
                let have: Vec<_> = {
                    let store = store.lock().unwrap();
                    objects.iter().map(|object| store.contains_key(&object.0)).collect()
                };
                answer.send(&have).await?;
            }
        }
    }
    Ok(())
}

fn frames(bytes: &[u8], range: FrameRange) -> Frames {
    let len = usize::try_from(FRAME_LEN).unwrap();
    let from = usize::try_from(range.first).unwrap() * len;
    let to = (from + usize::try_from(range.count).unwrap() * len).min(bytes.len());
    Frames { proof: RangeProof { siblings: vec![[1; 32]; 20] }, bytes: bytes[from..to].to_vec() }
}
