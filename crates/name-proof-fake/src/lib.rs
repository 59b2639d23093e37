#![doc = include_str!("../README.md")]
// Not part of any program: errors that can't happen here are not handled.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use codec::Encode;
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use finality_grandpa::{Commit, Precommit, SignedPrecommit};
use meganet_name_proof::{
    bundle::{Justified, NameProof},
    changes::SetChange,
    checkpoint::{Authority, Checkpoint},
    finality::{Finality, Target},
    grandpa::{self, ConsensusLog, Justification, ScheduledChange, SignedVote, VoterId},
    header::{Digest, DigestItem, Hash, Header},
    state,
    trie::{Layout, Nodes},
};
use meganet_primitives::{
    name::{NameParams, StoredName, StoredSubname, split_name, stored},
    units::BLOCK_SECONDS,
};
use trie_db::{Recorder, Trie, TrieDBBuilder, TrieDBMutBuilder, TrieMut};

/// Milliseconds between two blocks.
pub const BLOCK_MILLIS: u64 = 1_000 * BLOCK_SECONDS;
/// The time of the first block.
pub const START: u64 = 1_600_000_000_000;

/// A validator's key pair.
#[derive(Clone)]
pub struct Validator(SigningKey);

impl Validator {
    /// Returns the public key.
    pub fn id(&self) -> VoterId {
        VerificationKeyBytes::from(&self.0).into()
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> grandpa::Signature {
        self.0.sign(message).into()
    }
}

/// A chain.
pub struct Chain {
    /// The hash of its first block.
    pub genesis: Hash,
    /// The number of the set of validators that votes now.
    pub set_id: u64,
    /// That set.
    pub validators: Vec<Validator>,
    /// Its highest block.
    pub head: Header,
    /// The time of the next blocks, in milliseconds since 1970; `None` for [`BLOCK_MILLIS`] for each block since [`START`].
    pub now: Option<u64>,
    nodes: Nodes,
    root: Hash,
}

/// Returns parameters of names with short periods.
pub fn params() -> NameParams {
    NameParams {
        min_commit_age: 3,
        max_commit_age: 28_800,
        year: 10_512_000,
        grace: 100,
        premium: 80,
        halving: 10,
        premium_start: 25_600,
        rent: [4, 3, 2, 1],
        deposit: 5,
        record_deposit: 2,
    }
}

/// Returns a name that is paid for until block `expires`.
pub fn stored(owner: u8, expires: u32) -> StoredName {
    StoredName {
        owner: [owner; 32],
        content: None,
        version: 1,
        registered: 1,
        updated: 2,
        expires,
        deposit: 10_000_000_000_000,
        tenure: 0,
    }
}

/// Returns the validator with this number.
pub fn validator(seed: u8) -> Validator {
    Validator([seed; 32].into())
}

impl Chain {
    /// Makes a chain of the validators 1 to `validators`.
    pub fn new(validators: u8) -> Self {
        let head = Header {
            parent_hash: Hash::zero(),
            number: 0,
            state_root: Hash::zero(),
            extrinsics_root: Hash::zero(),
            digest: Digest::default(),
        };
        let mut chain = Self {
            genesis: head.hash(),
            set_id: 0,
            validators: (1..=validators).map(validator).collect(),
            head,
            now: None,
            nodes: Nodes::default(),
            root: Hash::default(),
        };
        let mut root = Hash::default();
        TrieDBMutBuilder::<Layout>::new(&mut chain.nodes, &mut root).build().commit();
        chain.root = root;
        chain.put([
            (state::layout_key(), Some(stored::LAYOUT.encode())),
            (state::params_key(), Some(params().encode())),
            (state::time_key(), Some(START.encode())),
            // A stand-in for the rest of a chain's state, so that no key here is alone.
            ([&[0x26; 32][..], b"other"].concat(), Some(vec![7; 80])),
        ]);
        chain
    }

    /// Writes into the state that the next block has.
    pub fn put(&mut self, values: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) {
        let mut trie = TrieDBMutBuilder::<Layout>::from_existing(&mut self.nodes, &mut self.root).build();
        for (key, value) in values {
            match value {
                Some(value) => trie.insert(&key, &value).unwrap(),
                None => trie.remove(&key).unwrap(),
            };
        }
        trie.commit();
    }

    /// Writes a name into the state that the next block has.
    pub fn put_name(&mut self, label: &str, name: &StoredName) {
        self.put([(state::name_key(label), Some(name.encode()))]);
    }

    /// Writes a name below a name into the state that the next block has.
    pub fn put_subname(&mut self, label: &str, sub: &str, stored: &StoredSubname) {
        self.put([(state::subname_key(label, sub), Some(stored.encode()))]);
    }

    /// Returns a value of the state that the next block has.
    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        TrieDBBuilder::<Layout>::new(&self.nodes, &self.root).build().get(key).unwrap()
    }

