//! Puts a worker together and takes it apart.

use crate::{
    chain::{
        follow,
        join::{JoinError, Joiner},
        sync,
    },
    context::{Context, Parts},
    jobs::{blackout, collect, heads, leave, prove, rebuild, renew, report, scrub},
    serve,
};
use meganet_chain_client::Signer;
use meganet_net::{Incoming, Keypair};
use std::{sync::Arc, time::Duration};
use tokio_util::task::TaskTracker;

/// How long streams and jobs have to end.
const GOODBYE: Duration = Duration::from_secs(5);

/// A worker that is on the network.
pub struct Worker {
    context: Arc<Context>,
    tasks: TaskTracker,
}

impl Worker {
    /// Begins to serve what the store has; what the worker's place in the registry brings begins with [`Self::join`].
    pub fn start(parts: Parts, incoming: Incoming) -> Self {
        let context = Arc::new(Context::new(parts));
        let tasks = TaskTracker::new();
        tasks.spawn(serve::run(context.clone(), incoming, tasks.clone()));
        tasks.spawn(scrub::run(context.clone()));
        Self { context, tasks }
    }

    /// What its parts share.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Registers the worker if it is not yet, begins to follow the chain, and answers its challenges in the operator's
    /// name. `None` when it was stopped meanwhile.
    ///
    /// # Errors
    /// [`JoinError`] where waiting does not help.
    pub async fn join(&self, operator: &Signer, identity: &Keypair) -> Result<Option<()>, JoinError> {
        let context = &self.context;
        let joiner = Joiner {
            chain: &*context.chain,
            operator,
            identity,
            peer: context.peer(),
            settings: &context.settings,
            status: &context.status,
        };
        let joined = context.stop.run_until_cancelled(joiner.join()).await;
        let Some(joined) = joined else { return Ok(None) };
        let id = joined?.id;
        self.tasks.spawn(heads::run(context.clone()));
        self.tasks.spawn(blackout::run(context.clone(), id));
        self.tasks.spawn(prove::run(context.clone(), operator.clone(), id));
        self.tasks.spawn(report::run(context.clone(), operator.clone(), id));
        self.tasks.spawn(renew::run(context.clone(), operator.clone()));
        self.tasks.spawn(leave::run(context.clone(), operator.clone(), id));
        self.tasks.spawn(follow::run(context.clone()));
        self.tasks.spawn(sync::run(context.clone()));
        self.tasks.spawn(rebuild::run(context.clone()));
        self.tasks.spawn(collect::run(context.clone()));
        Ok(Some(()))
    }

    /// Ends streams and jobs; unfinished shards are dropped.
    pub async fn stop(self) {
        self.context.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(GOODBYE, self.tasks.wait()).await.is_err() {
            tracing::warn!("some work did not end in time");
        }
        self.context.net.shutdown();
    }
}
