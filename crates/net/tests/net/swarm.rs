//! Real swarms on the loopback interface.
//!
//! 1. A reader that knows one bootnode finds an unknown worker, puts and gets, over QUIC and over TCP.
//! 2. A peer on another chain is reported as such. So is a reader, which serves no one.
//! 3. A worker that restarts on another port is found there, also by readers that knew the old port.
//! 4. A worker that is gone is reported within the timeout, whether other peers knew it or not.
//! 5. Streams over the limit are refused as `Busy`; the others continue.
//! 6. A stopped peer is noticed immediately.
//! 7. Connections that stay silent keep nobody out.

use crate::support::{Store, bytes, header, open_shard, roots, serve};
use meganet_net::{FrameRange, Keypair, Multiaddr, Net, NetConfig, NetEnd, NetError, NetLimits, Refusal};
use meganet_primitives::{hash::Hash, receipt::PeerKey};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::TcpSocket;

const GENESIS: Hash = [42; 32];
pub const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
pub const TCP: &str = "/ip4/127.0.0.1/tcp/0";

fn limits() -> NetLimits {
    NetLimits { upkeep: Duration::from_millis(500), find: Duration::from_secs(15), ..NetLimits::default() }
}

async fn worker_with(identity: Keypair, genesis: Hash, listen: &str, bootnodes: Vec<Multiaddr>) -> Net {
    let config = NetConfig {
        limits: limits(),
        ..NetConfig::worker(identity, genesis, vec![listen.parse().unwrap()], bootnodes)
    };
    let (net, incoming) = Net::start(config).await.unwrap();
    tokio::spawn(serve(incoming, Store::default()));
    net
}

async fn worker(listen: &str, bootnodes: Vec<Multiaddr>) -> Net {
    worker_with(Keypair::generate_ed25519(), GENESIS, listen, bootnodes).await
}

async fn reader(bootnodes: Vec<Multiaddr>) -> Net {
    let config = NetConfig { limits: limits(), ..NetConfig::reader(GENESIS, bootnodes) };
    Net::start(config).await.unwrap().0
}

fn connected(net: &Net, peer: PeerKey) -> bool {
    net.status().connected.contains(&peer)
}

/// Waits until a condition holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn round_trip(reader: &Net, worker: PeerKey, len: usize) {
    let data = bytes(len);
    let mut put = reader.put_client(worker).await.unwrap();
    let mut shard = put.begin(open_shard(len)).await.unwrap();
    for piece in data.chunks(64 * 1024) {
        shard.write(piece).await.unwrap();
    }
    let object = shard.finish(header(1), &roots()).await.unwrap();
    put.close().await.unwrap();

    let get = reader.get_client(worker).await.unwrap();
    assert_eq!(get.object(object).await.unwrap().header, header(1));
    let frames = u64::try_from(len.div_ceil(64 * 1024)).unwrap();
    // Several streams side by side.
    let requests = (0..frames).step_by(16).map(|first| {
        let get = get.clone();
        async move { get.frames(FrameRange { object, shard: 2, first, count: 16 }).await.unwrap().bytes }
    });
    let parts = futures::future::join_all(requests).await;
    assert!(parts.concat() == data);
}

