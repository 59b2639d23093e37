//! End to end: real nodes, workers and gateways, and what happens when they are killed.
