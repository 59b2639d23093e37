#![doc = include_str!("../README.md")]

mod client_config;
mod files;
mod interrupts;
mod network;
mod ports;
mod probe;
mod process;
mod purge;
mod shape;
mod shutdown;
mod startup;
mod state;

pub use client_config::ClientConfig;
pub use interrupts::Interrupts;
pub use network::Devnet;
pub use probe::{rpc, worker_health};
pub use process::{Kind, Process, Running, SURI_VARIABLE};
pub use shape::Shape;
pub use startup::{operator_suri, program};
pub use state::{DIR_VARIABLE, State};
