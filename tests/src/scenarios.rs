//! The scenarios: each keeps one of the project's promises, or fails.

pub mod audits;
pub mod clients;
pub mod demo;
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
    /// What it is called by.
    pub name: &'static str,
    /// What it shows.
    pub promise: &'static str,
    /// The network that it needs; scenarios with the same share one.
    pub shape: fn() -> Shape,
    /// Plays it.
    pub play: for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, Result<()>>,
}

/// All of them, in the order in which they share a network.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "main-job",
        promise: "a published site opens, also with every worker of two countries killed, and heals",
        shape: stage::shape,
        play: |stage| Box::pin(main_job::play(stage)),
    },
    Scenario {
        name: "update",
        promise: "a one-file change of a 1,000-file site uploads little, and readers see one version or the other",
        shape: stage::shape,
        play: |stage| Box::pin(update::play(stage)),
    },
    Scenario {
        name: "renewals",
        promise: "an update uploads again what would expire, and nothing that is kept, whoever publishes from wherever",
        shape: stage::shape,
        play: |stage| Box::pin(renewals::play(stage)),
    },
    Scenario {
        name: "mirror",
        promise: "a folder that nobody here wrote comes back identical, within 300 MiB of memory a process",
        shape: stage::shape,
        play: |stage| Box::pin(mirror::play(stage)),
    },
    Scenario {
        name: "errors",
        promise: "what goes wrong says what and what to do, and changes nothing",
        shape: stage::shape,
        play: |stage| Box::pin(errors::play(stage)),
    },
    Scenario {
        name: "hostile",
        promise: "what peers, owners and publishers send who mean harm is refused, and everybody else is served",
        shape: stage::shape,
        play: |stage| Box::pin(hostile::play(stage)),
    },
    Scenario {
        name: "clients",
        promise: "stock clients of the ecosystem connect, read a name and transfer",
        shape: stage::shape,
        play: |stage| Box::pin(clients::play(stage)),
    },
    Scenario {
        name: "demo",
        promise: "the demo ends with a URL that opens, and leaves no process behind whenever it is interrupted",
        shape: stage::shape,
        play: |stage| Box::pin(demo::play(stage)),
    },
    Scenario {
        name: "forks",
        promise: "what a worker proves and what somebody stores on a fork that loses counts on the one that wins, once",
        shape: stage::shape,
        play: |stage| Box::pin(forks::play(stage)),
    },
    Scenario {
        name: "audits",
        promise: "workers that keep are paid, those that lose are replaced, and everything opens without its owner",
        shape: audits::shape,
        play: |stage| Box::pin(audits::play(stage)),
    },
    Scenario {
        name: "names",
        promise: "names are registered unseen, written by whom their owner lets, proven, rolled back, and lapse to a new owner",
        shape: names::shape,
        play: |stage| Box::pin(names::play(stage)),
    },
];
