//! meganet-worker: lends disk, holds shards, serves them, mends them.
