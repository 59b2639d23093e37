//! Which uploads make way where there is no room for another.
//!
//! A staged shard has no receipt. It is kept for a day all the same, so that its uploader can ask for one; and balances are
//! looked at, not reserved. So one balance that is passed on could fill the staging quota in the name of many accounts. Where
//! there is no room for an upload, staged shards make way that had some time to get a receipt: first all those of accounts that
//! cannot pay for them now, who would get no receipt; then as many as the upload lacks, always of the account that has most,
//! the oldest first.

use super::admission::LEAST_SHARE;
use crate::model::{StagedShard, footprint, keys::ShardKey};
use meganet_net::wire::put::Refusal;
use meganet_primitives::{AccountId, GroupId};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque},
};

/// Accounts that may make way at a time: the chain is asked about the balance of each.
pub const MOST_ACCOUNTS: usize = 64;
/// Shards that may make way at a time: all of them are in memory meanwhile.
pub const MOST_SHARDS: usize = 1 << 16;

/// The bytes that an upload lacks, each more than there is room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lacking {
    /// On the disk, which others fill as well.
    pub disk: u64,
    /// Of the capacity that the worker lends.
    pub capacity: u64,
    /// Of the staging quota, counted with what shards take up beyond their bytes.
    pub staging: u64,
    /// Of the slot.
    pub slot: u64,
}

impl Lacking {
    /// Bytes of shards outside the staging quota that would help.
    pub fn of_registered(&self) -> u64 {
        self.disk.max(self.capacity).max(self.slot)
    }

    /// The refusal of an upload of `len` further bytes: of the bound that has least left, so that its sender learns whether the
    /// slot is full or only the worker. `None` if there is room.
    pub fn refusal(&self, len: u64) -> Option<Refusal> {
        let most = self.of_registered().max(self.staging);
        let free = len.saturating_sub(most);
        match most {
            0 => None,
            _ if self.slot == most => Some(Refusal::OverCapacity { free }),
            _ if self.disk == most => Some(Refusal::DiskFull { free }),
            _ => Some(Refusal::UploadsFull { free }),
        }
    }

    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Returns true if an upload that makes way would help.
    fn is_eased(&self, same_group: bool) -> bool {
        self.capacity > 0 || self.staging > 0 || (same_group && self.slot > 0)
    }

    /// Counts an upload that makes way. The free space of the disk is measured, so it does not change here.
    fn ease(&mut self, len: u64, same_group: bool) {
        self.capacity = self.capacity.saturating_sub(len);
        self.staging = self.staging.saturating_sub(footprint(1, len));
        if same_group {
            self.slot = self.slot.saturating_sub(len);
        }
    }
}

/// An upload for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Its account.
    pub account: AccountId,
    /// Its group.
    pub group: GroupId,
    /// Bytes of the disk that the account would take up, with this upload.
    pub bytes: u64,
    /// Nothing if the account would have more than its share.
    pub lacking: Lacking,
}

/// The accounts other than the newcomer's with the most bytes that may make way.
pub fn largest(staged: &BTreeMap<AccountId, u64>, newcomer: &Newcomer) -> Vec<AccountId> {
    let mut others: Vec<_> = staged.iter().filter(|(account, _)| **account != newcomer.account).collect();
    others.sort_by_key(|(_, bytes)| Reverse(**bytes));
    others.into_iter().map(|(account, _)| *account).take(MOST_ACCOUNTS).collect()
}

/// The order in which accounts make way, of those that may. `unable` are those that cannot pay.
pub fn ranks(largest: &[AccountId], unable: &BTreeSet<AccountId>, newcomer: &Newcomer) -> BTreeMap<AccountId, usize> {
    let (first, then): (Vec<_>, Vec<_>) = largest.iter().partition(|account| unable.contains(*account));
    let then = then.into_iter().filter(|_| !newcomer.lacking.is_nothing());
    first.into_iter().chain(then).copied().zip(0..).collect()
}

