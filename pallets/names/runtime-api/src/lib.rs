//! What nodes ask the runtime about names.
#![cfg_attr(not(feature = "std"), no_std)]
