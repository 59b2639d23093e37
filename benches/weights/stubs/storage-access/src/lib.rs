//! A stub of the runtime that the SDK's benchmark of storage imports. Nothing here runs: the tool has no such command.

use codec::Encode;
use sp_core::storage::ChildInfo;
use sp_runtime::traits::Block;
use sp_trie::StorageProof;

/// The runtime, which is not here.
pub const WASM_BINARY: Option<&[u8]> = None;

/// An access, without its content.
#[derive(Clone, Encode)]
pub struct StorageAccessParams<B: Block>(B::Hash);

impl<B: Block> StorageAccessParams<B> {
    /// Reads of keys.
    pub fn new_read(root: B::Hash, _: StorageProof, _: Vec<(Vec<u8>, Option<ChildInfo>)>) -> Self {
        Self(root)
    }

    /// Writes of pairs.
    pub fn new_write(root: B::Hash, _: StorageProof, _: (Vec<(Vec<u8>, Vec<u8>)>, Option<ChildInfo>)) -> Self {
        Self(root)
    }

    /// The same without the access.
    pub fn as_dry_run(&self) -> Self {
        self.clone()
    }
}
