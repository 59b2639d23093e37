//! Parsed rule files in memory.

use crate::file_cache::FileKey;
use meganet_primitives::convert::to_u32;
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
/// Bytes that a folder or placeholder of a rule's path takes, at most: a piece of text with its allocation, and a name.
const PART_BYTES: usize = 160;

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

/// Parsed files: one that several versions of a site share is parsed once. The least recently used files are evicted first.
#[derive(Clone)]
pub struct RuleCache<T>(Cache<FileKey, (Parsed<T>, u32)>);

impl<T: RuleFile> Default for RuleCache<T> {
    fn default() -> Self {
        let weigher = |_: &FileKey, (_, bytes): &(Parsed<T>, u32)| *bytes;
        RuleCache(Cache::builder().max_capacity(MAX_BYTES).weigher(weigher).build())
    }
}

impl<T: RuleFile> RuleCache<T> {
    /// Returns the parsed file with this key.
    pub fn get(&self, key: &FileKey) -> Option<Parsed<T>> {
        self.0.get(key).map(|(parsed, _)| parsed)
    }

    /// Parses and caches a file. The caller has checked that it has the hash of its key.
    pub fn put(&self, key: FileKey, file: &[u8]) -> Parsed<T> {
        let parsed = Arc::new(T::parse(file));
        let (rules, parts) = parsed.as_ref().as_ref().map_or((1, 0), |file| (file.rule_count(), file.part_count()));
        let parts = parts.saturating_mul(PART_BYTES);
        let bytes = file.len().saturating_add(rules.saturating_mul(RULE_BYTES)).saturating_add(parts);
        self.0.insert(key, (parsed.clone(), to_u32(bytes)));
        parsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_bounded_by_their_text_and_their_number() {
        let cache = RuleCache::<Redirects>::default();
        let rules: Vec<String> = (0..100).map(|number| format!("/a{number} /b{number}\n")).collect();
        let rules = rules.concat();
        cache.put(FileKey::new("a", [1; 32]), rules.as_bytes());
        cache.0.run_pending_tasks();
        let least = u64::try_from(rules.len() + 100 * RULE_BYTES + 200 * PART_BYTES).unwrap_or(u64::MAX);
        assert!(cache.0.weighted_size() >= least, "{}", cache.0.weighted_size());
        let text = format!("#{}\n/a /b\n", "x".repeat(1 << 20));
        for number in 2..40 {
            cache.put(FileKey::new("a", [number; 32]), text.as_bytes());
        }
        cache.0.run_pending_tasks();
        assert!(cache.0.weighted_size() <= MAX_BYTES, "{}", cache.0.weighted_size());
    }
}
