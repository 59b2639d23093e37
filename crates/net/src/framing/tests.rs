#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    budget::Budget,
    config::Pace,
    wire::{
        get::{GetReply, GetRequest, MAX_HAVE},
        put::{PutRequest, SignBatch},
    },
};
use codec::Encode;
use meganet_primitives::{object::ObjectId, sum_tree::BatchEntry};
use proptest::prelude::*;
use std::time::Instant;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

const SOON: Duration = Duration::from_secs(5);
const TIMING: Timing =
    Timing { open: SOON, reply: SOON, idle: SOON, pace: Pace { grace: Duration::from_millis(300), min_rate: 100_000 } };

fn pipe(size: usize) -> (DuplexStream, Channel) {
    let (theirs, ours) = duplex(size);
    (theirs, Channel::new(Box::new(ours), TIMING))
}

fn run<T>(future: impl std::future::Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The result of a channel for these bytes, after which the peer closes the stream.
fn read_all<M: Message>(bytes: &[u8]) -> Result<M, NetError> {
    run(async {
        let (mut theirs, mut channel) = pipe(bytes.len().max(1));
        theirs.write_all(bytes).await.unwrap();
        drop(theirs);
        channel.inlet.message(Patience::For(SOON)).await
    })
}

fn framed(message: &impl Encode) -> Vec<u8> {
    let body = message.encode();
    let mut bytes = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(body);
    bytes
}

fn have(count: usize) -> GetRequest {
    GetRequest::Have { objects: (0..count).map(|i| ObjectId([u8::try_from(i % 256).unwrap(); 32])).collect() }
}

proptest! {
    #[test]
    fn messages_and_bulk_survive_any_cut(
        counts in prop::collection::vec(0usize..200, 1..6),
        bulk in prop::collection::vec(any::<u8>(), 0..5000),
        pipe_size in 1usize..3000,
    ) {
        let sent: Vec<_> = counts.iter().map(|count| have(*count)).collect();
        let received = run(async {
            let (theirs, mut channel) = pipe(pipe_size);
            let mut other = Channel::new(Box::new(theirs), TIMING);
            let write = async {
                for message in &sent {
                    other.outlet.send_now(message, &bulk).await.unwrap();
                }
                other.outlet.close().await.unwrap();
            };
            let read = async {
                let mut received: Vec<GetRequest> = Vec::new();
                while let Some(announced) = channel.inlet.announced::<GetRequest>(Patience::For(SOON)).await.unwrap() {
                    received.push(channel.inlet.announced_body(announced).await.unwrap());
                    let mut bytes = Vec::new();
                    channel.inlet.bulk("test", &mut bytes, bulk.len()).await.unwrap();
                    assert_eq!(bytes, bulk);
                }
                received
            };
            tokio::join!(write, read).1
        });
        prop_assert_eq!(received, sent);
    }

    #[test]
    fn truncated_messages_are_refused(count in 0usize..100, cut in any::<prop::sample::Index>()) {
        let bytes = framed(&have(count));
        let cut = cut.index(bytes.len());
        let refused = matches!(read_all::<GetRequest>(&bytes[..cut]), Err(NetError::Closed { .. }));
        prop_assert!(refused);
    }

    #[test]
    fn garbage_is_refused_or_read_as_what_it_says(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = read_all::<GetReply>(&bytes) {
            prop_assert!(bytes.starts_with(&framed(&message)));
        }
    }

    #[test]
    fn lengths_over_the_limit_are_refused_unread(kind in 0u8..7, over in 1u32..1_000_000) {
        let limit = GetReply::limit(kind).unwrap();
        let mut bytes = (limit + over).to_le_bytes().to_vec();
        bytes.push(kind);
        let refused = matches!(read_all::<GetReply>(&bytes), Err(NetError::TooLong { .. }));
        prop_assert!(refused);
    }

    #[test]
    fn unknown_kinds_are_refused(kind in 7u8.., len in 1u32..100) {
        let mut bytes = len.to_le_bytes().to_vec();
        bytes.push(kind);
        let refused = matches!(read_all::<GetReply>(&bytes), Err(NetError::Malformed { .. }));
        prop_assert!(refused);
    }
}

#[test]
fn empty_and_overlong_encodings_are_refused() {
    assert!(matches!(read_all::<GetRequest>(&[0, 0, 0, 0, 0]), Err(NetError::Malformed { .. })));
    let mut bytes = framed(&have(1));
    bytes.push(7);
    bytes[0] += 1;
    assert!(matches!(read_all::<GetRequest>(&bytes), Err(NetError::Malformed { .. })), "a byte too many");
}

#[test]
fn what_the_peer_would_refuse_is_not_sent() {
    run(async {
        let (_theirs, mut channel) = pipe(64);
        let error = channel.outlet.send_now(&have(usize::try_from(MAX_HAVE).unwrap() + 100), &[]).await.unwrap_err();
        assert!(matches!(error, NetError::TooLong { .. }));
    });
}

#[test]
fn a_promised_length_takes_no_memory() {
    run(async {
        let (mut theirs, mut channel) = pipe(1024);
        let limit = PutRequest::limit(3).unwrap();
        theirs.write_all(&limit.to_le_bytes()).await.unwrap();
        theirs.write_all(&[3, 1, 2, 3]).await.unwrap();
        let announced = channel.inlet.announced::<PutRequest>(Patience::For(SOON)).await.unwrap().unwrap();
        assert_eq!(announced.len(), usize::try_from(limit).unwrap());
        let body = channel.inlet.announced_body::<PutRequest>(announced).await;
        assert!(matches!(body, Err(NetError::TooSlow { .. })));
        assert!(channel.inlet.buffer.capacity() < 64 * 1024);
    });
}

#[test]
fn messages_that_are_sent_ahead_do_not_pile_up() {
    run(async {
        let (mut theirs, mut channel) = pipe(1 << 20);
        theirs.write_all(&framed(&have(3)).repeat(5000)).await.unwrap();
        let mut most = 0;
        for _ in 0..5000 {
            let message: GetRequest = channel.inlet.message(Patience::For(SOON)).await.unwrap();
            assert_eq!(message, have(3));
            most = most.max(channel.inlet.buffer.capacity());
        }
        assert!(most < 64 * 1024, "{most} bytes");
    });
}

#[test]
fn a_large_message_borrows_what_has_arrived() {
    run(async {
        let (mut theirs, mut channel) = pipe(1 << 20);
        let entry = BatchEntry { object: ObjectId([2; 32]), shards_root: [3; 32], shard_len: 1024 };
        let (group, slot, expiry, owner, valid_until) = (1, 2, 3, [4; 32], 5);
        let sign = SignBatch { group, slot, expiry, owner, valid_until, entries: vec![entry; 10_000] };
        let request = PutRequest::Sign(sign);
        let (bytes, budget) = (framed(&request), Budget::new(4 << 20));
        let (begun, rest) = bytes.split_at(bytes.len() / 8);
        theirs.write_all(begun).await.unwrap();
        let announced = channel.inlet.announced::<PutRequest>(Patience::For(SOON)).await.unwrap().unwrap();
        let loan = budget.open(announced.len() * 2).unwrap();
        let stalled = channel.inlet.lent_body::<PutRequest>(announced, &loan, SOON).await;
        assert!(matches!(stalled, Err(NetError::TooSlow { .. })));
        let lent = budget.lent();
        assert!(lent <= 2 * (begun.len() + PIECE), "{lent} bytes for {}", begun.len());
        // Reading goes on where it was.
        channel.inlet.credit.renew();
        theirs.write_all(rest).await.unwrap();
        let read: PutRequest = channel.inlet.lent_body(announced, &loan, SOON).await.unwrap();
        assert_eq!(read, request);
        assert!(budget.lent() <= 2 * bytes.len());
        assert!(channel.inlet.buffer.capacity() <= KEEP_BUFFER);
        loan.settle(announced.len());
        assert!(budget.lent() <= announced.len());
        drop(loan);
        assert_eq!(budget.lent(), 0);
    });
}

#[test]
fn a_silent_peer_is_given_up() {
    run(async {
        let (_theirs, mut channel) = pipe(64);
        let began = Instant::now();
        let wait = Patience::For(Duration::from_millis(100));
        let error = channel.inlet.message::<GetRequest>(wait).await.unwrap_err();
        assert!(matches!(error, NetError::TooSlow { .. }));
        assert!(began.elapsed() < SOON);
    });
}

#[test]
fn a_slow_drip_is_cut_though_it_never_stops() {
    run(async {
        let (mut theirs, mut channel) = pipe(64);
        // 10 bytes every 20 ms where 100,000 a second are required.
        let drip = async {
            loop {
                theirs.write_all(&[0; 10]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let mut bytes = Vec::new();
        let read = channel.inlet.bulk("test", &mut bytes, 1_000_000);
        let began = Instant::now();
        tokio::select! {
            () = drip => {}
            result = read => assert!(matches!(result, Err(NetError::TooSlow { .. }))),
        }
        assert!(began.elapsed() < SOON);
    });
}

#[test]
fn a_peer_that_does_not_read_is_cut() {
    run(async {
        let (_theirs, mut channel) = pipe(64);
        let error = channel.outlet.send_now(&have(100), &[]).await.unwrap_err();
        assert!(matches!(error, NetError::TooSlow { .. }));
    });
}
