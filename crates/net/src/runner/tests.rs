//! Networks that end without having been told to.
#![allow(clippy::unwrap_used)]

use super::{Command, SwarmTransport, start};
use crate::{config::NetConfig, ended::NetEnd, error::NetError, handle::Net, incoming::Incoming, transport::NetStatus};
use futures::FutureExt;
use libp2p::{Multiaddr, identity::Keypair};
use std::{sync::Arc, time::Duration};

/// A worker that listens at two addresses.
async fn worker() -> (Arc<SwarmTransport>, Net, Incoming) {
    let listen =
        ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"].map(|address| address.parse::<Multiaddr>().unwrap());
    let config = NetConfig::worker(Keypair::generate_ed25519(), [1; 32], listen.to_vec(), Vec::new());
    let limits = config.limits;
    let (transport, incoming) = start(config).await.unwrap();
    let transport = Arc::new(transport);
    let net = Net::over(transport.clone(), limits);
    (transport, net, incoming)
}

#[tokio::test]
async fn a_task_that_panics_ends_the_network_and_its_queue_of_streams() {
    let (transport, net, mut incoming) = worker().await;
    assert_eq!(net.ended().now_or_never(), None);
    transport.tell(Command::Panic).await;
    let end = net.ended().await;
    assert!(matches!(&end, NetEnd::Failed { reason } if reason.contains("told to")), "{end}");
    assert!(incoming.next().await.is_none());
    assert_eq!(net.status(), NetStatus::default());
    let address = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
    assert!(matches!(net.connect(address).await, Err(NetError::Stopped)));
}

#[tokio::test]
async fn the_loss_of_the_last_listener_is_an_end() {
    let (transport, net, _incoming) = worker().await;
    transport.tell(Command::CloseListener).await;
    while net.status().listening.len() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(net.ended().now_or_never(), None, "it still listens at the other address");
    transport.tell(Command::CloseListener).await;
    assert!(matches!(net.ended().await, NetEnd::NotListening { .. }));
    assert!(net.status().listening.is_empty());
}

#[tokio::test]
async fn the_end_of_a_network_that_was_dropped_is_told() {
    let (transport, net, _incoming) = worker().await;
    let ended = net.ended();
    drop((transport, net));
    assert_eq!(ended.await, NetEnd::Stopped);
}
