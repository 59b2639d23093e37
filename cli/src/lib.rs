#![doc = include_str!("../README.md")]

pub mod args;
pub mod commands;
pub mod config;
pub mod names;
pub mod output;
pub mod progress;
