//! What chain, workers, clients and browsers agree on: formats, trees, receipts, placement, names.
#![cfg_attr(not(feature = "std"), no_std)]