async fn a_stranger_is_found_through_a_bootnode(listen: &str) {
    let bootnode = worker(listen, vec![]).await;
    let worker = worker(listen, bootnode.addresses()).await;
    let reader = reader(bootnode.addresses()).await;
    // Without a pause: the first search of the reader may start before its bootnode is connected.
    round_trip(&reader, worker.local_key(), 10_000_000).await;
    assert!(connected(&reader, worker.local_key()));
    assert!(reader.connected_peers() >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_found_through_a_bootnode_over_quic() {
    a_stranger_is_found_through_a_bootnode(QUIC).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_found_through_a_bootnode_over_tcp() {
    a_stranger_is_found_through_a_bootnode(TCP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_another_chain_says_so() {
    let other = worker_with(Keypair::generate_ed25519(), [43; 32], QUIC, vec![]).await;
    let reader = reader(vec![]).await;
    let there = reader.connect(other.addresses().remove(0)).await.unwrap();
    assert_eq!(there, other.local_key());
    let error = reader.get_client(there).await.err().unwrap();
    assert!(matches!(error, NetError::OtherChain { peer } if peer == there), "{error}");
    let error = reader.put_client(there).await.err().unwrap();
    assert!(matches!(error, NetError::OtherChain { .. }), "{error}");
    assert_eq!(reader.status().known, 0, "peers of other chains are not asked where others are");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_serves_nobody_and_says_so() {
    let config = NetConfig { listen: vec![QUIC.parse().unwrap()], ..NetConfig::reader(GENESIS, vec![]) };
    let (listening, mut incoming) = Net::start(config).await.unwrap();
    assert!(incoming.next().await.is_none());
    let reader = reader(vec![]).await;
    let there = reader.connect(listening.addresses().remove(0)).await.unwrap();
    let error = reader.get_client(there).await.err().unwrap();
    assert!(matches!(error, NetError::NotServing { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_comes_back_elsewhere_is_found_there() {
    let bootnode = worker(QUIC, vec![]).await;
    let identity = Keypair::generate_ed25519();
    let reader = reader(bootnode.addresses()).await;
    let mut ports = Vec::new();
    // The transport changes as well, so that the old address is of no use.
    for listen in [QUIC, TCP, QUIC] {
        let worker = worker_with(identity.clone(), GENESIS, listen, bootnode.addresses()).await;
        ports.push(worker.addresses());
        let key = worker.local_key();
        round_trip(&reader, key, 100_000).await;
        worker.shutdown();
        until("the worker's end", || !connected(&reader, key)).await;
    }
    assert!(ports[0] != ports[1] && ports[1] != ports[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_without_a_word_is_found_when_it_is_back() {
    let bootnode = worker(QUIC, vec![]).await;
    let identity = Keypair::generate_ed25519();
    let reader = reader(bootnode.addresses()).await;
    let first = tokio::runtime::Runtime::new().unwrap();
    let start = worker_with(identity.clone(), GENESIS, QUIC, bootnode.addresses());
    let worker = first.spawn(start).await.unwrap();
    let key = worker.local_key();
    let get = reader.get_client(key).await.unwrap();
    assert_eq!(get.have(&[]).await.unwrap(), [false; 0]);
    // Its tasks end between two polls, as after a kill.
    first.shutdown_background();
    let _back = worker_with(identity, GENESIS, QUIC, bootnode.addresses()).await;
    let began = Instant::now();
    assert_eq!(get.have(&[]).await.unwrap(), [false; 0]);
    round_trip(&reader, key, 100_000).await;
    println!("found again after {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_gone_is_reported_in_time() {
    let bootnode = worker(QUIC, vec![]).await;
    let gone = worker(QUIC, bootnode.addresses()).await;
    let key = gone.local_key();
    until("the bootnode's hearing of the worker", || bootnode.status().known > 0).await;
    let reader = reader(bootnode.addresses()).await;
    gone.shutdown();
    until("the worker's end", || !connected(&bootnode, key)).await;
    let began = Instant::now();
    let error = reader.find(key).await.unwrap_err();
    assert!(matches!(error, NetError::Unreachable { .. } | NetError::NotFound { .. }), "{error}");
    assert!(began.elapsed() < 2 * limits().find, "{:?}", began.elapsed());
    // The failure is remembered for a moment, so it is not searched again.
    let again = Instant::now();
    reader.get_client(key).await.err().unwrap();
    assert!(again.elapsed() < limits().remember_failure, "{:?}", again.elapsed());

    let unheard = meganet_net::peer_key(&Keypair::generate_ed25519().public().to_peer_id()).unwrap();
    let error = reader.find(unheard).await.unwrap_err();
    assert!(matches!(error, NetError::NotFound { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_over_the_limit_are_told_busy() {
    let config = NetConfig {
        limits: NetLimits { streams_per_peer: 4, ..limits() },
        ..NetConfig::worker(Keypair::generate_ed25519(), GENESIS, vec![QUIC.parse().unwrap()], vec![])
    };
    let (worker, incoming) = Net::start(config).await.unwrap();
    tokio::spawn(serve(incoming, Store::default()));
    let reader = reader(vec![]).await;
    let key = reader.connect(worker.addresses().remove(0)).await.unwrap();
    let data = bytes(1_024_000);
    // All are answered before any of them ends.
    let answered = tokio::sync::Barrier::new(12);
    let uploads = (0..12u8).map(|seed| {
        let (reader, data, answered) = (reader.clone(), &data, &answered);
        async move {
            let mut put = reader.put_client(key).await.unwrap();
            let begun = put.begin(open_shard(data.len())).await;
            answered.wait().await;
            let mut shard = begun?;
            shard.write(data).await?;
            shard.finish(header(seed), &roots()).await
        }
    });
    let results = futures::future::join_all(uploads).await;
    let stored = results.iter().filter(|result| result.is_ok()).count();
    let busy = results.iter().filter(|result| matches!(result, Err(NetError::Refused(Refusal::Busy)))).count();
    assert_eq!((stored, busy), (4, 8), "{results:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_peer_is_noticed_at_once_and_refuses_further_use() {
    let worker = worker(QUIC, vec![]).await;
    let reader = reader(worker.addresses()).await;
    let key = worker.local_key();
    reader.find(key).await.unwrap();
    let mut put = reader.put_client(key).await.unwrap();
    let began = Instant::now();
    worker.shutdown();
    until("the end of the connection", || !connected(&reader, key)).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(put.begin(open_shard(1024)).await.is_err());
    assert!(matches!(worker.find(reader.local_key()).await, Err(NetError::Stopped)));
    assert_eq!(worker.ended().await, NetEnd::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_of_a_block_keep_no_other_out() {
    let worker = worker(TCP, vec![]).await;
    let address = worker.status().listening.remove(0);
    let port: u16 = address.to_string().rsplit('/').next().unwrap().parse().unwrap();
    // More than all places; they are accepted in order, before the reader.
    let silent = (0..150).map(|_| async move {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 1, 1], 0))).unwrap();
        socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await
    });
    let _silent = futures::future::join_all(silent).await;
    let reader = reader(vec![]).await;
    assert_eq!(reader.connect(address).await.unwrap(), worker.local_key());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_an_error_that_says_so() {
    let first = worker(TCP, vec![]).await;
    let taken = first.status().listening.remove(0);
    let config = NetConfig::worker(Keypair::generate_ed25519(), GENESIS, vec![taken.clone()], vec![]);
    let error = Net::start(config).await.err().unwrap();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_port_is_listened_on_by_both_protocols_and_both_families() {
    let port = std::net::UdpSocket::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    let all = ["/ip4/0.0.0.0/udp", "/ip6/::/udp", "/ip4/0.0.0.0/tcp", "/ip6/::/tcp"].map(|base| {
        let quic = if base.ends_with("udp") { "/quic-v1" } else { "" };
        format!("{base}/{port}{quic}").parse::<Multiaddr>().unwrap()
    });
    let config = || NetConfig::worker(Keypair::generate_ed25519(), GENESIS, all.to_vec(), Vec::new());
    let (net, _incoming) = Net::start(config()).await.unwrap();
    let listening = net.status().listening;
    let has = |part: &str| listening.iter().any(|address| address.to_string().contains(part));
    assert!(has("/udp/") && has("/tcp/") && has("/ip4/"), "{listening:?}");
    let has_ip6 = std::net::UdpSocket::bind("[::1]:0").is_ok();
    assert_eq!(has("/ip6/"), has_ip6, "{listening:?}");
    let Err(error) = Net::start(config()).await else { panic!("two share the port") };
    assert!(error.to_string().contains("in use"), "{error}");
    // An address of another machine is left out, unless nothing is left.
    let elsewhere: Multiaddr = "/ip4/192.0.2.1/tcp/0".parse().unwrap();
    let here: Multiaddr = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
    let with = |addresses| NetConfig::worker(Keypair::generate_ed25519(), GENESIS, addresses, Vec::new());
    let (some, _incoming) = Net::start(with(vec![elsewhere.clone(), here])).await.unwrap();
    assert!(some.status().listening.iter().all(|address| address.to_string().contains("127.0.0.1")));
    let Err(error) = Net::start(with(vec![elsewhere])).await else { panic!("it listens nowhere") };
    assert!(error.to_string().contains("192.0.2.1"), "{error}");
}
