//! What nodes ask the runtime about storage.
#![cfg_attr(not(feature = "std"), no_std)]
