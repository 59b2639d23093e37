//! When a node that tells nothing new is left for another one.

use meganet_primitives::BlockNumber;
use std::time::{Duration, Instant};

/// The finalized blocks that a node has told, as far as they matter here.
#[derive(Clone, Copy, Debug)]
pub struct Hearing {
    /// The last block that any node has told; `None` if none has.
    head: Option<BlockNumber>,
    /// When the node told a newer one, or began to be used.
    since: Instant,
}

impl Hearing {
    /// A node that is used from now on.
    pub fn new(now: Instant) -> Self {
        Self { head: None, since: now }
    }

    /// Notes the node's finalized head, `None` if it does not answer. Once it has told nothing new for `patience`, returns the
    /// block that another node must have finalized to be used instead.
    pub fn hear(&mut self, answer: Option<BlockNumber>, now: Instant, patience: Duration) -> Option<BlockNumber> {
        if answer.is_some_and(|head| self.head.is_none_or(|known| known < head)) {
            (self.head, self.since) = (answer, now);
            return None;
        }
        if now.saturating_duration_since(self.since) < patience {
            return None;
        }
        let known = self.head.unwrap_or_default();
        // A node that answers is left only for one that is ahead: where none is, the chain stands still, not the node.
        Some(if answer.is_some() { known.saturating_add(1) } else { known })
    }

    /// Notes that another node is used from now on.
    pub fn changed(&mut self, now: Instant) {
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(120);

    #[test]
    fn a_node_is_left_once_it_has_told_nothing_new_for_long() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        // It never answered: any other will do.
        let mut silent = Hearing::new(begun);
        assert_eq!(silent.hear(None, at(119), PATIENCE), None);
        assert_eq!(silent.hear(None, at(120), PATIENCE), Some(0));
        // It stands still: only for one that is ahead.
        let mut still = Hearing::new(begun);
        assert_eq!(still.hear(Some(7), at(200), PATIENCE), None);
        assert_eq!(still.hear(Some(7), at(319), PATIENCE), None);
        assert_eq!(still.hear(Some(7), at(320), PATIENCE), Some(8));
        // It has fallen behind itself, as after a restart from a backup: likewise.
        assert_eq!(still.hear(Some(5), at(321), PATIENCE), Some(8));
        // It moves again.
        assert_eq!(still.hear(Some(8), at(322), PATIENCE), None);
        // It is gone: also for one that is as far.
        assert_eq!(still.hear(None, at(441), PATIENCE), None);
        assert_eq!(still.hear(None, at(442), PATIENCE), Some(8));
        // The next one has as much time.
        still.changed(at(450));
        assert_eq!(still.hear(Some(8), at(569), PATIENCE), None);
        assert_eq!(still.hear(Some(8), at(570), PATIENCE), Some(9));
    }
}
