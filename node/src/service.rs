//! The parts of a running node, and how they are connected.

use crate::{
    parts::{self, Client, Consensus, JUSTIFICATION_PERIOD, Parts, SelectChain, TransactionPool, slot_inherents},
    rpc,
};
use meganet_runtime::{Hash, opaque::Block};
use sc_client_api::BlockBackend;
use sc_consensus_babe::{BabeParams, SlotProportion};
use sc_consensus_grandpa as grandpa;
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::{
    NetworkBackend, NotificationService, config::FullNetworkConfiguration, service::traits::NetworkService,
};
use sc_network_sync::{SyncingService, strategy::warp::WarpSyncConfig};
use sc_service::{BuildNetworkParams, Configuration, Error, KeystoreContainer, SpawnTasksParams, TaskManager};
use sc_telemetry::{Telemetry, TelemetryHandle};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use std::{sync::Arc, time::Duration};
use substrate_prometheus_endpoint::Registry;

/// The time that GRANDPA messages need to spread: the unit of its timeouts.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);

/// Starts a node, whose tasks run in the returned task manager.
///
/// # Errors
/// If a part can't start: the database is in use or of another chain, or a port is taken.
pub fn start<N: NetworkBackend<Block, Hash>>(config: Configuration) -> Result<TaskManager, Error> {
    let Parts {
        client,
        backend,
        mut task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: Consensus { block_import, grandpa_link, babe_link, babe_worker, mut telemetry },
    } = parts::open(&config)?;

    let metrics = N::register_notification_metrics(config.prometheus_registry());
    let mut net_config =
        FullNetworkConfiguration::<Block, Hash, N>::new(&config.network, config.prometheus_registry().cloned());
    let genesis = client
        .block_hash(0)?
        .ok_or_else(|| Error::Other("the database has no genesis block: purge it with purge-chain".into()))?;

    let grandpa_protocol = grandpa::protocol_standard_name(&genesis, &config.chain_spec);
    let (grandpa_config, grandpa_notifications) = grandpa::grandpa_peers_set_config::<Block, N>(
        grandpa_protocol.clone(),
        metrics.clone(),
        net_config.peer_store_handle(),
    );
    net_config.add_notification_protocol(grandpa_config);

    let authority_set = grandpa_link.shared_authority_set().clone();
    let warp = Arc::new(grandpa::warp_proof::NetworkProvider::new(backend.clone(), authority_set.clone(), Vec::new()));
    let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
        sc_service::build_network(BuildNetworkParams {
            config: &config,
            net_config,
            client: client.clone(),
            transaction_pool: transaction_pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(warp)),
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    let voter_state = grandpa::SharedVoterState::empty();
    let rpc_builder = {
        let deps = rpc::Deps {
            client: client.clone(),
            backend: backend.clone(),
            pool: transaction_pool.clone(),
            select_chain: select_chain.clone(),
            chain_spec: config.chain_spec.cloned_box(),
            keystore: keystore_container.keystore(),
            babe_worker,
            voter_state: voter_state.clone(),
            authority_set: authority_set.clone(),
            justifications: grandpa_link.justification_stream(),
            finality_proofs: grandpa::FinalityProofProvider::new_for_service(backend.clone(), Some(authority_set)),
        };
        Box::new(move |executor| rpc::module(&deps, executor).map_err(|error| Error::Other(error.to_string())))
    };

    let role = config.role;
    let force_authoring = config.force_authoring;
    let disable_grandpa = config.disable_grandpa;
    let name = config.network.node_name.clone();
    let registry = config.prometheus_registry().cloned();
    sc_service::spawn_tasks(SpawnTasksParams {
        config,
        client: client.clone(),
        backend,
        task_manager: &mut task_manager,
        keystore: keystore_container.keystore(),
        transaction_pool: transaction_pool.clone(),
        rpc_builder,
        network: network.clone(),
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync_service.clone(),
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;
    let telemetry = telemetry.as_ref().map(Telemetry::handle);

    if role.is_authority() {
        author(
            &task_manager,
            Author {
                client,
                select_chain,
                transaction_pool: transaction_pool.clone(),
                keystore: &keystore_container,
                block_import,
                babe_link,
                sync_service: sync_service.clone(),
                force_authoring,
                registry: registry.as_ref(),
                telemetry: telemetry.clone(),
            },
        )?;
    }
    if !disable_grandpa {
        let config = grandpa::Config {
            gossip_duration: GOSSIP_DURATION,
            justification_generation_period: JUSTIFICATION_PERIOD,
            observer_enabled: false,
            // A node without a key only observes.
            keystore: role.is_authority().then(|| keystore_container.keystore()),
            local_role: role,
            name: Some(name),
            telemetry: telemetry.clone(),
            protocol_name: grandpa_protocol,
        };
        finalize(
            &task_manager,
            Finalize {
                config,
                link: grandpa_link,
                network,
                sync_service,
                notifications: grandpa_notifications,
                voter_state,
                transaction_pool,
                registry,
                telemetry,
            },
        )?;
    }
    Ok(task_manager)
}

/// The parts that block production uses.
struct Author<'a> {
    client: Arc<Client>,
    select_chain: SelectChain,
    transaction_pool: Arc<TransactionPool>,
    keystore: &'a KeystoreContainer,
    block_import: parts::BlockImport,
    babe_link: sc_consensus_babe::BabeLink<Block>,
    sync_service: Arc<SyncingService<Block>>,
    force_authoring: bool,
    registry: Option<&'a Registry>,
    telemetry: Option<TelemetryHandle>,
}

/// Spawns the BABE worker, which authors a block in every slot of this node.
fn author(tasks: &TaskManager, parts: Author<'_>) -> Result<(), Error> {
    let proposer = sc_basic_authorship::ProposerFactory::new(
        tasks.spawn_handle(),
        parts.client.clone(),
        parts.transaction_pool,
        parts.registry,
        parts.telemetry.clone(),
    );
    let worker = sc_consensus_babe::start_babe(BabeParams {
        keystore: parts.keystore.keystore(),
        client: parts.client,
        select_chain: parts.select_chain,
        env: proposer,
        block_import: parts.block_import,
        sync_oracle: parts.sync_service.clone(),
        justification_sync_link: parts.sync_service,
        create_inherent_data_providers: slot_inherents(parts.babe_link.config().slot_duration()),
        force_authoring: parts.force_authoring,
        backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
        babe_link: parts.babe_link,
        block_proposal_slot_portion: SlotProportion::new(0.5),
        max_block_proposal_slot_portion: None,
        telemetry: parts.telemetry,
    })?;
    tasks.spawn_essential_handle().spawn_blocking("babe-proposer", Some("block-authoring"), worker);
    Ok(())
}

/// The parts that finality uses.
struct Finalize {
    config: grandpa::Config,
    link: grandpa::LinkHalf<Block, Client, SelectChain>,
    network: Arc<dyn NetworkService>,
    sync_service: Arc<SyncingService<Block>>,
    notifications: Box<dyn NotificationService>,
    voter_state: grandpa::SharedVoterState,
    transaction_pool: Arc<TransactionPool>,
    registry: Option<Registry>,
    telemetry: Option<TelemetryHandle>,
}

/// Spawns the GRANDPA voter; without a key it only observes the votes of others.
fn finalize(tasks: &TaskManager, parts: Finalize) -> Result<(), Error> {
    let voter = grandpa::run_grandpa_voter(grandpa::GrandpaParams {
        config: parts.config,
        link: parts.link,
        network: parts.network,
        sync: parts.sync_service,
        notification_service: parts.notifications,
        voting_rule: grandpa::VotingRulesBuilder::default().build(),
        prometheus_registry: parts.registry,
        shared_voter_state: parts.voter_state,
        telemetry: parts.telemetry,
        offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(parts.transaction_pool),
    })?;
    tasks.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
    Ok(())
}
