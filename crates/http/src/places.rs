//! The places of a server: a bound for all connections, one for each block of addresses, and the connection that ends for a new
//! one.

use meganet_address_block::{AddressBlock, BlockCounts};
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Addresses that one network usually has, or those of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Loopback,
    Distant(AddressBlock),
}

impl Block {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Block::Loopback,
            address => Block::Distant(AddressBlock::of(address)),
        }
    }

    /// The most connections from this block if there are `all` of them.
    fn bound(self, all: usize) -> usize {
        let eighth = all / 8;
        match self {
            // Browsers and reverse proxies on this machine; the rest stays free for others.
            Block::Loopback => all - eighth,
            Block::Distant(_) => eighth.max(1),
        }
    }
}

/// An open connection.
#[derive(Debug)]
struct Connection {
    block: Block,
    /// Whether a request is being answered, until the answer is written to the last byte.
    is_busy: bool,
    /// Whether a request has arrived.
    has_asked: bool,
    /// The moment from which on it has been busy, or idle.
    since: u64,
    close: CancellationToken,
}

impl Connection {
    fn distant(&self) -> Option<AddressBlock> {
        match self.block {
            Block::Distant(block) => Some(block),
            Block::Loopback => None,
        }
    }
}

/// The decision about a new connection.
#[derive(Debug, PartialEq, Eq)]
enum Admission {
    /// It has this number.
    Admitted(u64),
    /// Every connection of its block is busy, and connections of other blocks could still come.
    Refused,
    /// Every connection is busy, and no block has more than others.
    Full,
}

/// The open connections.
#[derive(Debug)]
struct Register {
    bound: usize,
    /// The next number: of connections, and of moments.
    next: u64,
    open: BTreeMap<u64, Connection>,
    /// Those that do not come from this machine.
    distant: BlockCounts,
}

impl Register {
    fn new(bound: usize) -> Self {
        Register { bound: bound.max(1), next: 0, open: BTreeMap::new(), distant: BlockCounts::default() }
    }

