//! A checkpoint: what a light client must know of one finalized block to follow the chain from it.

use super::spec::SyncState;
use codec::{Compact, Encode};
use meganet_primitives::hash::Hash;

/// SCALE for a tree of pending changes that has none: no roots, no best finalized number.
const EMPTY_TREE: [u8; 2] = [0, 0];
/// SCALE for an empty list.
const EMPTY_LIST: [u8; 1] = [0];
/// The variant of an epoch other than that of the genesis block.
const REGULAR: u8 = 1;

/// The answers of a node about one finalized block: results of runtime calls at that block, in SCALE.
///
/// The node's own `sync_state_genSyncSpec` gives the same from its database, but not in a chain's first epoch: there it
/// knows the two epochs only as parts of the genesis block, and smoldot wants the genesis state for that. The runtime
/// knows them always; smoldot itself asks it after a warp sync.
pub(crate) struct Checkpoint {
    /// The block's height.
    pub number: u32,
    /// Its hash.
    pub hash: Hash,
    /// Its header.
    pub header: Vec<u8>,
    /// `BabeApi_current_epoch`.
    pub current_epoch: Vec<u8>,
    /// `BabeApi_next_epoch`.
    pub next_epoch: Vec<u8>,
    /// `GrandpaApi_grandpa_authorities`.
    pub authorities: Vec<u8>,
    /// `GrandpaApi_current_set_id`.
    pub set_id: Vec<u8>,
}

impl Checkpoint {
    /// As it stands in a spec: BABE's epoch changes and GRANDPA's authority set in the shape of a node's database.
    pub(crate) fn sync_state(&self) -> SyncState {
        // The heights only order the two; the first epoch began no later than the block.
        let epochs = [(&[0; 32], 0u32, &self.current_epoch), (&self.hash, self.number, &self.next_epoch)];
        let mut changes = EMPTY_TREE.to_vec();
        changes.extend(Compact(2u32).encode());
        for (hash, number, epoch) in epochs {
            changes.extend((hash, number, REGULAR).encode());
            changes.extend(epoch);
        }
        let set = [&self.authorities, &self.set_id, &EMPTY_TREE[..], &EMPTY_LIST, &EMPTY_LIST].concat();
        let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
        SyncState {
            babe_epoch_changes: hex(&changes),
            // Only a chooser between forks before the block would need it.
            babe_finalized_block_weight: 0,
            finalized_block_header: hex(&self.header),
            grandpa_authority_set: hex(&set),
        }
    }
}
