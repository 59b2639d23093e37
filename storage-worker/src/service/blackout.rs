//! What must not be served while other members have to prove it.

use crate::store::Row;
use meganet_primitives::{BlockNumber, object::ObjectId};
use std::collections::BTreeSet;

/// The rows under challenge.
///
/// A challenged byte lies at the same place of every shard of its object, and its row, computed from k of them, is what a
/// worker would need that threw its own away. So all members but the challenged one withhold the frame around it; also one
/// that is challenged for the same row itself, or two that are could serve a third.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blackout {
    rows: BTreeSet<Row>,
    at: BlockNumber,
}

impl Blackout {
    /// The rows that others are asked for at a best block.
    pub fn new(others: impl IntoIterator<Item = Row>, at: BlockNumber) -> Self {
        Self { rows: others.into_iter().collect(), at }
    }

    /// The best block that it is of.
    pub fn at(&self) -> BlockNumber {
        self.at
    }

    /// Whether frames `first .. first + count` of an object's shard hold such a row.
    pub fn covers(&self, object: ObjectId, first: u64, count: u64) -> bool {
        let Some(last) = count.checked_sub(1).map(|more| first.saturating_add(more)) else { return false };
        self.rows.range(Row { object, frame: first }..=Row { object, frame: last }).next().is_some()
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether everything may be served.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
