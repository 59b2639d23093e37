//! The JSON-RPC families in addition to those of every node (`system`, `chain`, `state`, `author`, `chainHead_v1`,
//! `archive_v1`, `transaction_v1`, `transactionWatch_v1`, `chainSpec_v1`, …), which the service adds.

mod names;

use crate::parts::{Backend, Client};
use futures::StreamExt;
use jsonrpsee::RpcModule;
use meganet_rpc::{
    Audit, AuditApiServer, FinalBlocks, Name, NameApiServer, Renewal, RenewalApiServer, Storage, StorageApiServer,
    bounded,
};
use meganet_runtime::{AccountId, Balance, BlockNumber, Hash, Nonce, opaque::Block};
use pallet_transaction_payment::RuntimeDispatchInfo;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_client_api::BlockchainEvents;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sc_service::ChainSpec;
use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

type SelectChain = sc_consensus::LongestChain<Backend, Block>;
type TransactionPool = sc_transaction_pool::TransactionPoolHandle<Block, Client>;

/// The parts of a node that the families use.
pub struct Deps {
    /// Access to blocks, state and runtime.
    pub client: Arc<Client>,
    /// The database.
    pub backend: Arc<Backend>,
    /// The transaction pool.
    pub pool: Arc<TransactionPool>,
    /// The rule that selects the best chain.
    pub select_chain: SelectChain,
    /// The chain's spec.
    pub chain_spec: Box<dyn ChainSpec>,
    /// This node's keys.
    pub keystore: KeystorePtr,
    /// A handle for queries about BABE's epochs.
    pub babe_worker: BabeWorkerHandle<Block>,
    /// The state of GRANDPA's voter.
    pub voter_state: SharedVoterState,
    /// GRANDPA's current authorities.
    pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
    /// The stream of new justifications.
    pub justifications: GrandpaJustificationStream<Block>,
    /// Provides proofs of finality.
    pub finality_proofs: Arc<FinalityProofProvider<Backend, Block>>,
}

/// Returns the methods, to be merged into those of the server.
///
/// # Errors
/// If two families have a method of the same name, or the chain spec lacks the light-sync extension.
pub fn module(
    deps: &Deps,
    executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
    let client = || deps.client.clone();
    let mut module = RpcModule::new(());
    module.merge(SystemApiServer::<Hash, AccountId, Nonce>::into_rpc(System::<_, _, Block>::new(
        client(),
        deps.pool.clone(),
    )))?;
    module.merge(TransactionPaymentApiServer::<Hash, RuntimeDispatchInfo<Balance>>::into_rpc(TransactionPayment::<
        _,
        Block,
    >::new(client())))?;
    module.merge(
        Babe::new(client(), deps.babe_worker.clone(), deps.keystore.clone(), deps.select_chain.clone()).into_rpc(),
    )?;
    module.merge(
        Grandpa::new(
            executor,
            deps.authority_set.clone(),
            deps.voter_state.clone(),
            deps.justifications.clone(),
            deps.finality_proofs.clone(),
        )
        .into_rpc(),
    )?;
    module.merge(
        SyncState::<Block, _>::new(
            deps.chain_spec.cloned_box(),
            client(),
            deps.authority_set.clone(),
            deps.babe_worker.clone(),
        )?
        .into_rpc(),
    )?;
    module.merge(Storage::<Block, _>::new(client()).into_rpc())?;
    module.merge(Renewal::<Block, _>::new(client()).into_rpc())?;
    let blocks = client();
    let finals: FinalBlocks = Arc::new(move || blocks.finality_notification_stream().map(|block| block.hash).boxed());
    module.merge(Audit::<Block, _>::new(client(), finals.clone()).into_rpc())?;
    let names = Arc::new(names::Names {
        client: client(),
        backend: deps.backend.clone(),
        authority_set: deps.authority_set.clone(),
    });
    module.merge(Name::<Block, _>::new(client(), names, finals).into_rpc())?;
    // Also those of the SDK above: each quotes the parameters that it refuses.
    Ok(bounded(&module)?)
}
