//! Who plays which part: members of the group, as the chain's randomness seated them.

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

/// The parts.
pub struct Cast {
    /// The group that holds the site.
    pub group: GroupId,
    /// All members, by slot.
    pub seated: Vec<Member>,
    /// Answers too late, once.
    pub late: Member,
    /// Is killed for good.
    pub killed: Member,
    /// Loses its disk and does not mend.
    pub empty: Member,
    /// Loses a tenth and does not mend.
    pub careless: Member,
    /// Leaves in order.
    pub leaver: Member,
    /// Holds everything to the end, with a clock that is wrong, and is killed once.
    pub steady: Member,
    /// Who runs that one.
    pub leaver_operator: AccountId,
    /// Those that are to be expelled.
    pub gone: Vec<Member>,
}

impl Cast {
    /// Gives the members of the only group their parts.
    pub async fn of(stage: &Stage, chain: &dyn ChainClient) -> Result<Self> {
        let mut processes = BTreeMap::new();
        for index in stage.devnet.state.of_kind(Kind::Worker) {
            let health = stage.health(index).await?;
            let worker = health["worker_id"].as_u64().context("a worker tells its number")?;
            processes.insert(WorkerId::try_from(worker)?, index);
        }
        let groups = chain.all_groups(At::Finalized).await?;
        let [group] = groups.as_slice() else { anyhow::bail!("one group was expected, not {}", groups.len()) };
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
        Ok(Cast {
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
pub async fn tell_to_leave(stage: &Stage, index: usize) -> Result<()> {
    let (_, args) = stage.devnet.state.command(index)?;
    let output = Command::new(program("meganet-worker")?).args(args).arg("leave").output().await?;
    ensure!(
        output.status.success(),
        "`meganet-worker leave` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
