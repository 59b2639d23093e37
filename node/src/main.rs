//! meganet-node: validator, full node, dev chain.
fn main() {}
