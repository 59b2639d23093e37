//! Shares of a budget that owners get in turn, so that the one who asks most does not get most.

use meganet_primitives::AccountId;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Permits that are shared. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct Turns(Arc<Mutex<State>>);

struct State {
    free: u32,
    /// Greater than the number of any request and any grant.
    next: u64,
    /// Those that have their permits, and those that wait, in the order of requests.
    requests: BTreeMap<u64, Request>,
    /// The owners of the requests.
    owners: HashMap<AccountId, Owner>,
}

struct Request {
    owner: AccountId,
    permits: u32,
    /// `None` once the permits are given.
    waits: Option<oneshot::Sender<()>>,
}

/// An owner that has or wants permits.
#[derive(Default)]
struct Owner {
    requests: usize,
    /// The number of its last grant; 0 before the first.
    served: u64,
}

impl Turns {
    /// All of these permits are free.
    pub fn new(permits: u32) -> Self {
        let state = State { free: permits, next: 1, requests: BTreeMap::new(), owners: HashMap::new() };
        Turns(Arc::new(Mutex::new(state)))
    }

    /// Asks for permits. The owner whose last turn is longest ago gets its permits first, then the one who asked first; nobody
    /// overtakes them because fewer permits suffice.
    pub fn ask(&self, owner: AccountId, permits: u32) -> Share {
        let (number, given) = self.state().ask(owner, permits);
        Share { turns: self.clone(), number, given }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ask(&mut self, owner: AccountId, permits: u32) -> (u64, oneshot::Receiver<()>) {
        let (sender, given) = oneshot::channel();
        let number = self.number();
        self.requests.insert(number, Request { owner, permits, waits: Some(sender) });
        self.owners.entry(owner).or_default().requests += 1;
        self.give();
        (number, given)
    }

    /// Ends a request, whether it has its permits or not.
    fn end(&mut self, number: u64) {
        let Some(request) = self.requests.remove(&number) else { return };
        if request.waits.is_none() {
            self.free = self.free.saturating_add(request.permits);
        }
        if let Some(owner) = self.owners.get_mut(&request.owner) {
            owner.requests = owner.requests.saturating_sub(1);
            if owner.requests == 0 {
                self.owners.remove(&request.owner);
            }
        }
        self.give();
    }

    /// Hands out what is free to those whose turn it is.
    fn give(&mut self) {
        while let Some(first) = self.first() {
            let number = self.number();
            let Some(request) = self.requests.get_mut(&first) else { return };
            let Some(free) = self.free.checked_sub(request.permits) else { return };
            self.free = free;
            if let Some(owner) = self.owners.get_mut(&request.owner) {
                owner.served = number;
            }
            // One that does not listen any more ends in a moment, and its permits with it.
            let _ = request.waits.take().map(|waits| waits.send(()));
        }
    }

    /// The request whose turn is next.
    fn first(&self) -> Option<u64> {
        let served = |request: &Request| self.owners.get(&request.owner).map_or(0, |owner| owner.served);
        let waiting = self.requests.iter().filter(|(_, request)| request.waits.is_some());
        waiting.min_by_key(|(number, request)| (served(request), **number)).map(|(number, _)| *number)
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next = number.saturating_add(1);
        number
    }
}

/// Permits, or the wait for them. They return when it is dropped.
pub struct Share {
    turns: Turns,
    number: u64,
    given: oneshot::Receiver<()>,
}

impl Share {
    /// Returns true, once, if the permits are given.
    pub fn is_given(&mut self) -> bool {
        self.given.try_recv().is_ok()
    }

    /// Waits for the permits, unless [`Share::is_given`] has returned true.
    pub async fn wait(&mut self) {
        // There is no error while the request is in the list of those that wait.
        let _ = (&mut self.given).await;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.turns.state().end(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: AccountId = [1; 32];
    const OTHER: AccountId = [2; 32];

    /// Drops a share and returns which of those that wait are given then.
    fn after(share: Share, waiting: &mut [&mut Share]) -> Vec<bool> {
        drop(share);
        waiting.iter_mut().map(|share| share.is_given()).collect()
    }

    #[test]
    fn owners_take_turns() {
        let turns = Turns::new(10);
        let mut shares: Vec<Share> = (0..4).map(|_| turns.ask(ONE, 10)).collect();
        let mut other = turns.ask(OTHER, 10);
        let (mut third, mut second, mut first) = (shares.remove(3), shares.remove(2), shares.remove(1));
        let mut has = shares.remove(0);
        assert!(has.is_given());
        assert_eq!(after(has, &mut [&mut first, &mut second, &mut third, &mut other]), [false, false, false, true]);
        // Both had a turn now, and that of the first is longer ago.
        let mut again = turns.ask(OTHER, 10);
        assert_eq!(after(other, &mut [&mut first, &mut second, &mut third, &mut again]), [true, false, false, false]);
        assert_eq!(after(first, &mut [&mut second, &mut third, &mut again]), [false, false, true]);
    }

    #[test]
    fn what_is_free_is_given_at_once_and_nobody_overtakes_the_first() {
        let turns = Turns::new(10);
        let mut small = turns.ask(ONE, 4);
        let mut more = turns.ask(ONE, 4);
        assert!(small.is_given() && more.is_given());
        let mut large = turns.ask(OTHER, 10);
        let mut late = turns.ask([3; 32], 1);
        assert!(!large.is_given() && !late.is_given());
        assert_eq!(after(small, &mut [&mut large, &mut late]), [false, false]);
        assert_eq!(after(more, &mut [&mut large, &mut late]), [true, false]);
        assert_eq!(after(large, &mut [&mut late]), [true]);
    }

    #[test]
    fn one_that_gives_up_makes_way_and_leaves_nothing() {
        let turns = Turns::new(10);
        let (mut has, large, mut small) = (turns.ask(ONE, 5), turns.ask(ONE, 10), turns.ask(ONE, 5));
        assert!(has.is_given() && !small.is_given());
        assert_eq!(after(large, &mut [&mut small]), [true]);
        // Given, and nobody has noticed.
        let unseen = turns.ask(OTHER, 0);
        drop((has, small, unseen));
        let state = turns.state();
        assert_eq!((state.free, state.requests.len(), state.owners.len()), (10, 0, 0));
    }
}
