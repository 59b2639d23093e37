//! Workers, placement groups, batches and tombstones.
#![cfg_attr(not(feature = "std"), no_std)]