/// The shards that make way, of those that may, which come in the order of [`ranks`] and of age. `held` are the bytes of the
/// disk that an account takes up without a registration.
///
/// Nobody who can pay makes way in vain, or for an account that would have more, unless that is no more than everybody can be
/// sure of.
pub fn displaced(
    staged: &[StagedShard],
    held: impl Fn(&AccountId) -> u64,
    unable: &BTreeSet<AccountId>,
    newcomer: &Newcomer,
) -> Vec<ShardKey> {
    let same_group = |shard: &StagedShard| shard.group == newcomer.group;
    let mut lacking = newcomer.lacking;
    let mut gone = Vec::new();
    let mut of_others: BTreeMap<AccountId, VecDeque<&StagedShard>> = BTreeMap::new();
    for shard in staged {
        if unable.contains(&shard.account) {
            lacking.ease(shard.len, same_group(shard));
            gone.push(shard.key);
        } else {
            of_others.entry(shard.account).or_default().push_back(shard);
        }
    }
    let mut accounts: BinaryHeap<(u64, AccountId)> =
        of_others.keys().map(|account| (held(account), *account)).collect();
    let mut paying = Vec::new();
    while !lacking.is_nothing() {
        let Some((bytes, account)) = accounts.pop() else { break };
        if bytes < newcomer.bytes && newcomer.bytes > LEAST_SHARE {
            break;
        }
        let Some(shard) = of_others.get_mut(&account).and_then(VecDeque::pop_front) else { continue };
        let left = if lacking.is_eased(same_group(shard)) {
            lacking.ease(shard.len, same_group(shard));
            paying.push(shard.key);
            bytes.saturating_sub(footprint(1, shard.len))
        } else {
            bytes
        };
        accounts.push((left, account));
    }
    if lacking.is_nothing() {
        gone.append(&mut paying);
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use meganet_primitives::object::ObjectId;

    const MIB: u64 = 1 << 20;
    const GROUP: GroupId = 1;

    fn account(seed: u8) -> AccountId {
        [seed; 32]
    }

    fn newcomer(bytes: u64, lacking: Lacking) -> Newcomer {
        Newcomer { account: account(99), group: GROUP, bytes, lacking }
    }

    fn of_quota(staging: u64) -> Lacking {
        Lacking { staging, ..Lacking::default() }
    }

    /// The staged shards of some accounts: by whom, for which group, of how many MiB; each older than the next.
    struct Here(Vec<(u8, GroupId, u64)>);

    impl Here {
        fn uploads(&self) -> BTreeMap<AccountId, u64> {
            let mut uploads = BTreeMap::new();
            self.0.iter().for_each(|(by, _, mib)| *uploads.entry(account(*by)).or_default() += mib * MIB);
            uploads
        }

        /// The numbers of those that make way.
        fn displaced(&self, unable: &[u8], newcomer: &Newcomer) -> Vec<u8> {
            let uploads = self.uploads();
            let unable: BTreeSet<AccountId> = unable.iter().map(|seed| account(*seed)).collect();
            let ranks = ranks(&largest(&uploads, newcomer), &unable, newcomer);
            let mut staged: Vec<_> = self
                .0
                .iter()
                .zip(0..)
                .filter_map(|((by, group, mib), number)| {
                    let key = ShardKey { object: ObjectId([number; 32]), shard: 0 };
                    let shard = StagedShard { key, account: account(*by), group: *group, len: mib * MIB };
                    Some((*ranks.get(&shard.account)?, number, shard))
                })
                .collect();
            staged.sort_by_key(|(rank, number, _)| (*rank, *number));
            let staged: Vec<StagedShard> = staged.into_iter().map(|(_, _, shard)| shard).collect();
            let held = |account: &AccountId| uploads.get(account).copied().unwrap_or_default();
            displaced(&staged, held, &unable, newcomer).iter().map(|key| key.object.0[0]).collect()
        }
    }

    #[test]
    fn an_upload_without_room_is_refused_for_the_bound_that_has_least_left() {
        let lacking = |disk, capacity, staging, slot| Lacking { disk, capacity, staging, slot };
        for (lacking, expected) in [
            (lacking(0, 0, 0, 0), None),
            (lacking(0, 0, 0, 4), Some(Refusal::OverCapacity { free: 6 })),
            (lacking(4, 0, 0, 0), Some(Refusal::DiskFull { free: 6 })),
            (lacking(0, 4, 0, 0), Some(Refusal::UploadsFull { free: 6 })),
            (lacking(0, 0, 4, 0), Some(Refusal::UploadsFull { free: 6 })),
            (lacking(9, 4, 3, 2), Some(Refusal::DiskFull { free: 1 })),
            (lacking(2, 3, 9, 4), Some(Refusal::UploadsFull { free: 1 })),
            // A slot that is full stays so.
            (lacking(4, 4, 4, 4), Some(Refusal::OverCapacity { free: 6 })),
            (lacking(11, 0, 0, 1), Some(Refusal::DiskFull { free: 0 })),
        ] {
            assert_eq!(lacking.refusal(10), expected, "{lacking:?}");
        }
    }

    #[test]
    fn one_balance_that_is_passed_on_keeps_nobody_out() {
        // Sixteen accounts fill 1 GiB, and the last one has the money.
        let here = Here((0..16).map(|by| (by, GROUP, 64)).collect());
        let unable: Vec<u8> = (0..15).collect();
        let mut gone = here.displaced(&unable, &newcomer(32 * MIB, of_quota(32 * MIB)));
        gone.sort_unstable();
        assert_eq!(gone, unable);
        // They also count as nobody with whom a share has to be divided.
        assert_eq!(here.displaced(&unable, &newcomer(200 * MIB, Lacking::default())).len(), 15);
        assert!(here.displaced(&[], &newcomer(200 * MIB, Lacking::default())).is_empty());
    }

    #[test]
    fn of_those_who_can_pay_the_account_with_most_makes_way_and_its_oldest_first() {
        let here =
            Here(vec![(1, GROUP, 20), (2, GROUP, 30), (1, GROUP, 20), (2, 2, 30), (3, GROUP, 10), (1, GROUP, 10)]);
        assert_eq!(here.displaced(&[], &newcomer(MIB, of_quota(1))), [1]);
        // 2 has 60, then 30; 1 has 50, then 30; 3 has 10.
        assert_eq!(here.displaced(&[], &newcomer(MIB, of_quota(45 * MIB))), [1, 0]);
        // Only what is in the slot makes room in the slot.
        let slot = Lacking { slot: 55 * MIB, ..Lacking::default() };
        assert_eq!(here.displaced(&[], &newcomer(MIB, slot)), [1, 0, 2]);
        // Who cannot pay comes first, though it has least.
        assert_eq!(here.displaced(&[3], &newcomer(MIB, of_quota(10 * MIB))), [4]);
        assert_eq!(here.displaced(&[3], &newcomer(MIB, of_quota(11 * MIB))), [4, 1]);
    }

    #[test]
    fn nobody_who_can_pay_makes_way_in_vain_or_for_somebody_greedy() {
        let here = Here(vec![(1, GROUP, 100), (2, GROUP, 80), (99, GROUP, 70)]);
        assert!(here.displaced(&[], &newcomer(64 * MIB, of_quota(200 * MIB))).is_empty(), "not even both are enough");
        let disk = Lacking { disk: 1, staging: 1, ..Lacking::default() };
        assert!(here.displaced(&[], &newcomer(MIB, disk)).is_empty(), "the disk is full");
        assert_eq!(here.displaced(&[], &newcomer(90 * MIB, of_quota(MIB))), [0]);
        assert!(here.displaced(&[], &newcomer(101 * MIB, of_quota(MIB))).is_empty(), "it would have most");
        // What everybody can be sure of is not too much: otherwise many small accounts would keep everybody out.
        let small = Here(vec![(1, GROUP, 10)]);
        assert_eq!(small.displaced(&[], &newcomer(LEAST_SHARE, of_quota(MIB))), [0]);
        assert!(small.displaced(&[], &newcomer(LEAST_SHARE + 1, of_quota(MIB))).is_empty());
    }
}
