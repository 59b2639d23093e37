//! The chain's state trie, and compact proofs of what is in it.
//!
//! The trie is `trie-db`'s, as in nodes, with the SDK's layout (version 1: values above 32 bytes are nodes of their own) and
//! node encoding ([`NodeCodec`]), without the SDK. Tests compare all of it with `sp-trie`.

mod node;

pub use node::{NodeCodec, NodeError};

use crate::header::Hash;
use hash_db::{EMPTY_PREFIX, HashDB, Hasher};
use memory_db::{HashKey, MemoryDB};
use sp_crypto_hashing::blake2_256;
use std::collections::BTreeSet;
use trie_db::{DBValue, Recorder, SeenHashes, Trie, TrieDBBuilder, TrieError, TrieLayout};

/// The trie's hash function, BLAKE2b-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blake2;

impl Hasher for Blake2 {
    type Out = Hash;
    type StdHasher = std::collections::hash_map::DefaultHasher;
    const LENGTH: usize = 32;

    fn hash(bytes: &[u8]) -> Hash {
        Hash(blake2_256(bytes))
    }
}

/// The SDK's trie layout, version 1.
#[derive(Clone, Copy, Debug)]
pub struct Layout;

impl TrieLayout for Layout {
    const USE_EXTENSION: bool = false;
    const ALLOW_EMPTY: bool = true;
    const MAX_INLINE_VALUE: Option<u32> = Some(33);

    type Hash = Blake2;
    type Codec = NodeCodec;
}

/// Nodes by their hashes.
pub type Nodes = MemoryDB<Blake2, HashKey<Blake2>, DBValue>;

type Error = TrieError<Hash, NodeError>;

/// Why nodes are not the compact proof of a trie with the expected root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompactError {
    /// They make up a trie with this root.
    OtherRoot(Hash),
    /// They do not make up a trie, for this reason.
    BadNodes(String),
}

impl CompactError {
    fn bad(error: &Error) -> Self {
        Self::BadNodes(match error {
            TrieError::IncompleteDatabase(_) => "a node is missing".into(),
            TrieError::DecoderError(_, error) => format!("a node is malformed: {error}"),
            TrieError::InvalidHash(..) => "a node refers to something that is not a hash".into(),
            other => format!("{other:?}"),
        })
    }
}

/// The part of a trie that a compact proof shows.
pub struct PartialTrie {
    nodes: Nodes,
    root: Hash,
    count: usize,
    recorder: Recorder<Layout>,
}

impl PartialTrie {
    /// Reads a compact proof: the trie's nodes from the root down, each without the hashes of the nodes that follow it.
    ///
    /// # Errors
    /// [`CompactError`] unless the nodes make up one trie with this root.
    pub fn new(compact: &[Vec<u8>], root: Hash) -> Result<Self, CompactError> {
        let mut nodes = Nodes::new(&[]);
        let encoded = compact.iter().map(Vec::as_slice);
        let (found, used) = trie_db::decode_compact_from_iter::<Layout, _, _>(&mut nodes, encoded)
            .map_err(|error| CompactError::bad(&error))?;
        if found != root {
            return Err(CompactError::OtherRoot(found));
        }
        if used != compact.len() {
            return Err(CompactError::BadNodes("there are more nodes than the trie has".into()));
        }
        Ok(Self { nodes, root, count: compact.len(), recorder: Recorder::new() })
    }

    /// Returns the value under a key, or `None` if the trie has none there; an error if the proof does not show which.
    pub fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Unproven> {
        let trie = TrieDBBuilder::<Layout>::new(&self.nodes, &self.root).with_recorder(&mut self.recorder).build();
        trie.get(key).map_err(|_| Unproven)
    }

    /// Returns true if every node of the proof was needed for what was read so far.
    pub fn is_used_up(mut self) -> bool {
        let used: BTreeSet<Hash> = self.recorder.drain().into_iter().map(|record| record.hash).collect();
        used.len() == self.count
    }
}

/// The proof does not reach the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unproven;

/// Makes a compact proof from all nodes on the paths to some keys.
///
/// # Errors
/// [`CompactError::BadNodes`] if they are not nodes of a trie with this root.
pub fn compact(nodes: impl IntoIterator<Item = Vec<u8>>, root: Hash) -> Result<Vec<Vec<u8>>, CompactError> {
    let mut known = Nodes::default();
    for node in nodes {
        known.insert(EMPTY_PREFIX, &node);
    }
    let trie = TrieDBBuilder::<Layout>::new(&known, &root).build();
    trie_db::encode_compact_skip_duplicates::<Layout>(&trie, &mut SeenHashes::default())
        .map_err(|error| CompactError::bad(&error))
}
