//! The command meganet.
fn main() {}
