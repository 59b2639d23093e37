//! The known leaves of ranges: the first ones of each, without a gap.
//!
//! A leaf that cannot be read costs itself only: its range ends before it, as far as this worker knows, so the leaf is fetched
//! from another member as if it were new.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table},
    keys::LeafKey,
};
use codec::Encode;
use meganet_primitives::{Epoch, GroupId, convert::to_u64, range::RangeLeaf};

/// The result of [`Store::add_leaf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddLeaf {
    /// The leaf is recorded, and waits for its batch.
    Added,
    /// The leaf was known already.
    Known,
    /// Leaves before it are not known: the range has to be fetched from another member.
    Gap {
        /// Number of known leaves.
        known: u64,
    },
}

/// Reads the key of a leaf. Unlike [`LeafKey::decode`], it takes no longer keys.
pub(super) fn leaf_key(key: &[u8]) -> Option<LeafKey> {
    LeafKey::decode(key).filter(|_| key.len() == LeafKey::LEN)
}

/// Finds the first leaf that is not there in each range, as the keys of leaves pass by in their order.
#[derive(Default)]
pub(super) struct Gaps {
    /// The leaf that follows the last one.
    next: Option<LeafKey>,
}

impl Gaps {
    /// Returns the leaf before this one in its range that is not there, if there is one.
    pub(super) fn before(&mut self, leaf: &LeafKey) -> Option<LeafKey> {
        let same = self.next.filter(|next| (next.expiry, next.group) == (leaf.expiry, leaf.group));
        let expected = same.unwrap_or(LeafKey { index: 0, ..*leaf });
        self.next = Some(LeafKey { index: leaf.index.saturating_add(1), ..*leaf });
        (expected.index < leaf.index).then_some(expected)
    }
}

impl Store {
    /// Number of known leaves of a range. They are the first ones, without a gap.
    pub fn leaf_count(&self, expiry: Epoch, group: GroupId) -> Result<u64, StoreError> {
        let mut rows = 0;
        while let Some((key, _)) = self.engine.last(Table::Leaves, &LeafKey::range(expiry, group))? {
            if let Some(last) = leaf_key(&key) {
                rows = last.index.saturating_add(1);
                break;
            }
            // No leaf has such a key.
            let mut bad = Batch::default();
            bad.delete(Table::Leaves, key);
            self.engine.commit(bad, Durability::Buffered)?;
        }
        let end = self.ends.lock().get(&(expiry, group)).copied();
        Ok(end.map_or(rows, |end| rows.min(end)))
    }

    /// Up to `limit` leaves of a range, from an index on.
    pub fn leaves(&self, expiry: Epoch, group: GroupId, from: u64, limit: usize) -> Result<Vec<RangeLeaf>, StoreError> {
        let mut leaves = Vec::new();
        let end = from.saturating_add(to_u64(limit));
        self.walk_leaves((expiry, group), from, end, &mut |_, leaf| {
            leaves.push(leaf);
            true
        })?;
        Ok(leaves)
    }

    /// Visits the known leaves among `from..end` of a range until the visitor returns false. Where one cannot be read or is
    /// not there, the range ends from now on.
    pub(super) fn walk_leaves(
        &self,
        (expiry, group): (Epoch, GroupId),
        from: u64,
        end: u64,
        visit: &mut dyn FnMut(u64, RangeLeaf) -> bool,
    ) -> Result<(), StoreError> {
        let end = end.min(self.leaf_count(expiry, group)?);
        let prefix = LeafKey::range(expiry, group);
        let (mut next, mut is_broken) = (from, false);
        self.engine.scan(Table::Leaves, &LeafKey { expiry, group, index: from }.encode(), &mut |key, value| {
            if next >= end || !key.starts_with(&prefix) {
                return false;
            }
            let Some(key) = leaf_key(key) else { return true };
            match decode(value, "leaf") {
                Ok(leaf) if key.index == next => {
                    next = next.saturating_add(1);
                    visit(key.index, leaf)
                }
                _ => {
                    is_broken = true;
                    false
                }
            }
        })?;
        if is_broken {
            self.end_range(&LeafKey { expiry, group, index: next });
        }
        Ok(())
    }

    /// Notes that a leaf is not there or cannot be read, and so its range ends before it.
    pub(super) fn end_range(&self, leaf: &LeafKey) {
        let mut ends = self.ends.lock();
        let end = ends.entry((leaf.expiry, leaf.group)).or_insert(u64::MAX);
        if leaf.index < *end {
            tracing::warn!(
                group = leaf.group,
                expiry = leaf.expiry,
                index = leaf.index,
                "the index lacks a leaf, or cannot read it: fetching it from other members"
            );
            *end = leaf.index;
        }
    }

    /// Records a leaf that the chain has registered.
    pub fn add_leaf(&self, key: &LeafKey, leaf: &RangeLeaf) -> Result<AddLeaf, StoreError> {
        let _rows = self.alone();
        let range = (key.expiry, key.group);
        let known = self.leaf_count(key.expiry, key.group)?;
        if key.index < known {
            return Ok(AddLeaf::Known);
        }
        if key.index > known {
            return Ok(AddLeaf::Gap { known });
        }
        let mut batch = Batch::default();
        batch.put(Table::Leaves, key.encode(), leaf.encode());
        batch.put(Table::Unresolved, key.encode(), Vec::new());
        self.engine.commit(batch, Durability::Synced)?;
        let was_broken = self.ends.lock().get(&range) == Some(&key.index);
        if was_broken {
            self.ends.lock().remove(&range);
            // The range ends before the next one that cannot be read, if there is one.
            self.walk_leaves(range, key.index, u64::MAX, &mut |_, _| true)?;
        }
        Ok(AddLeaf::Added)
    }
}
