//! Publish and fetch: seal, encode, place, upload, register; resolve, fetch, verify, open. And the wallet.
