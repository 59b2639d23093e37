//! Compiles the runtime once more, to Wasm, and hands its path to `lib.rs`.

fn main() {
    // Clippy and similar tools wrap the compiler of this workspace, but must not wrap that of the Wasm build.
    for wrapper in ["RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", "CLIPPY_ARGS"] {
        // SAFETY: no other thread runs yet that could access the environment.
        unsafe { std::env::remove_var(wrapper) };
    }

    // The builder searches for the lock file upwards from the target folder, which may be anywhere. Without the lock it
    // would use the newest version of every dependency.
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
