//! Rules that were parsed before.

use super::{RuleError, Rules};
use meganet_primitives::hash::Hash;
use moka::sync::Cache;
use std::sync::Arc;

/// Bytes of parsed rules that are kept, of each kind.
const KEPT_BYTES: u64 = 8 << 20;
/// Bytes that a parsed rule takes, about, besides its text.
const RULE_BYTES: usize = 256;

/// A file as it was understood. Cheap to clone.
pub type Understood<T> = Arc<Result<T, RuleError>>;

/// Parsed files by the hash of their content: once for all versions and sites that have the same. The least used go first
/// when the bound is reached.
#[derive(Clone)]
pub struct RuleCache<T>(Cache<Hash, (Understood<T>, u32)>);

impl<T: Rules> Default for RuleCache<T> {
    fn default() -> Self {
        let weigher = |_: &Hash, (_, bytes): &(Understood<T>, u32)| *bytes;
        RuleCache(Cache::builder().max_capacity(KEPT_BYTES).weigher(weigher).build())
    }
}

impl<T: Rules> RuleCache<T> {
    /// The rules in the file with that hash.
    pub fn get(&self, hash: &Hash) -> Option<Understood<T>> {
        self.0.get(hash).map(|(understood, _)| understood)
    }

    /// Parses a file and keeps what it means. The caller has checked that it has that hash.
    pub fn put(&self, hash: Hash, file: &[u8]) -> Understood<T> {
        let understood = Arc::new(T::parse(file));
        let rules = understood.as_ref().as_ref().map_or(1, T::count);
        let bytes = file.len().saturating_add(rules.saturating_mul(RULE_BYTES));
        self.0.insert(hash, (understood.clone(), u32::try_from(bytes).unwrap_or(u32::MAX)));
        understood
    }
}
