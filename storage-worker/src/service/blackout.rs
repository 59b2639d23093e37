//! Which frames are withheld while other members have to prove them.

use crate::model::Row;
use meganet_primitives::{BlockNumber, object::ObjectId};
use std::collections::BTreeSet;

/// The rows under challenge.
///
/// A challenged byte lies at the same offset of every shard of its object. A worker that has thrown its shard away could
/// recompute the byte from the same frame of k other shards. So all members but the challenged one withhold that frame; a
/// member that is challenged for the same row withholds it too, or two challenged members could serve a third.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blackout {
    rows: BTreeSet<Row>,
    at: BlockNumber,
}

impl Blackout {
    /// The rows for which other members are challenged at a best block.
    pub fn new(others: impl IntoIterator<Item = Row>, at: BlockNumber) -> Self {
        Self { rows: others.into_iter().collect(), at }
    }

    /// The best block at which these rows are under challenge.
    pub fn at(&self) -> BlockNumber {
        self.at
    }

    /// Returns true if a row under challenge is among frames `first .. first + count` of an object's shards.
    pub fn covers(&self, object: ObjectId, first: u64, count: u64) -> bool {
        let Some(last) = count.checked_sub(1).map(|more| first.saturating_add(more)) else { return false };
        self.rows.range(Row { object, frame: first }..=Row { object, frame: last }).next().is_some()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns true if everything may be served.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
