//! Parsed rule files in memory.

use meganet_primitives::{convert::to_u32, hash::Hash};
use meganet_site::{
    RuleError,
    rules::{HeaderRules, Redirects, RuleFile},
};
use moka::sync::Cache;
use std::sync::Arc;

/// Bytes of parsed rules that are cached, of each kind.
const MAX_BYTES: u64 = 8 << 20;
/// Bytes that a parsed rule takes, approximately, in addition to its text.
const RULE_BYTES: usize = 256;

/// A parsed file, or its first error. Cheap to clone.
pub type Parsed<T> = Arc<Result<T, RuleError>>;

/// The caches for both rule files.
#[derive(Clone, Default)]
pub struct RuleCaches {
    /// The cache of `_headers`.
    pub headers: RuleCache<HeaderRules>,
    /// The cache of `_redirects`.
    pub redirects: RuleCache<Redirects>,
}

/// Parsed files by the hash of their content: a file that several sites or versions share is parsed once. The least recently used
/// files are evicted first.
#[derive(Clone)]
pub struct RuleCache<T>(Cache<Hash, (Parsed<T>, u32)>);

impl<T: RuleFile> Default for RuleCache<T> {
    fn default() -> Self {
        let weigher = |_: &Hash, (_, bytes): &(Parsed<T>, u32)| *bytes;
        RuleCache(Cache::builder().max_capacity(MAX_BYTES).weigher(weigher).build())
    }
}

impl<T: RuleFile> RuleCache<T> {
    /// Returns the parsed file with this hash.
    pub fn get(&self, hash: &Hash) -> Option<Parsed<T>> {
        self.0.get(hash).map(|(parsed, _)| parsed)
    }

    /// Parses and caches a file. The caller has checked that it has this hash.
    pub fn put(&self, hash: Hash, file: &[u8]) -> Parsed<T> {
        let parsed = Arc::new(T::parse(file));
        let rules = parsed.as_ref().as_ref().map_or(1, T::rule_count);
        let bytes = file.len().saturating_add(rules.saturating_mul(RULE_BYTES));
        self.0.insert(hash, (parsed.clone(), to_u32(bytes)));
        parsed
    }
}
