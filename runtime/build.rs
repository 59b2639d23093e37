//! Compiles the runtime once more, to Wasm, and hands its path to `lib.rs`.

fn main() {
    // Clippy and its kind wrap the compiler of this workspace; the Wasm build uses another one, which they do not fit.
    for wrapper in ["RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", "CLIPPY_ARGS"] {
        // SAFETY: no other thread runs yet that could read the environment.
        unsafe { std::env::remove_var(wrapper) };
    }

    // The target folder may be anywhere, and the builder looks for the lock file upwards from there. Without the lock it
    // would take the newest of every dependency.
    #[cfg(feature = "std")]
    if std::env::var_os("WASM_BUILD_WORKSPACE_HINT").is_none() {
        // SAFETY: as above.
        unsafe { std::env::set_var("WASM_BUILD_WORKSPACE_HINT", concat!(env!("CARGO_MANIFEST_DIR"), "/..")) };
    }

    #[cfg(all(feature = "std", not(feature = "metadata-hash")))]
    substrate_wasm_builder::WasmBuilder::build_using_defaults();

    // The hash covers the token's symbol and decimals: they must be those of the chain spec.
    #[cfg(all(feature = "std", feature = "metadata-hash"))]
    substrate_wasm_builder::WasmBuilder::init_with_defaults().enable_metadata_hash("MEGA", 12).build();
}
