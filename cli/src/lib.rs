#![doc = include_str!("../README.md")]

pub mod args;
pub mod commands;
mod config;
#[cfg(test)]
mod environment;
mod names;
pub mod output;
mod progress;
