//! Compiles the runtime to Wasm, with its benchmarks.

use std::{env, fs, io, path::PathBuf};
use substrate_wasm_builder::WasmBuilder;

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = here.join("../..").canonicalize()?;

    // The builder works in `wbuild`, beside the nearest `build` above the output folder. The product's runtime is built there and
    // must not be replaced by one with benchmarks, so this build gets a deeper output folder.
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let profile = out.join("release");
    let inner = profile.join("build");
    fs::create_dir_all(&inner)?;
    // The builder dates its output by this file, so that cargo sees that nothing has changed.
    let invoked = profile.join("invoked.timestamp");
    if invoked.exists() {
        fs::remove_file(&invoked)?;
    }
    fs::hard_link(out.join("../invoked.timestamp"), invoked)?;
    env::set_var("OUT_DIR", inner);

    // The runtime's dependencies are those of the main lock file.
    env::set_var("WASM_BUILD_WORKSPACE_HINT", &root);
    WasmBuilder::new()
        .with_project(root.join("runtime/Cargo.toml"))
        .map_err(io::Error::other)?
        .import_memory()
        .export_heap_base()
        .enable_feature("runtime-benchmarks")
        .build();
    Ok(())
}
