//! The engine in memory, for tests.

use super::engine::{Batch, Durability, Engine, EngineError, Table, Visitor, Write};
use parking_lot::Mutex;
use std::collections::BTreeMap;

type Rows = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// A sorted map.
#[derive(Default)]
pub struct MemoryEngine {
    rows: Mutex<Rows>,
}

impl MemoryEngine {
    /// An engine with the same rows.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { rows: Mutex::new(self.rows.lock().clone()) }
    }
}

impl Engine for MemoryEngine {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.rows.lock().get(&(table, key.to_vec())).cloned())
    }

    fn scan(&self, table: Table, from: &[u8], visit: Visitor<'_>) -> Result<(), EngineError> {
        // A snapshot, so that the visitor may call the engine.
        let rows: Vec<_> = self
            .rows
            .lock()
            .range((table, from.to_vec())..)
            .take_while(|((of, _), _)| *of == table)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect();
        for (key, value) in rows {
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<(Vec<u8>, Vec<u8>)>, EngineError> {
        let rows = self.rows.lock();
        let of_prefix =
            rows.range((table, prefix.to_vec())..).take_while(|((of, key), _)| *of == table && key.starts_with(prefix));
        Ok(of_prefix.last().map(|((_, key), value)| (key.clone(), value.clone())))
    }

    fn commit(&self, batch: Batch, _durability: Durability) -> Result<(), EngineError> {
        let mut rows = self.rows.lock();
        for write in batch.0 {
            match write {
                Write::Put(table, key, value) => rows.insert((table, key), value),
                Write::Delete(table, key) => rows.remove(&(table, key)),
            };
        }
        Ok(())
    }
}
