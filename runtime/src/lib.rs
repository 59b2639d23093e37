//! The chain's state transition, compiled to Wasm.
#![cfg_attr(not(feature = "std"), no_std)]
