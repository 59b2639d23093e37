//! Bounds the memory of what waits for readers, without a reader losing anything: what was put away first is dropped for what
//! comes, and is made again when it is needed again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Things that can be made again, at most a number of bytes of them. Cheap to clone; clones share the bound.
///
/// A cache like moka's evicts some time later; here nothing is over the bound when a call returns.
pub struct Shelf<T>(Arc<Mutex<Things<T>>>);

struct Things<T> {
    bound: usize,
    bytes: usize,
    next: u64,
    /// By the order in which they were put, with their bytes.
    things: BTreeMap<u64, (T, usize)>,
}

impl<T> Clone for Shelf<T> {
    fn clone(&self) -> Self {
        Shelf(self.0.clone())
    }
}

impl<T> Shelf<T> {
    /// An empty shelf with room for this many bytes.
    pub fn new(bound: usize) -> Self {
        Shelf(Arc::new(Mutex::new(Things { bound, bytes: 0, next: 0, things: BTreeMap::new() })))
    }

    /// Puts a thing of this many bytes on the shelf, and drops those that were put first until there is room for it. One that
    /// is larger than the shelf is dropped at once.
    pub fn put(&self, thing: T, bytes: usize) -> Kept<T> {
        let mut things = self.things();
        let number = things.next;
        things.next += 1;
        things.bytes = things.bytes.saturating_add(bytes);
        things.things.insert(number, (thing, bytes));
        let mut dropped = Vec::new();
        while things.bytes > things.bound {
            let Some((_, (thing, bytes))) = things.things.pop_first() else { break };
            things.bytes = things.bytes.saturating_sub(bytes);
            dropped.push(thing);
        }
        // Unlocked first: dropping a thing may end tasks.
        drop(things);
        drop(dropped);
        Kept { shelf: self.clone(), number }
    }

    fn remove(&self, number: u64) -> Option<T> {
        let mut things = self.things();
        let (thing, bytes) = things.things.remove(&number)?;
        things.bytes = things.bytes.saturating_sub(bytes);
        Some(thing)
    }

    fn things(&self) -> MutexGuard<'_, Things<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thing on a shelf. Dropping this drops the thing.
pub struct Kept<T> {
    shelf: Shelf<T>,
    number: u64,
}

impl<T> Kept<T> {
    /// Takes the thing from the shelf; `None` if it was dropped for others.
    pub fn take(self) -> Option<T> {
        self.shelf.remove(self.number)
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        self.shelf.remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_first_makes_way() {
        let shelf = Shelf::new(10);
        let [first, second] = ["first", "second"].map(|thing| shelf.put(thing, 4));
        let third = shelf.put("third", 6);
        assert_eq!((first.take(), second.take(), third.take()), (None, Some("second"), Some("third")));
        assert_eq!(shelf.things().bytes, 0);
    }

    #[test]
    fn what_is_dropped_or_too_large_leaves_room() {
        let shelf = Shelf::new(10);
        drop(shelf.put("dropped", 10));
        let small = shelf.put("small", 5);
        assert_eq!(shelf.put("too large", 11).take(), None);
        // It had to make way for the attempt.
        assert_eq!(small.take(), None);
        let whole = shelf.put("as large as the shelf", 10);
        assert!(whole.take().is_some());
        assert_eq!(shelf.things().bytes, 0);
    }
}
