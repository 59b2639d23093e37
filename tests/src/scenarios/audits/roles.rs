//! The roles of the scenario, given to the members of the group, which the chain chose at random.

use crate::Stage;
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, ChainClient, Signer};
use meganet_devnet::{Kind, operator_suri, program};
use meganet_primitives::{AccountId, GroupId, WorkerId};
use std::collections::BTreeMap;
use tokio::process::Command;

/// A member of the group: its number on the chain, and its process.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The worker.
    pub worker: WorkerId,
    /// Its process.
    pub index: usize,
}

/// The roles.
pub struct Roles {
    /// The group that stores the site.
    pub group: GroupId,
    /// All members, by slot.
    pub seated: Vec<Member>,
    /// Answers too late, once.
    pub late: Member,
    /// Is killed and never started again.
    pub killed: Member,
    /// Loses its disk and does not repair.
    pub empty: Member,
    /// Loses a tenth of its bytes and does not repair.
    pub careless: Member,
    /// Leaves in order.
    pub leaver: Member,
    /// Stores everything to the end, with a wrong clock, and is killed and restarted once.
    pub steady: Member,
    /// The operator of the worker that leaves.
    pub leaver_operator: AccountId,
    /// The members that are to be expelled.
    pub gone: Vec<Member>,
}

impl Roles {
    /// Assigns the roles to the members of the group that stores the most: on a busy machine a small upload may find too few
    /// of them in time, and take another group.
    pub async fn of(stage: &Stage, chain: &dyn ChainClient) -> Result<Self> {
        let mut processes = BTreeMap::new();
        for index in stage.devnet.state.of_kind(Kind::Worker) {
            let health = stage.health(index).await?;
            let worker = health["worker_id"].as_u64().context("a worker tells its number")?;
            processes.insert(WorkerId::try_from(worker)?, index);
        }
        let groups = chain.all_groups(At::Finalized).await?;
        let group = groups.iter().max_by_key(|group| group.used).context("there is a group")?;
        let mut seated = Vec::new();
        for member in group.slots.iter().flatten() {
            let index = *processes.get(&member.worker).context("a member has a process")?;
            seated.push(Member { worker: member.worker, index });
        }
        let [late, killed, empty, careless, leaver, steady] = seated[..] else {
            anyhow::bail!("six members were expected, not {}", seated.len());
        };
        let name = &stage.devnet.state.processes[leaver.index].name;
        let leaver_operator = Signer::from_suri(&operator_suri(name))?.account();
        Ok(Roles {
            group: group.id,
            seated,
            late,
            killed,
            empty,
            careless,
            leaver,
            steady,
            leaver_operator,
            gone: Vec::new(),
        })
    }

    /// The processes of all members.
    pub fn members(&self) -> Vec<usize> {
        self.seated.iter().map(|member| member.index).collect()
    }
}

/// Runs `meganet-worker leave` as the worker's operator would.
pub async fn run_leave(stage: &Stage, index: usize) -> Result<()> {
    let (_, args) = stage.devnet.state.command(index)?;
    let output = Command::new(program("meganet-worker")?).args(args).arg("leave").output().await?;
    ensure!(
        output.status.success(),
        "`meganet-worker leave` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
