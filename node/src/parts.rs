//! The parts that all commands with a database use, not only a running node.

use meganet_runtime::{RuntimeApi, opaque::Block};
use sc_consensus::DefaultImportQueue;
use sc_consensus_babe::{BabeBlockImport, BabeLink, BabeWorkerHandle, ImportQueueParams};
use sc_consensus_grandpa::{self as grandpa, GrandpaBlockImport, GrandpaPruningFilter, LinkHalf};
use sc_executor::WasmExecutor;
use sc_service::{Configuration, Error, PartialComponents, TFullBackend, TFullClient};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::SlotDuration;
use sp_consensus_babe::inherents::InherentDataProvider as SlotProvider;
use sp_inherents::CreateInherentDataProviders;
use sp_timestamp::InherentDataProvider as TimestampProvider;
use std::sync::Arc;

/// Number of blocks between stored justifications, from one to the next of which light clients catch up.
pub const JUSTIFICATION_PERIOD: u32 = 16;
/// Capacity of the telemetry queue, in messages.
const TELEMETRY_BUFFER: usize = 16;

/// The host functions that the runtime may call.
pub type HostFunctions = sp_io::SubstrateHostFunctions;

/// Access to blocks, state and runtime.
pub type Client = TFullClient<Block, RuntimeApi, WasmExecutor<HostFunctions>>;
/// The database.
pub type Backend = TFullBackend<Block>;
/// The rule that selects the best chain: the longest one.
pub type SelectChain = sc_consensus::LongestChain<Backend, Block>;
/// The transaction pool.
pub type TransactionPool = TransactionPoolHandle<Block, Client>;
/// Creates a block's timestamp and slot.
pub type SlotInherents =
    Arc<dyn CreateInherentDataProviders<Block, (), InherentDataProviders = (SlotProvider, TimestampProvider)>>;
/// The checks before a block is stored: BABE's, then GRANDPA's.
pub type BlockImport =
    BabeBlockImport<Block, Client, GrandpaBlockImport<Backend, Block, Client, SelectChain>, SlotInherents, SelectChain>;
/// All parts.
pub type Parts = PartialComponents<Client, Backend, SelectChain, DefaultImportQueue<Block>, TransactionPool, Consensus>;

/// The parts of consensus.
pub struct Consensus {
    /// Imports own and received blocks.
    pub block_import: BlockImport,
    /// Connects the GRANDPA voter to block import.
    pub grandpa_link: LinkHalf<Block, Client, SelectChain>,
    /// Connects the BABE worker to block import.
    pub babe_link: BabeLink<Block>,
    /// A handle for queries about BABE's epochs.
    pub babe_worker: BabeWorkerHandle<Block>,
    /// Telemetry, if enabled.
    pub telemetry: Option<Telemetry>,
}

/// The current slot and time.
pub fn slot_inherents(slot_duration: SlotDuration) -> SlotInherents {
    Arc::new(move |_parent, ()| async move {
        let timestamp = TimestampProvider::from_system_time();
        let slot = SlotProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration);
        Ok((slot, timestamp))
    })
}

/// Opens the database and creates the parts.
///
/// # Errors
/// If the database can't be opened or has another genesis, or the spec has no valid genesis.
pub fn open(config: &Configuration) -> Result<Parts, Error> {
    let telemetry = config
        .telemetry_endpoints
        .clone()
        .filter(|endpoints| !endpoints.is_empty())
        .map(|endpoints| -> Result<_, sc_telemetry::Error> {
            let worker = TelemetryWorker::new(TELEMETRY_BUFFER)?;
            let telemetry = worker.handle().new_telemetry(endpoints);
            Ok((worker, telemetry))
        })
        .transpose()?;

    // Blocks with a justification are not pruned: warp sync proofs consist of them.
    let keep = Arc::new(GrandpaPruningFilter);
    let (client, backend, keystore_container, task_manager) = sc_service::new_full_parts::<Block, RuntimeApi, _>(
        config,
        telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
        sc_service::new_wasm_executor::<HostFunctions>(&config.executor),
        vec![keep],
    )?;
    let client = Arc::new(client);
    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager.spawn_handle().spawn("telemetry", None, worker.run());
        telemetry
    });

    let select_chain = SelectChain::new(backend.clone());
    let transaction_pool = Arc::new(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );

    let (grandpa_import, grandpa_link) = grandpa::block_import(
        client.clone(),
        JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        telemetry.as_ref().map(Telemetry::handle),
    )?;
    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let (block_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        grandpa_import.clone(),
        client.clone(),
        slot_inherents(slot_duration),
        select_chain.clone(),
        OffchainTransactionPoolFactory::new(transaction_pool.clone()),
    )?;
    let (import_queue, babe_worker) = sc_consensus_babe::import_queue(ImportQueueParams {
        link: babe_link.clone(),
        block_import: block_import.clone(),
        justification_import: Some(Box::new(grandpa_import)),
        client: client.clone(),
        slot_duration,
        spawner: &task_manager.spawn_essential_handle(),
        registry: config.prometheus_registry(),
        telemetry: telemetry.as_ref().map(Telemetry::handle),
    })?;

    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: Consensus { block_import, grandpa_link, babe_link, babe_worker, telemetry },
    })
}
