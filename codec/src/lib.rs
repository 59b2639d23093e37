//! Seals, erasure-codes, verifies, decodes and opens objects as streams, in memory bounded by one stripe.
