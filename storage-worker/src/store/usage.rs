//! Counting the store's contents when it is opened.

use super::{Store, StoreError, decode, engine::Table, records::MissingRecord};
use crate::model::Usage;

impl Store {
    /// Counts everything in the index.
    pub(super) fn count(&self) -> Result<Usage, StoreError> {
        let mut usage = Usage::default();
        let mut bad = None;
        self.engine.scan(Table::Shards, &[], &mut |_, value| match decode(value, "shard") {
            Ok(record) => {
                usage.add(&record);
                true
            }
            Err(error) => {
                bad = Some(error);
                false
            }
        })?;
        if let Some(error) = bad {
            return Err(error);
        }
        self.engine.scan(Table::Missing, &[], &mut |_, value| {
            // An unreadable record is no reason to refuse to start: the next sync lists the shard again.
            usage.missing = usage.missing.saturating_add(u64::from(decode::<MissingRecord>(value, "missing").is_ok()));
            true
        })?;
        Ok(usage)
    }
}
