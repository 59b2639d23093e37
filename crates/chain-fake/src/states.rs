//! The states of all blocks in one trie database, as an archive node keeps them.

use sp_core::{H256, storage::Storage};
use sp_externalities::{Extensions, set_and_run_with_externalities};
use sp_runtime::{StateVersion, traits::BlakeTwo256};
use sp_state_machine::{
    Backend, DefaultError, Ext, InMemoryBackend, OverlayedChanges, TrieBackend, TrieBackendBuilder, TrieBackendStorage,
};
use sp_trie::{DBValue, PrefixedMemoryDB};
use std::collections::HashMap;

/// Trie nodes. None is ever removed, so every root that was returned once stays readable.
#[derive(Default)]
pub(crate) struct States {
    nodes: HashMap<Vec<u8>, DBValue>,
}

impl TrieBackendStorage<BlakeTwo256> for States {
    fn get(&self, key: &H256, prefix: (&[u8], Option<u8>)) -> Result<Option<DBValue>, DefaultError> {
        Ok(self.nodes.get(&sp_trie::prefixed_key::<BlakeTwo256>(key, prefix)).cloned())
    }
}

impl States {
    /// Adds a state and returns its root.
    pub(crate) fn insert(&mut self, storage: Storage, version: StateVersion) -> H256 {
        let backend = InMemoryBackend::<BlakeTwo256>::from((storage, version));
        let root = *backend.root();
        self.absorb(backend.into_storage());
        root
    }

    /// Runs code of the runtime on a state. Its writes are discarded.
    pub(crate) fn read<T>(&self, root: H256, code: impl FnOnce() -> T) -> T {
        let backend = self.at(root);
        let (mut overlay, mut extensions) = (OverlayedChanges::default(), Extensions::new());
        let mut ext = Ext::new(&mut overlay, &backend, Some(&mut extensions));
        set_and_run_with_externalities(&mut ext, code)
    }

    /// Runs code of the runtime on a state. Returns the root of the state that it leaves.
    #[allow(clippy::expect_used)]
    pub(crate) fn change<T>(&mut self, root: H256, version: StateVersion, code: impl FnOnce() -> T) -> (T, H256) {
        let backend = self.at(root);
        let (mut overlay, mut extensions) = (OverlayedChanges::default(), Extensions::new());
        let mut ext = Ext::new(&mut overlay, &backend, Some(&mut extensions));
        let result = set_and_run_with_externalities(&mut ext, code);
        let changes = overlay.drain_storage_changes(&backend, version).expect("the runtime closes what it opens");
        drop(backend);
        self.absorb(changes.transaction);
        (result, changes.transaction_storage_root)
    }

    /// A value of a state.
    #[allow(clippy::expect_used)]
    pub(crate) fn value(&self, root: H256, key: &[u8]) -> Option<Vec<u8>> {
        self.at(root).storage(key).expect("all nodes of a state are here")
    }

    /// All keys and values of a state, in order.
    #[allow(clippy::expect_used)]
    pub(crate) fn pairs(&self, root: H256) -> Vec<(Vec<u8>, Vec<u8>)> {
        let backend = self.at(root);
        let pairs = backend.pairs(Default::default()).expect("all nodes of a state are here");
        pairs.map(|pair| pair.expect("all nodes of a state are here")).collect()
    }

    fn at(&self, root: H256) -> TrieBackend<&Self, BlakeTwo256> {
        TrieBackendBuilder::new(self, root).build()
    }

    fn absorb(&mut self, mut nodes: PrefixedMemoryDB<BlakeTwo256>) {
        let added = nodes.drain().into_iter().filter(|(_, (_, count))| *count > 0);
        self.nodes.extend(added.map(|(key, (node, _))| (key, node)));
    }
}
