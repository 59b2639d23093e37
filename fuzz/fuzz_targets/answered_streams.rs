//! Streams of servers that lie: whatever bytes they answer, a client gets what it asked for in form, or an error.
#![no_main]

use futures::future::BoxFuture;
use libfuzzer_sys::fuzz_target;
use meganet_net::{
    BoxedIo, FrameRange, Multiaddr, Net, NetEnd, NetError, NetLimits, NetStatus, OpenShard, Protocol, RangeQuery, SignBatch,
    Transport, UploadAccount,
};
use meganet_primitives::{object::ObjectId, receipt::PeerKey};
use std::{collections::BTreeSet, sync::Arc};
use tokio::io::AsyncWriteExt;

const PEER: PeerKey = PeerKey([7; 32]);

/// Answers every stream with the same bytes.
struct Liar(Vec<u8>);

impl Transport for Liar {
    fn local(&self) -> PeerKey {
        PeerKey([8; 32])
    }

    fn find(&self, _: PeerKey) -> BoxFuture<'_, Result<(), NetError>> {
        Box::pin(async { Ok(()) })
    }

    fn open(&self, _: PeerKey, _: Protocol) -> BoxFuture<'_, Result<BoxedIo, NetError>> {
        let answer = self.0.clone();
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(256 * 1024);
            tokio::spawn(async move {
                let (mut reader, mut writer) = tokio::io::split(theirs);
                let _ = writer.write_all(&answer).await;
                let _ = writer.shutdown().await;
                let _ = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
            });
            Ok(Box::new(ours) as BoxedIo)
        })
    }

    fn connect(&self, _: Multiaddr) -> BoxFuture<'_, Result<PeerKey, NetError>> {
        Box::pin(async { Ok(PEER) })
    }

    fn status(&self) -> NetStatus {
        NetStatus::default()
    }

    fn prefer(&self, _: BTreeSet<PeerKey>) {}

    fn ended(&self) -> BoxFuture<'static, NetEnd> {
        Box::pin(std::future::pending())
    }

    fn stop(&self) {}
}

async fn ask(how: u8, bytes: &[u8]) {
    let net = Net::over(Arc::new(Liar(bytes.to_vec())), NetLimits::default());
    let object = ObjectId([1; 32]);
    let get = net.lazy_get_client(PEER);
    match how % 8 {
        0 => {
            let _ = get.object(object).await;
        }
        1 => {
            let range = FrameRange { object, shard: 2, first: 3, count: 2 };
            if let Ok(frames) = get.frames(range).await {
                assert!(frames.bytes.len() <= range.max_len() as usize, "more frames than were asked for");
            }
        }
        2 => {
            let _ = get.batch([2; 32]).await;
        }
        3 => {
            if let Ok(page) = get.range(RangeQuery { group: 1, expiry: 2, from: 0 }).await {
                assert!(page.leaves.len() <= 256);
            }
        }
        4 => {
            if let Ok(have) = get.have(&[object, ObjectId([3; 32])]).await {
                assert_eq!(have.len(), 2);
            }
        }
        5 => {
            if let Ok(places) = get.locate(1, &[object]).await {
                assert_eq!(places.len(), 1);
            }
        }
        how => {
            let Ok(mut put) = net.put_client(PEER).await else { return };
            let account = UploadAccount { account: [3; 32], signature: [4; 64] };
            if put.authorize(account).await.is_err() {
                return;
            }
            let (group, slot) = (1, 2);
            if how == 6 {
                let (owner, expiry, valid_until) = ([3; 32], 9, 4);
                let _ = put.sign(SignBatch { group, slot, expiry, owner, valid_until, entries: Vec::new() }).await;
                return;
            }
            let open = OpenShard { group, slot, shard_len: 1024, k: 2, n: 6, codec: 1, sealed_len: 2048 };
            if let Ok(mut shard) = put.begin(open).await {
                let _ = shard.write(&[5; 1024]).await;
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(ask(*how, bytes));
});
