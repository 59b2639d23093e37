//! How everything off chain talks to the chain: one trait, subxt behind it, a fake for tests.
