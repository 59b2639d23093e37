//! The command `meganet`: every capability for people at a terminal and for scripts.
//!
//! [`args`] is the command line; [`commands`] does what it says, one file a command; [`devnet`] runs local networks;
//! [`interrupts`] hears Ctrl-C; [`names`], [`output`] and [`progress`] say what people read; [`rules`] checks what a site
//! tells gateways. The logic is in the libraries `client`, `gateway`, `chain` and `net`.

pub mod args;
pub mod commands;
pub mod config;
pub mod names;
pub mod output;
pub mod progress;
pub mod rules;
