#![doc = include_str!("../README.md")]

pub mod args;
pub mod commands;
mod config;
mod names;
pub mod output;
mod progress;
