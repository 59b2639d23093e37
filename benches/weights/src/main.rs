//! Runs the benchmarks of the runtime that it was built with: the SDK's `benchmark pallet`, with the same options.
//!
//! `scripts/bench weights` calls it for each of our pallets. `meganet-weights --list --all` lists the benchmarks.

use clap::Parser;
use frame_benchmarking_cli::PalletCmd;
use sc_cli::LoggerBuilder;
use sp_runtime::traits::BlakeTwo256;

/// The runtime, as `build.rs` compiled it.
mod runtime {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/release/build/wasm_binary.rs"));
}

fn main() -> sc_cli::Result<()> {
    LoggerBuilder::new("info").init()?;
    let wasm = runtime::WASM_BINARY_PATH.ok_or("built without the runtime: SKIP_WASM_BUILD is set")?;
    let ours = ["--runtime", wasm, "--genesis-builder", "runtime"].map(Into::into);
    // The runtime needs only the standard host functions.
    PalletCmd::parse_from(std::env::args_os().chain(ours)).run_with_spec::<BlakeTwo256, ()>(None)
}
