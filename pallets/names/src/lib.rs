//! Names and what they point at.
#![cfg_attr(not(feature = "std"), no_std)]
