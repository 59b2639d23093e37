//! The protocols over pipes.

use crate::support::{Store, bytes, header, id, open_shard, roots, serve};
use codec::Encode;
use meganet_net::{
    FrameRange, GetRefusal, IncomingStream, LeafPlace, Net, NetError, NetLimits, OpenShard, Protocol, PutCall,
    RangeQuery, Refusal, SignBatch, UploadAccount,
    memory::Hub,
    wire::{Message, put::PutRequest},
};
use meganet_primitives::{object::ObjectId, receipt::PeerKey, sum_tree::BatchEntry};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const WORKER: PeerKey = PeerKey([7; 32]);
const READER: PeerKey = PeerKey([8; 32]);

/// A hub with a worker that serves, and a reader.
fn pair(limits: NetLimits) -> (Hub, Net, Net, Store) {
    let hub = Hub::new();
    let (worker, incoming) = hub.worker(WORKER, limits);
    let store = Store::default();
    tokio::spawn(serve(incoming, store.clone()));
    let reader = hub.reader(READER, limits);
    (hub, worker, reader, store)
}

fn batch(objects: &[ObjectId]) -> SignBatch {
    let entries =
        objects.iter().map(|object| BatchEntry { object: *object, shards_root: [1; 32], shard_len: 1024 }).collect();
    SignBatch { group: 1, slot: 2, expiry: 9, owner: [3; 32], valid_until: 4, entries }
}

#[tokio::test]
async fn many_objects_and_a_receipt_go_over_one_stream() {
    let (_hub, _worker, reader, store) = pair(NetLimits::default());
    let mut put = reader.put_client(WORKER).await.unwrap();
    let mut objects = Vec::new();
    for seed in 0..5u8 {
        let data = bytes(1024 * (1 + usize::from(seed) * 100));
        let mut shard = put.begin(open_shard(data.len())).await.unwrap();
        for piece in data.chunks(100_000) {
            shard.write(piece).await.unwrap();
        }
        assert_eq!(shard.missing(), 0);
        let object = shard.finish(header(seed), &roots()).await.unwrap();
        assert_eq!(store.lock().unwrap().get(&object.0).unwrap().bytes, data);
        objects.push(object);
    }
    let receipt = put.sign(batch(&objects)).await.unwrap();
    assert_eq!(receipt.slot, 2);
    let unknown = ObjectId([77; 32]);
    let refused = put.sign(batch(&[unknown])).await.unwrap_err();
    assert!(matches!(refused, NetError::Refused(Refusal::UnknownObject { object }) if object == unknown));
    put.close().await.unwrap();
}

const ACCOUNT: UploadAccount = UploadAccount { account: [3; 32], signature: [0; 64] };

/// Stores a shard, and returns a batch that names it this many times.
async fn large_batch(put: &mut meganet_net::PutClient, entries: usize) -> SignBatch {
    let mut shard = put.begin(open_shard(1024)).await.unwrap();
    shard.write(&bytes(1024)).await.unwrap();
    let object = shard.finish(header(1), &roots()).await.unwrap();
    batch(&vec![object; entries])
}

#[tokio::test]
async fn large_batches_are_read_from_named_accounts_only() {
    let (_hub, _worker, reader, _) = pair(NetLimits::server());
    let mut put = reader.put_client(WORKER).await.unwrap();
    let large = large_batch(&mut put, 1000).await;
    let refused = put.sign(large.clone()).await.unwrap_err();
    assert!(matches!(refused, NetError::Refused(Refusal::Unsigned)), "{refused}");
    let mut put = reader.put_client(WORKER).await.unwrap();
    put.authorize(ACCOUNT).await.unwrap();
    put.sign(large).await.unwrap();
}

#[tokio::test]
async fn seven_batches_that_trickle_do_not_keep_an_eighth_out() {
    let (_hub, _worker, reader, _) = pair(NetLimits::server());
    let account = PutRequest::Account(ACCOUNT).encode();
    let mut trickling = Vec::new();
    for _ in 0..7 {
        let mut stream = reader.transport().open(WORKER, Protocol::Put).await.unwrap();
        stream.write_all(&u32::try_from(account.len()).unwrap().to_le_bytes()).await.unwrap();
        stream.write_all(&account).await.unwrap();
        // The largest batch is announced, and a little of it sent.
        stream.write_all(&PutRequest::limit(3).unwrap().to_le_bytes()).await.unwrap();
        stream.write_all(&[3; 1000]).await.unwrap();
        let mut known = [0; 5];
        stream.read_exact(&mut known).await.unwrap();
        assert_eq!(known, [1, 0, 0, 0, 4]);
        trickling.push(stream);
    }
    let mut put = reader.put_client(WORKER).await.unwrap();
    put.authorize(ACCOUNT).await.unwrap();
    let large = large_batch(&mut put, 20_000).await;
    put.sign(large).await.unwrap();
}

