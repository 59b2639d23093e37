//! A node's database and justifications, over the in-memory chain of `meganet-name-proof-fake`.
#![allow(clippy::unwrap_used)]

use super::{
    prover::{Justification, ProofSource, Sets},
    reader::StateReader,
};
use codec::Encode;
use meganet_name_proof::{Authority, Checkpoint, Header, state};
use meganet_name_proof_fake::{self as fake, Chain, target};
use meganet_primitives::name::{StoredName, StoredSubname, stored};
use sp_core::H256;
use sp_trie::StorageProof;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

/// The version of a name in the state.
pub const STATE_VERSION: u32 = 5;

/// A node at block 10. The validator set changed after blocks 3, 5 and 7.
pub struct Node {
    pub chain: Chain,
    pub headers: Vec<Header>,
    pub kept: BTreeMap<H256, Justification>,
    pub newest: Option<Justification>,
    pub ended: Vec<(u64, u32)>,
    pub knows_since: u32,
    pub layout: u16,
    pub reads: AtomicUsize,
    /// A block in which alice has other content.
    pub other: Option<(H256, StoredName)>,
}

pub fn alice() -> StoredName {
    let content = Some(crate::mock::content());
    StoredName { owner: crate::mock::OWNER, content, version: STATE_VERSION, ..fake::stored(7, 1_000) }
}

fn blog() -> StoredSubname {
    StoredSubname { content: None, version: 3, updated: 4, delegate: None, deposit: 2 }
}

impl Node {
    pub fn new() -> Self {
        let mut chain = Chain::new(4);
        let headers = vec![chain.head.clone()];
        chain.put_name("alice", &alice());
        chain.put_subname("alice", "blog", &blog());
        let mut node = Self {
            chain,
            headers,
            kept: BTreeMap::new(),
            newest: None,
            ended: Vec::new(),
            knows_since: 0,
            layout: stored::LAYOUT,
            reads: AtomicUsize::new(0),
            other: None,
        };
        node.next();
        for validators in [[2, 3, 4, 5], [3, 4, 5, 6], [4, 5, 6, 7]] {
            node.next();
            node.rotate(&validators);
        }
        for _ in 0..3 {
            node.next();
        }
        node
    }

    /// Adds a block with a justification, which stays available until the next block.
    pub fn next(&mut self) {
        let header = self.chain.next();
        self.newest = Some(self.chain.justification(&header, &[0, 1, 2, 3]));
        self.headers.push(header);
    }

    /// Adds a block after which another validator set votes.
    pub fn rotate(&mut self, validators: &[u8]) {
        let ended = self.chain.set_id;
        let change = self.chain.rotate(validators);
        let votes = change.finality.justification(target(&change.header));
        self.ended.push((ended, change.header.number));
        self.kept.insert(change.header.hash(), votes.clone());
        self.newest = Some(votes);
        self.headers.push(change.header);
    }

    /// The checkpoint at the genesis block.
    pub fn genesis_checkpoint(&self) -> Checkpoint {
        let first = Chain::new(4);
        Checkpoint { genesis: self.chain.genesis, hash: self.chain.genesis, ..first.checkpoint() }
    }

    pub fn authorities(&self) -> Vec<Authority> {
        self.chain.authorities()
    }
}

impl StateReader for Node {
    fn value(&self, block: H256, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if key == state::layout_key() {
            return Ok(Some(self.layout.encode()));
        }
        match &self.other {
            Some((at, other)) if *at == block && key == state::name_key("alice") => Ok(Some(other.encode())),
            _ => Ok(self.chain.get(key)),
        }
    }
}

impl ProofSource for Node {
    fn genesis(&self) -> H256 {
        self.chain.genesis
    }

    fn header(&self, hash: H256) -> Result<Option<Header>, String> {
        Ok(self.headers.iter().find(|header| header.hash() == hash).cloned())
    }

    fn final_hash(&self, number: u32) -> Result<Option<H256>, String> {
        Ok(self.headers.get(usize::try_from(number).unwrap()).map(Header::hash))
    }

    fn newest(&self) -> Result<Option<Justification>, String> {
        Ok(self.newest.clone())
    }

    fn justification(&self, hash: H256) -> Result<Option<Justification>, String> {
        Ok(self.kept.get(&hash).cloned())
    }

    fn sets_since(&self, block: u32) -> Option<Sets> {
        let ended = self.ended.iter().filter(|(_, last)| *last > block).copied().collect();
        (block >= self.knows_since).then(|| Sets { current: self.chain.set_id, authorities: self.authorities(), ended })
    }

    fn prove(&self, block: H256, keys: &[Vec<u8>]) -> Result<StorageProof, String> {
        if block != self.chain.head.hash() {
            return Err("the state of this block is gone".into());
        }
        Ok(StorageProof::new(self.chain.state_proof(keys)))
    }
}