    /// Makes the next block.
    #[allow(clippy::should_implement_trait)] // blocks, not an iterator's items
    pub fn next(&mut self) -> Header {
        self.next_with(None)
    }

    /// Makes blocks up to a height.
    pub fn reach(&mut self, number: u32) -> Header {
        while self.head.number < number {
            self.next();
        }
        self.head.clone()
    }

    /// Makes the next block, with an item in its digest.
    pub fn next_with(&mut self, item: Option<DigestItem>) -> Header {
        let number = self.head.number + 1;
        let time = self.now.unwrap_or(START + u64::from(number) * BLOCK_MILLIS);
        self.put([(state::time_key(), Some(time.encode()))]);
        // As long as a primary slot's claim with its VRF, and a seal.
        let mut logs = vec![DigestItem::PreRuntime(*b"BABE", vec![1; 109])];
        logs.extend(item);
        logs.push(DigestItem::Seal(*b"BABE", vec![2; 64]));
        self.head = Header {
            parent_hash: self.head.hash(),
            number,
            state_root: self.root,
            extrinsics_root: Hash::repeat_byte(3),
            digest: Digest { logs },
        };
        self.head.clone()
    }

    /// Makes a block after which the validators with these numbers vote.
    pub fn rotate(&mut self, validators: &[u8]) -> SetChange {
        let next: Vec<Validator> = validators.iter().copied().map(validator).collect();
        let change =
            ScheduledChange { next_authorities: next.iter().map(|validator| (validator.id(), 1)).collect(), delay: 0 };
        let header = self.next_with(Some(signal(&ConsensusLog::ScheduledChange(change))));
        let all: Vec<usize> = (0..self.validators.len()).collect();
        let finality = self.finality(&header, &all);
        self.validators = next;
        self.set_id += 1;
        SetChange { header, finality }
    }

    /// Returns a validator's signed vote for a block.
    pub fn vote(&self, voter: usize, block: &Header, round: u64) -> SignedVote {
        let precommit = Precommit { target_hash: block.hash(), target_number: block.number };
        let validator = &self.validators[voter];
        let signature = validator.sign(&grandpa::signed_bytes(&precommit, round, self.set_id));
        SignedPrecommit { precommit, signature, id: validator.id() }
    }

    /// Returns the justification of a block by votes of these validators for it.
    pub fn justification(&self, block: &Header, voters: &[usize]) -> Justification {
        let round = u64::from(block.number);
        Justification {
            round,
            commit: Commit {
                target_hash: block.hash(),
                target_number: block.number,
                precommits: voters.iter().map(|voter| self.vote(*voter, block, round)).collect(),
            },
            votes_ancestries: Vec::new(),
        }
    }

    /// Returns the votes of these validators for a block.
    pub fn finality(&self, block: &Header, voters: &[usize]) -> Finality {
        Finality::new(&self.justification(block, voters), None)
    }

    /// Returns the head with as many votes as are needed.
    pub fn justified(&self) -> Justified {
        let needed: Vec<usize> = (0..self.validators.len() - (self.validators.len() - 1) / 3).collect();
        Justified { set_id: self.set_id, header: self.head.clone(), finality: self.finality(&self.head, &needed) }
    }

    /// Returns the nodes of the head's state trie on the paths to some keys. The state must not have been written since.
    pub fn state_proof(&self, keys: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut recorder = Recorder::<Layout>::new();
        {
            let trie =
                TrieDBBuilder::<Layout>::new(&self.nodes, &self.head.state_root).with_recorder(&mut recorder).build();
            for key in keys {
                trie.get(key).unwrap();
            }
        }
        recorder.drain().into_iter().map(|record| record.data).collect()
    }

    /// Returns a proof of what a name resolves to in the head.
    pub fn prove(&self, name: &str, changes: Vec<SetChange>) -> NameProof {
        let (sub, label) = split_name(name).unwrap();
        let record = self.get(&state::name_key(label));
        let state = self.state_proof(&state::keys(label, sub, record.as_deref(), self.head.number));
        NameProof::new(self.genesis, name, changes, self.justified(), state).unwrap()
    }

    /// Returns the validators that vote now.
    pub fn authorities(&self) -> Vec<Authority> {
        self.validators.iter().map(|validator| Authority { key: Hash(validator.id()), weight: 1 }).collect()
    }

    /// Returns a checkpoint at the head.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            genesis: self.genesis,
            number: self.head.number,
            hash: self.head.hash(),
            set_id: self.set_id,
            authorities: self.authorities(),
        }
    }
}

/// Returns a message of GRANDPA as an item of a digest.
pub fn signal(log: &ConsensusLog) -> DigestItem {
    DigestItem::Consensus(grandpa::ENGINE_ID, log.encode())
}

/// Returns a block as a vote names it.
pub fn target(header: &Header) -> Target {
    Target { hash: header.hash(), number: header.number }
}
