//! Compiles the runtime once more, to Wasm, and hands its path to `lib.rs`.

fn main() {
    #[cfg(all(feature = "std", not(feature = "metadata-hash")))]
    substrate_wasm_builder::WasmBuilder::build_using_defaults();

    // The hash covers the token's symbol and decimals: they must be those of the chain spec.
    #[cfg(all(feature = "std", feature = "metadata-hash"))]
    substrate_wasm_builder::WasmBuilder::init_with_defaults().enable_metadata_hash("MEGA", 12).build();
}