#[tokio::test]
async fn a_refused_shard_leaves_the_stream_usable() {
    let (_hub, _worker, reader, _) = pair(NetLimits::default());
    let mut put = reader.put_client(WORKER).await.unwrap();
    let full = put.begin(OpenShard { group: 13, ..open_shard(1024) }).await.err().unwrap();
    assert!(matches!(full, NetError::Refused(Refusal::OverCapacity { free: 5 })), "{full}");
    let mut shard = put.begin(open_shard(1024)).await.unwrap();
    shard.write(&bytes(1024)).await.unwrap();
    shard.finish(header(1), &roots()).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_gives_up_in_the_middle_says_why() {
    let (_hub, _worker, reader, _) = pair(NetLimits::default());
    let mut put = reader.put_client(WORKER).await.unwrap();
    let mut shard = put.begin(OpenShard { group: 14, ..open_shard(64 << 20) }).await.unwrap();
    let chunk = bytes(64 * 1024);
    let error = loop {
        if let Err(error) = shard.write(&chunk).await {
            break error;
        }
        assert!(shard.missing() > 0);
    };
    assert!(matches!(error, NetError::Refused(Refusal::Internal)), "{error}");
    assert!(!put.is_usable());
    assert!(matches!(put.sign(batch(&[])).await, Err(NetError::Closed { .. })));
}

#[tokio::test]
async fn misuse_is_told_to_the_one_who_did_it() {
    let (_hub, _worker, reader, store) = pair(NetLimits::default());
    let mut put = reader.put_client(WORKER).await.unwrap();
    let mut shard = put.begin(open_shard(1024)).await.unwrap();
    assert!(matches!(shard.write(&bytes(1025)).await, Err(NetError::Misuse { .. })));
    let mut put = reader.put_client(WORKER).await.unwrap();
    let shard = put.begin(open_shard(1024)).await.unwrap();
    assert!(matches!(shard.finish(header(1), &roots()).await, Err(NetError::Misuse { .. })));
    let get = reader.get_client(WORKER).await.unwrap();
    let none = FrameRange { object: id(&header(1)), shard: 2, first: 0, count: 0 };
    assert!(matches!(get.frames(none).await, Err(NetError::Misuse { .. })));
    assert!(store.lock().unwrap().is_empty());
}

#[tokio::test]
async fn everything_put_can_be_got() {
    let (_hub, _worker, reader, _) = pair(NetLimits::default());
    let data = bytes(20 * 64 * 1024 + 2048);
    let mut put = reader.put_client(WORKER).await.unwrap();
    let mut shard = put.begin(open_shard(data.len())).await.unwrap();
    shard.write(&data).await.unwrap();
    let object = shard.finish(header(5), &roots()).await.unwrap();

    let get = reader.get_client(WORKER).await.unwrap();
    let info = get.object(object).await.unwrap();
    assert_eq!((info.header, info.shards), (header(5), vec![2]));
    let first = get.frames(FrameRange { object, shard: 2, first: 0, count: 16 }).await.unwrap();
    let rest = get.frames(FrameRange { object, shard: 2, first: 16, count: 16 }).await.unwrap();
    assert_eq!([first.bytes, rest.bytes].concat(), data);
    let missing = ObjectId([66; 32]);
    assert_eq!(get.have(&[missing, object, missing]).await.unwrap(), [false, true, false]);
    assert!(matches!(get.object(missing).await, Err(NetError::GetRefused(GetRefusal::NotHere))));
    assert!(matches!(get.batch([0; 32]).await, Err(NetError::GetRefused(GetRefusal::NotHere))));
    assert_eq!(get.range(RangeQuery { group: 1, expiry: 2, from: 0 }).await.unwrap().total, 0);
    let place = LeafPlace { expiry: 7, index: 1 };
    assert_eq!(get.locate(1, &[missing, object]).await.unwrap(), [None, Some(place)]);
}

#[tokio::test]
async fn abandoned_requests_do_not_mix_with_later_ones() {
    let (_hub, _worker, reader, store) = pair(NetLimits::default());
    let info = meganet_net::ObjectInfo { header: header(5), shard_roots: roots(), shards: vec![2] };
    let kept = crate::support::Kept { info, bytes: bytes(16 * 64 * 1024) };
    store.lock().unwrap().insert(id(&header(5)).0, kept);
    let object = id(&header(5));
    let get = reader.get_client(WORKER).await.unwrap();
    for round in 0..50u64 {
        let large = get.frames(FrameRange { object, shard: 2, first: 0, count: 16 });
        let given_up = tokio::time::timeout(Duration::from_micros(round * 20), large).await;
        drop(given_up);
        assert_eq!(get.have(&[object]).await.unwrap(), [true]);
    }
}

#[tokio::test]
async fn streams_beyond_the_limit_are_told_busy() {
    let limits = NetLimits { streams_per_peer: 2, get_streams_per_peer: 8, ..NetLimits::default() };
    let (_hub, worker, reader, _) = pair(limits);
    let first = reader.put_client(WORKER).await.unwrap();
    let _second = reader.put_client(WORKER).await.unwrap();
    let mut third = reader.put_client(WORKER).await.unwrap();
    let busy = third.begin(open_shard(1024)).await.err().unwrap();
    assert!(matches!(busy, NetError::Refused(Refusal::Busy)), "{busy}");
    assert!(busy.is_transient());
    let get = reader.lazy_get_client(WORKER);
    let busy = get.have(&[]).await.unwrap_err();
    assert!(matches!(busy, NetError::GetRefused(GetRefusal::Busy)), "{busy}");
    assert_eq!(worker.status().streams, 2);
    // A released place can be used again.
    first.close().await.unwrap();
    for _ in 0..100 {
        if worker.status().streams < 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut fourth = reader.put_client(WORKER).await.unwrap();
    fourth.begin(open_shard(1024)).await.unwrap();
}

#[tokio::test]
async fn a_pooled_stream_that_the_worker_closed_is_replaced() {
    let mut limits = NetLimits::default();
    limits.serving.idle = Duration::from_millis(50);
    let (_hub, worker, reader, _) = pair(limits);
    let get = reader.get_client(WORKER).await.unwrap();
    assert_eq!(get.have(&[]).await.unwrap(), [false; 0]);
    for _ in 0..200 {
        if worker.status().streams == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(worker.status().streams, 0, "the worker ends idle streams");
    assert_eq!(get.have(&[]).await.unwrap(), [false; 0]);
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_cut_with_a_reason() {
    let hub = Hub::new();
    let (_worker, mut incoming) = hub.worker(WORKER, NetLimits::default());
    let reader = hub.reader(READER, NetLimits::default());
    let client = tokio::spawn(async move {
        let mut put = reader.put_client(WORKER).await.unwrap();
        let mut shard = put.begin(open_shard(2048)).await.unwrap();
        shard.write(&bytes(1024)).await.unwrap();
        // Dropped in the middle of a shard: the stream ends.
        drop(put);
        reader
    });
    let Some(IncomingStream::Put(mut stream)) = incoming.next().await else { panic!("no stream") };
    assert_eq!(stream.peer(), READER);
    let Some(PutCall::Open(call)) = stream.next().await.unwrap() else { panic!("no shard") };
    let mut upload = call.go().await.unwrap();
    assert_eq!(upload.chunk().await.unwrap().map(<[u8]>::len), Some(1024));
    assert!(matches!(upload.chunk().await, Err(NetError::Closed { .. })));
    drop(upload);
    assert!(stream.next().await.unwrap().is_none());
    drop(client.await.unwrap());
}

#[tokio::test]
async fn who_is_not_there_is_not_found() {
    let (hub, worker, reader, _) = pair(NetLimits::default());
    let nobody = PeerKey([1; 32]);
    assert!(matches!(reader.put_client(nobody).await, Err(NetError::NotFound { peer }) if peer == nobody));
    reader.find(WORKER).await.unwrap();
    hub.disconnect(WORKER);
    assert!(matches!(reader.get_client(WORKER).await, Err(NetError::NotFound { .. })));
    drop(worker);
}
