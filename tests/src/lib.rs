#![doc = include_str!("../README.md")]

pub mod chaos;
pub mod cli;
pub mod clock;
pub mod disk;
pub mod facts;
pub mod folder;
pub mod http;
pub mod pay;
pub mod pool;
pub mod scenarios;
pub mod stage;
pub mod wait;

pub use facts::Facts;
pub use stage::Stage;
