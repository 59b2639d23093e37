//! The scenarios: each checks one of the project's promises.

pub mod audits;
pub mod chaos;
pub mod clients;
pub mod defaults;
pub mod demo;
pub mod disks;
pub mod errors;
pub mod forks;
pub mod hostile;
pub mod main_job;
pub mod mirror;
pub mod names;
pub mod renewals;
pub mod update;

use crate::{Stage, stage};
use anyhow::Result;
use futures::future::LocalBoxFuture;
use meganet_devnet::Shape;

/// A scenario.
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// The promise that it checks.
    pub promise: &'static str,
    /// The network that it needs. Scenarios with equal shapes share one, one after another.
    pub shape: fn() -> Shape,
    /// Runs it.
    pub play: for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, Result<()>>,
}

/// All scenarios, in the order in which those with the same network run.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "main-job",
        promise: "a published site opens, even with all workers of two countries killed, and heals",
        shape: stage::shape,
        play: |stage| Box::pin(main_job::play(stage)),
    },
    Scenario {
        name: "update",
        promise: "changing one file of a 1,000-file site uploads little, and readers never see a mixture of versions",
        shape: stage::shape,
        play: |stage| Box::pin(update::play(stage)),
    },
    Scenario {
        name: "renewals",
        promise: "an update re-uploads only content that would expire, from whichever machine it is published",
        shape: stage::shape,
        play: |stage| Box::pin(renewals::play(stage)),
    },
    Scenario {
        name: "mirror",
        promise: "a large foreign folder is read back identical, with at most 300 MiB of memory per process",
        shape: stage::shape,
        play: |stage| Box::pin(mirror::play(stage)),
    },
    Scenario {
        name: "errors",
        promise: "failing commands say what went wrong and what to do, and change nothing",
        shape: stage::shape,
        play: |stage| Box::pin(errors::play(stage)),
    },
    Scenario {
        name: "hostile",
        promise: "malicious peers, owners and publishers are refused, and everyone else is served",
        shape: stage::shape,
        play: |stage| Box::pin(hostile::play(stage)),
    },
    Scenario {
        name: "defaults",
        promise: "each program starts with nothing but its documented defaults, all on one machine",
        shape: stage::shape,
        play: |stage| Box::pin(defaults::play(stage)),
    },
    Scenario {
        name: "disks",
        promise: "disks that are lost, full, not mounted or damaged cost nothing that was acknowledged",
        shape: stage::shape,
        play: |stage| Box::pin(disks::play(stage)),
    },
    Scenario {
        name: "clients",
        promise: "unmodified polkadot-api and @polkadot/api clients connect, read a name and transfer",
        shape: stage::shape,
        play: |stage| Box::pin(clients::play(stage)),
    },
    Scenario {
        name: "demo",
        promise: "the demo prints a URL that opens, and leaves no process behind when interrupted at any time",
        shape: stage::shape,
        play: |stage| Box::pin(demo::play(stage)),
    },
    Scenario {
        name: "forks",
        promise: "proofs and stored files of a losing fork count on the winning one, once",
        shape: stage::shape,
        play: |stage| Box::pin(forks::play(stage)),
    },
    Scenario {
        name: "audits",
        promise: "honest workers are paid, those that lose data are replaced, and everything opens while its owner is away",
        shape: audits::shape,
        play: |stage| Box::pin(audits::play(stage)),
    },
    Scenario {
        name: "names",
        promise: "names are registered secretly, delegated, proven, rolled back, and pass to a new owner when they lapse",
        shape: names::shape,
        play: |stage| Box::pin(names::play(stage)),
    },
    Scenario {
        name: "chaos",
        promise: "random kills, pauses, partitions, full disks, wrong clocks and flipped bits lose no acknowledged byte",
        // That of another short scenario. The chaos has a network of its own.
        shape: names::shape,
        play: |stage| Box::pin(chaos::play(stage)),
    },
];
