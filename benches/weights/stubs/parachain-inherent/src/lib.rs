//! A stub of the parachain inherent that the SDK's benchmark of block overhead imports. Nothing here runs: the tool has
//! no such command.

use core::marker::PhantomData;
use polkadot_parachain_primitives::primitives::{HeadData, Id};
use sp_inherents::{Error, InherentData, InherentDataProvider, InherentIdentifier};

/// Would make up a relay chain.
#[derive(Default)]
pub struct MockValidationDataInherentDataProvider<R = ()> {
    /// The parachain.
    pub para_id: Id,
    /// Its newest block.
    pub current_para_block_head: Option<HeadData>,
    /// Where it started.
    pub relay_offset: u32,
    /// How far behind its relay parents are.
    pub relay_parent_offset: u32,
    /// Where the original draws its randomness from.
    pub randomness: PhantomData<R>,
}

#[async_trait::async_trait]
impl<R: Send + Sync> InherentDataProvider for MockValidationDataInherentDataProvider<R> {
    async fn provide_inherent_data(&self, _: &mut InherentData) -> Result<(), Error> {
        Ok(())
    }

    async fn try_handle_error(&self, _: &InherentIdentifier, _: &[u8]) -> Option<Result<(), Error>> {
        None
    }
}
