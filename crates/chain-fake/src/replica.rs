//! Executing blocks that another node has made.

use crate::{
    FakeConfig,
    node::{genesis_block, genesis_storage},
    states::States,
};
use codec::{Decode, Encode};
use meganet_chain_client::BlockRef;
use meganet_runtime::{Executive, Hash, Header, UncheckedExtrinsic, VERSION};
use sp_core::{H256, storage::well_known_keys::CODE};
use sp_runtime::{Digest, DigestItem};

/// A state machine that follows another node's blocks, from the same genesis.
pub struct Replica {
    states: States,
    head: BlockRef,
    root: H256,
}

/// Where a block of another node turns out differently here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The bytes are not a header or an extrinsic of this runtime.
    Undecodable,
    /// The block does not follow the last one.
    NotNext,
    /// An extrinsic of the block is invalid here; its index.
    Invalid(usize),
    /// The state after the block differs, and with it perhaps its events, which are a part of the state.
    State,
    /// The state is the same, but the header is not: its digest or the root of its extrinsics.
    Header,
}

impl Replica {
    /// Begins with the genesis of a configuration. `code` is the runtime's Wasm, which a real node has in its state.
    ///
    /// # Panics
    /// If the configuration contradicts itself.
    pub fn new(config: &FakeConfig, code: Option<Vec<u8>>) -> Self {
        let mut storage = genesis_storage(config);
        storage.top.extend(code.map(|code| (CODE.to_vec(), code)));
        let (states, genesis) = genesis_block(storage);
        Self { states, head: genesis.at(), root: genesis.state }
    }

    /// The last block that it executed.
    pub fn head(&self) -> BlockRef {
        self.head
    }

    /// Executes the next block: its header in SCALE with the author's seal, and its extrinsics.
    ///
    /// # Errors
    /// The first difference. The replica then stays where this node came to, so that [`Replica::pairs`] shows its state.
    pub fn execute(&mut self, header: &[u8], extrinsics: &[Vec<u8>]) -> Result<(), Difference> {
        let mut header = Header::decode(&mut &*header).map_err(|_| Difference::Undecodable)?;
        let decode = |bytes: &Vec<u8>| UncheckedExtrinsic::decode(&mut bytes.as_slice());
        let extrinsics: Vec<_> =
            extrinsics.iter().map(decode).collect::<Result<_, _>>().map_err(|_| Difference::Undecodable)?;
        if header.parent_hash.0 != self.head.hash || header.number != self.head.number.saturating_add(1) {
            return Err(Difference::NotNext);
        }
        let at = BlockRef { hash: header.hash().0, number: header.number };
        // The seal is made after execution, over the header without it.
        header.digest.logs.retain(|log| !matches!(log, DigestItem::Seal(..)));
        let (result, root) = self.states.change(self.root, VERSION.state_version(), || run(&header, extrinsics));
        self.root = root;
        let made = result?;
        if made.state_root != header.state_root {
            return Err(Difference::State);
        }
        if made.encode() != header.encode() {
            return Err(Difference::Header);
        }
        self.head = at;
        Ok(())
    }

    /// A value of the state.
    pub fn value(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.states.value(self.root, key)
    }

    /// All keys and values of the state, in order.
    pub fn pairs(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.states.pairs(self.root)
    }

    /// The genesis hash, while no block has been executed.
    pub fn hash(&self) -> Hash {
        H256(self.head.hash)
    }
}

/// Executes a block within a state. Returns the header that it has here.
fn run(header: &Header, extrinsics: Vec<UncheckedExtrinsic>) -> Result<Header, Difference> {
    let claims = header.digest.logs.iter().filter(|log| log.as_pre_runtime().is_some()).cloned().collect();
    let start = Header { digest: Digest { logs: claims }, ..header.clone() };
    Executive::initialize_block(&start);
    for (index, extrinsic) in extrinsics.into_iter().enumerate() {
        // A failed call is no difference: its error is an event.
        Executive::apply_extrinsic(extrinsic).map_err(|_| Difference::Invalid(index)).map(drop)?;
    }
    Ok(Executive::finalize_block())
}
