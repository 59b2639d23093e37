//! Blocks, and the node behind a client.

use meganet_primitives::{BlockNumber, hash::Hash};

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockRef {
    /// Its hash.
    pub hash: Hash,
    /// Its height.
    pub number: BlockNumber,
}

impl std::fmt::Debug for BlockRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for BlockRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{} (0x{})", self.number, hex::encode(self.hash))
    }
}

/// The block that a read looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// The finalized head: its state is never undone. It trails the best head by a few blocks.
    #[default]
    Finalized,
    /// The best head: the newest state, which a reorganisation may undo.
    Best,
    /// This block. Nodes drop the state of old ones.
    Block(Hash),
}

/// The point until which a submission waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// The transaction is in the best chain, executed.
    #[default]
    InBlock,
    /// Its block is finalized.
    Finalized,
}

/// The state of the node behind a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// The name of the chain in the node's specification.
    pub chain: String,
    /// The node's version.
    pub version: String,
    /// Connected peers.
    pub peers: u64,
    /// Whether it is still catching up with the network.
    pub syncing: bool,
}
