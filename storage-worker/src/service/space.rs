//! When a disk is too full to take in shards.

use std::cmp::Ordering;

/// The least bytes that stay free for what must always be written: the index, logs, removals.
const LEAST: u64 = 64 << 20;
/// The most.
const MOST: u64 = 1 << 30;

/// Bytes of the disk that shards never take up, for a capacity: a fiftieth, from 64 MiB to 1 GiB.
pub fn reserve(capacity: u64) -> u64 {
    (capacity / 50).clamp(LEAST, MOST)
}

/// How much room a disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// Enough for shards.
    Ample,
    /// No shards are taken in or rebuilt.
    Low,
    /// The ballast has to go, so that the index can still be written.
    Full,
}

/// Returns the free bytes that count: a ballast that was given up has to be laid again first.
pub fn effective(free: u64, reserve: u64, ballast: u64) -> u64 {
    free.saturating_add(ballast).saturating_sub(reserve)
}

/// Returns the room of a disk with this many free bytes that count.
pub fn room(free: u64, reserve: u64) -> Room {
    match (free.cmp(&reserve), free.cmp(&(reserve / 4))) {
        (_, Ordering::Less) => Room::Full,
        (Ordering::Less, _) => Room::Low,
        _ => Room::Ample,
    }
}

/// Returns true if the ballast may be laid (again): with it the disk must still be far from low, or it would come and go.
pub fn may_lay(free: u64, reserve: u64, ballast: u64) -> bool {
    free >= reserve.saturating_mul(2).saturating_add(ballast)
}

/// Bytes that shards may still take up on the disk.
pub fn for_shards(free: u64, reserve: u64) -> u64 {
    free.saturating_sub(reserve)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_follows_from_what_is_free() {
        const GIB: u64 = 1 << 30;
        assert_eq!([reserve(0), reserve(GIB), reserve(10 * GIB), reserve(u64::MAX)], [LEAST, LEAST, GIB / 5, GIB]);
        let table = [(100, Room::Ample), (99, Room::Low), (25, Room::Low), (24, Room::Full), (0, Room::Full)];
        for (free, expected) in table {
            assert_eq!(room(free, 100), expected, "{free}");
        }
        assert!(may_lay(300, 100, 100) && !may_lay(299, 100, 100));
        assert_eq!((for_shards(150, 100), for_shards(99, 100)), (50, 0));
        // Giving up the ballast does not make a full disk an ample one.
        assert_eq!([effective(20, 100, 100), effective(120, 100, 0)], [20, 20]);
        // What is laid leaves the room ample.
        assert_eq!(room(300 - 100, 100), Room::Ample);
    }
}
