//! Blocks by height, verified.
//!
//! A light client has no index of heights, and no node can prove one. The chain itself can: the state of a block holds
//! the hashes of the blocks before it (`System.BlockHash`), 2,400 of them on Meganet. Above the finalized head, headers
//! are followed back from the best one.

use super::{
    connection::{Connection, block_name, incompatible},
    failure::{self, Failure},
};
use crate::types::BlockRef;
use codec::{Decode, DecodeAll};
use meganet_primitives::{BlockNumber, hash::Hash};
use sp_crypto_hashing::twox_64;
use subxt::utils::H256;

/// Where the storage map `System.BlockHash` begins: twox-128 of "System", then of "BlockHash".
const BLOCK_HASH: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7, 0xa4, 0x47, 0x04,
    0xb5, 0x68, 0xd2, 0x16, 0x67, 0x35, 0x6a, 0x5a, 0x05, 0x0c, 0x11, 0x87, 0x46,
];

impl Connection {
    /// The block of the best chain at a height, if there is one.
    pub(super) async fn verified_at_height(&self, number: BlockNumber) -> Result<Option<BlockRef>, Failure> {
        if number == 0 {
            return Ok(Some(BlockRef { hash: self.genesis(), number }));
        }
        let mut from = self.finalized().await?;
        if number > from.number {
            return self.below_best(number).await;
        }
        // One step, but for blocks older than the state remembers.
        while from.number > number {
            if let Some(hash) = self.remembered(from, number).await? {
                return Ok(Some(BlockRef { hash, number }));
            }
            let oldest = from.number.saturating_sub(self.remembers(from).await?);
            let hash = self.remembered(from, oldest).await?.filter(|_| oldest > number && oldest < from.number);
            let hash = hash.ok_or_else(|| incompatible("System.BlockHash lacks a block".to_owned()))?;
            from = BlockRef { hash, number: oldest };
        }
        Ok(Some(from))
    }

    /// Follows the headers back from the best block.
    async fn below_best(&self, number: BlockNumber) -> Result<Option<BlockRef>, Failure> {
        let mut block = self.best().await?;
        if number > block.number {
            return Ok(None);
        }
        while block.number > number {
            let parent = self.header(H256(block.hash)).await?.parent_hash;
            block = BlockRef { hash: parent.0, number: block.number.saturating_sub(1) };
        }
        Ok(Some(block))
    }

    /// The hash of an older block that a block's state holds.
    async fn remembered(&self, at: BlockRef, number: BlockNumber) -> Result<Option<Hash>, Failure> {
        let block = H256(at.hash);
        let stored = self.rpc.state_get_storage(&key(number), Some(block)).await;
        let stored = stored.map_err(|e| failure::rpc("state_getStorage", &block_name(block), e))?;
        Ok(stored.and_then(|bytes| Hash::decode(&mut bytes.as_slice()).ok()))
    }

    /// How many hashes the state holds.
    async fn remembers(&self, at: BlockRef) -> Result<BlockNumber, Failure> {
        let at = self.at(at).await?;
        let system = at.metadata_ref().pallet_by_name("System");
        let count = system.and_then(|pallet| pallet.constant_by_name("BlockHashCount"));
        let count = count.and_then(|count| BlockNumber::decode_all(&mut count.value()).ok());
        count.ok_or_else(|| incompatible("the runtime has no number System.BlockHashCount".to_owned()))
    }
}

/// The storage key of a height: its hash, so that keys spread, and itself.
fn key(number: BlockNumber) -> Vec<u8> {
    let number = number.to_le_bytes();
    [&BLOCK_HASH[..], &twox_64(&number), &number].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_crypto_hashing::twox_128;

    #[test]
    fn the_map_is_where_its_names_say() {
        assert_eq!(BLOCK_HASH[..16], twox_128(b"System"));
        assert_eq!(BLOCK_HASH[16..], twox_128(b"BlockHash"));
        assert_eq!(key(1).len(), 32 + 8 + 4);
    }
}