    fn tick(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Admits a connection if there is a place, or one to close for it: an idle one that [yields](Self::yields), of the same
    /// block if that is full; or else a busy one of a block that has more.
    fn admit(&mut self, block: Block, close: CancellationToken) -> Admission {
        let (is_full, has_room) = (self.load(block) >= block.bound(self.bound), self.open.len() < self.bound);
        let admitted = if is_full {
            self.close_idlest(|register, connection| register.is_near(connection.block, block))
        } else {
            has_room
                || self.close_idlest(|register, connection| register.yields(connection, block))
                || self.close_busy(block)
        };
        if !admitted {
            // While one waits for a place, nobody else gets one.
            return if has_room || self.could_come() { Admission::Refused } else { Admission::Full };
        }
        let number = self.tick();
        if let Block::Distant(block) = block {
            self.distant.add(block);
        }
        self.open.insert(number, Connection { block, is_busy: false, has_asked: false, since: number, close });
        Admission::Admitted(number)
    }

    /// The connections of a block, to be compared with its bound.
    fn load(&self, block: Block) -> usize {
        match block {
            Block::Loopback => self.open.values().filter(|connection| connection.block == Block::Loopback).count(),
            Block::Distant(block) => self.distant.load(block),
        }
    }

    /// Returns true if an idle connection ends for a newcomer. One whose request is still to arrive does so only if its block
    /// has more than the newcomer's: those who have many busy connections could otherwise end that of each reader who comes,
    /// before it can ask.
    fn yields(&self, idle: &Connection, newcomer: Block) -> bool {
        idle.has_asked || self.load(idle.block) > self.load(newcomer)
    }

    /// Returns true if connections of both blocks count for a bound that is reached.
    fn is_near(&self, block: Block, full: Block) -> bool {
        match (block, full) {
            (Block::Distant(a), Block::Distant(b)) => self.distant.are_crowded(a, b, full.bound(self.bound)),
            (a, b) => a == b,
        }
    }

    /// Returns true if a connection of a block that has none yet would find a place though all are busy.
    fn could_come(&self) -> bool {
        let mut distant = self.open.values().filter_map(Connection::distant);
        distant.any(|block| self.distant.load(block) > 1)
    }

    /// Closes the connection that has been idle for the longest time. One whose first request has not arrived counts too, so
    /// that slow ones cannot hold all places.
    fn close_idlest(&mut self, is_candidate: impl Fn(&Self, &Connection) -> bool) -> bool {
        let this = &*self;
        let idle = this.open.iter().filter(|(_, connection)| !connection.is_busy && is_candidate(this, connection));
        let idlest = idle.min_by_key(|(_, connection)| connection.since).map(|(number, _)| *number);
        idlest.is_some_and(|number| self.close(number))
    }

    /// Closes the connection that has been busy for the longest time, of the block that has the most, if that is more than a
    /// newcomer's block has. Those of this machine keep their places.
    fn close_busy(&mut self, newcomer: Block) -> bool {
        let busy = self.open.iter().filter_map(|(number, connection)| {
            let block = connection.distant()?;
            let excess = match newcomer {
                // It has less than its part, so others have more than theirs.
                Block::Loopback => self.distant.load(block),
                Block::Distant(newcomer) => self.distant.excess(block, newcomer)?,
            };
            Some((excess, Reverse(connection.since), *number))
        });
        let longest = busy.max().map(|(.., number)| number);
        longest.is_some_and(|number| self.close(number))
    }

    fn close(&mut self, number: u64) -> bool {
        let connection = self.remove(number);
        connection.inspect(|connection| connection.close.cancel()).is_some()
    }

    fn remove(&mut self, number: u64) -> Option<Connection> {
        let connection = self.open.remove(&number)?;
        if let Some(block) = connection.distant() {
            self.distant.remove(block);
        }
        Some(connection)
    }

    fn begin(&mut self, number: u64) {
        self.note(number, true);
    }

    fn end(&mut self, number: u64) {
        self.note(number, false);
    }

    fn note(&mut self, number: u64, is_busy: bool) {
        let since = self.tick();
        if let Some(connection) = self.open.get_mut(&number) {
            (connection.is_busy, connection.has_asked, connection.since) = (is_busy, true, since);
        }
    }
}

/// The places of a server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Places(Arc<Shared>);

struct Shared {
    register: Mutex<Register>,
    /// Notified when a place is free, or a connection idle.
    changed: Notify,
}

impl Places {
    /// Places for this many connections.
    pub(crate) fn new(bound: usize) -> Self {
        Places(Arc::new(Shared { register: Mutex::new(Register::new(bound)), changed: Notify::new() }))
    }

