//! The libp2p network between clients and workers: swarm, put, get, Kademlia.