    /// Takes a place for a connection from an address. Waits while all connections are busy. `None` if it has to be closed,
    /// since those of its block are busy and others could come.
    pub(crate) async fn take(&self, address: IpAddr) -> Option<Place> {
        let closed = CancellationToken::new();
        loop {
            match self.register().admit(Block::of(address), closed.clone()) {
                Admission::Admitted(number) => {
                    return Some(Place { places: self.clone(), number, closed, is_answered: AtomicBool::new(false) });
                }
                Admission::Refused => return None,
                Admission::Full => {}
            }
            // A notification between the two lines is kept.
            self.0.changed.notified().await;
        }
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        self.0.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place, free again when dropped.
pub(crate) struct Place {
    places: Places,
    number: u64,
    closed: CancellationToken,
    /// Whether the body of the last answer has ended; its bytes may still have to be written.
    is_answered: AtomicBool,
}

impl Place {
    /// Cancelled when the connection has to end for another.
    pub(crate) fn closed(&self) -> CancellationToken {
        self.closed.clone()
    }

    /// Marks the connection as busy until the result is dropped and everything is written.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.is_answered.store(false, Ordering::Relaxed);
        self.places.register().begin(self.number);
        Busy(self.clone())
    }

    /// Called when nothing waits to be written.
    pub(crate) fn written(&self) {
        if self.is_answered.swap(false, Ordering::Relaxed) {
            self.places.register().end(self.number);
            self.places.0.changed.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.register().remove(self.number);
        self.places.0.changed.notify_one();
    }
}

/// A request that is being answered.
pub(crate) struct Busy(Arc<Place>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.is_answered.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn block(address: &str) -> Block {
        Block::of(address.parse().unwrap())
    }

    fn admit(register: &mut Register, address: &str) -> (Admission, CancellationToken) {
        let close = CancellationToken::new();
        (register.admit(block(address), close.clone()), close)
    }

    /// Admits a connection that is busy at once.
    fn busy(register: &mut Register, address: &str) -> Option<(u64, CancellationToken)> {
        let (Admission::Admitted(number), close) = admit(register, address) else { return None };
        register.begin(number);
        Some((number, close))
    }

    #[test]
    fn addresses_are_of_a_block() {
        for (a, b, same) in [
            ("192.0.2.1", "192.0.2.255", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("127.0.0.1", "127.9.9.9", true),
            ("127.0.0.1", "::1", true),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("127.0.0.1", "192.0.2.1", false),
        ] {
            assert_eq!(block(a) == block(b), same, "{a} {b}");
        }
    }

    #[test]
    fn a_block_takes_a_part_of_the_places() {
        for (all, strangers, loopback) in [(512, 64, 448), (64, 8, 56), (8, 1, 7), (1, 1, 1)] {
            assert_eq!((block("192.0.2.1").bound(all), block("::1").bound(all)), (strangers, loopback), "{all}");
        }
    }

    #[test]
    fn the_idlest_connection_ends_for_a_new_one() {
        let mut register = Register::new(3);
        let addresses = ["192.0.2.1", "192.0.3.1", "192.0.4.1", "192.0.5.1", "192.0.6.1"];
        let [a, b, c] = [0, 1, 2].map(|index| {
            let (Admission::Admitted(number), close) = admit(&mut register, addresses[index]) else { panic!() };
            (number, close)
        });
        // The second has answered later than the third has connected, the first is busy.
        register.begin(a.0);
        register.begin(b.0);
        register.end(b.0);
        assert!(matches!(admit(&mut register, addresses[3]), (Admission::Admitted(_), _)));
        assert_eq!([&a.1, &b.1, &c.1].map(CancellationToken::is_cancelled), [false, false, true]);
        assert!(matches!(admit(&mut register, addresses[4]), (Admission::Admitted(_), _)));
        assert!(b.1.is_cancelled() && !a.1.is_cancelled());
        assert_eq!(register.open.len(), 3);
        // A connection that has ended already is not counted twice.
        register.end(b.0);
        let numbers: Vec<u64> = register.open.keys().copied().collect();
        numbers.iter().for_each(|number| register.begin(*number));
        assert_eq!(admit(&mut register, "198.51.100.1").0, Admission::Full);
        register.end(a.0);
        assert!(matches!(admit(&mut register, "198.51.100.1").0, Admission::Admitted(_)) && a.1.is_cancelled());
    }

    #[test]
    fn a_full_block_closes_or_refuses_only_its_own() {
        let mut register = Register::new(16);
        let (_, other) = admit(&mut register, "198.51.100.1");
        let (Admission::Admitted(first), one) = admit(&mut register, "192.0.2.1") else { panic!() };
        let (Admission::Admitted(second), two) = admit(&mut register, "192.0.2.2") else { panic!() };
        register.begin(first);
        let (Admission::Admitted(third), _) = admit(&mut register, "192.0.2.3") else { panic!() };
        assert!(two.is_cancelled() && !one.is_cancelled() && !other.is_cancelled());
        register.begin(third);
        assert_eq!(admit(&mut register, "192.0.2.4").0, Admission::Refused);
        assert!(matches!(admit(&mut register, "192.0.3.4").0, Admission::Admitted(_)));
        assert!(!register.open.contains_key(&second) && !other.is_cancelled());
    }

    #[test]
    fn a_few_blocks_do_not_keep_300_newcomers_out() {
        let mut register = Register::new(512);
        let siege = |register: &mut Register| {
            (0..8)
                .flat_map(|of| (0..64).map(move |host| format!("10.0.{of}.{host}")))
                .filter_map(|address| busy(register, &address))
                .count()
        };
        assert_eq!(siege(&mut register), 512);
        let mut newcomers = Vec::new();
        for of in 0..300 {
            let address = format!("10.{}.{}.1", 1 + of / 256, of % 256);
            newcomers.push(busy(&mut register, &address).unwrap_or_else(|| panic!("{address} finds no place")));
            // The siege takes again what it can get, and nobody waits for it.
            assert_eq!(siege(&mut register), 0);
        }
        assert!(newcomers.iter().all(|(_, close)| !close.is_cancelled()));
        assert_eq!(register.open.len(), 512);
        assert_eq!(admit(&mut register, "10.0.1.1").0, Admission::Refused);
        newcomers.iter().for_each(|(number, _)| drop(register.remove(*number)));
        assert_eq!(siege(&mut register), 300);
    }

    #[test]
    fn a_newcomer_keeps_its_place_until_its_request_arrives() {
        let mut register = Register::new(512);
        let siege = |register: &mut Register| {
            let addresses = (0..12).flat_map(|of| (0..64).map(move |host| format!("10.0.{of}.{host}")));
            addresses.for_each(|address| drop(busy(register, &address)));
        };
        siege(&mut register);
        let (Admission::Admitted(number), newcomer) = admit(&mut register, "192.0.2.1") else { panic!() };
        siege(&mut register);
        assert!(!newcomer.is_cancelled());
        register.begin(number);
        siege(&mut register);
        assert!(!newcomer.is_cancelled());
        // Once it is answered it makes way like others.
        register.end(number);
        siege(&mut register);
        assert!(newcomer.is_cancelled());
    }

    #[test]
    fn slow_requests_of_many_do_not_keep_a_newcomer_out() {
        let mut register = Register::new(16);
        for host in 0..16 {
            admit(&mut register, &format!("10.0.{}.{host}", host % 8));
        }
        assert_eq!(register.open.len(), 16);
        assert!(matches!(admit(&mut register, "192.0.2.1").0, Admission::Admitted(_)));
        let addresses: Vec<_> = (1..=8).map(|of| format!("192.0.{}.1", 2 + of)).collect();
        assert!(addresses.iter().all(|address| matches!(admit(&mut register, address).0, Admission::Admitted(_))));
    }

    #[test]
    fn twelve_blocks_end_with_the_same_number() {
        let mut register = Register::new(512);
        for (of, host) in (0..12).flat_map(|of| (0..64).map(move |host| (of, host))) {
            busy(&mut register, &format!("192.0.{of}.{host}"));
        }
        for of in 0..12 {
            let has = register.load(block(&format!("192.0.{of}.1")));
            assert!((42..=43).contains(&has), "block {of} has {has}");
        }
    }

    #[test]
    fn the_longest_busy_connection_of_the_largest_block_makes_way() {
        let mut register = Register::new(17);
        let local = busy(&mut register, "127.0.0.1").unwrap();
        let addresses = (0..8).flat_map(|of| [1, 2].map(|host| format!("192.0.{of}.{host}")));
        let distant: Vec<_> = addresses.filter_map(|address| busy(&mut register, &address)).collect();
        assert_eq!(distant.len(), 16);
        // The first begins another request, so that the second is busy for the longest time.
        register.end(distant[0].0);
        register.begin(distant[0].0);
        let (first, _) = busy(&mut register, "198.51.100.1").unwrap();
        assert!(distant[1].1.is_cancelled());
        // This machine has less than its part.
        busy(&mut register, "127.0.0.1").unwrap();
        assert!(distant[2].1.is_cancelled());
        let closed = distant.iter().filter(|(_, close)| close.is_cancelled()).count();
        assert!(closed == 2 && !local.1.is_cancelled() && register.open.contains_key(&first));
    }
}
