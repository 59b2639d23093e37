//! The runtime API of `pallet-storage`, called by nodes, clients and workers.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use meganet_primitives::{
    AccountId, AutoRenewalId, Epoch, GroupId, SlotIndex, WorkerId,
    chain::{
        AutoRenewalInfo, ChallengeInfo, ChallengedRow, GroupHealth, GroupInfo, RangeInfo, SlotAssignment, StorageMoney,
        StorageParams, StorageStats, Tombstone, WorkerAudit, WorkerInfo,
    },
    placement::ProfileId,
    receipt::PeerKey,
};

sp_api::decl_runtime_apis! {
    /// Queries about storage. Lists have at most [`meganet_primitives::chain::MAX_PAGE`] items.
    pub trait StorageApi {
        /// Returns the parameters that a client needs before it stores something.
        fn params() -> StorageParams;

        /// Returns the totals of the network.
        fn stats() -> StorageStats;

        /// Returns a placement group.
        fn group(id: GroupId) -> Option<GroupInfo>;

        /// Returns up to `limit` groups, from number `from` on.
        fn groups(from: GroupId, limit: u32) -> Vec<GroupInfo>;

        /// Returns the groups of a profile that have room, including those that still wait for their workers.
        fn open_groups(profile: ProfileId) -> Vec<GroupInfo>;

        /// Returns a worker.
        fn worker(id: WorkerId) -> Option<WorkerInfo>;

        /// Returns the worker with this identity key.
        fn worker_by_peer(peer: PeerKey) -> Option<WorkerInfo>;

        /// Returns up to `limit` workers, from number `from` on.
        fn workers(from: WorkerId, limit: u32) -> Vec<WorkerInfo>;

        /// Returns up to `limit` slots of a worker, in the order of their groups, from group `from_group` on.
        fn slots_of(worker: WorkerId, from_group: GroupId, limit: u32) -> Vec<SlotAssignment>;

        /// Returns the ranges of a group that have not expired, by expiry.
        fn ranges(group: GroupId) -> Vec<RangeInfo>;

        /// Returns for each object, which is in one leaf of one range of the group, whether its owner deleted it early.
        fn is_tombstoned(group: GroupId, of: Vec<Tombstone>) -> Vec<bool>;

        /// Returns up to `limit` tombstones of one range, in the order of the chain's storage, after `after` or from
        /// the first.
        fn tombstones(group: GroupId, expiry: Epoch, after: Option<Tombstone>, limit: u32) -> Vec<Tombstone>;

        /// Returns the slot that a worker holds in a group.
        fn slot_in(worker: WorkerId, group: GroupId) -> Option<SlotIndex>;

        /// Returns the challenge of a worker in the period of this block. `None` until it is drawn, and if the worker
        /// had no slot when the period began. At the block of the challenge it is open.
        fn challenge(worker: WorkerId) -> Option<ChallengeInfo>;

        /// Returns the bytes that the other members of a worker's groups are challenged for at this block and have not
        /// proven yet.
        fn challenged_rows(worker: WorkerId) -> Vec<ChallengedRow>;

        /// Returns the members of a worker's groups that have missed too many periods and can be reported.
        fn overdue(worker: WorkerId) -> Vec<WorkerId>;

        /// Returns what a worker has proven, missed and earned.
        fn worker_audit(worker: WorkerId) -> Option<WorkerAudit>;

        /// Returns the health of a group.
        fn group_health(group: GroupId) -> Option<GroupHealth>;

        /// Returns where the money paid for storage is.
        fn money() -> StorageMoney;

        /// Returns an automatic renewal.
        fn auto_renewal(id: AutoRenewalId) -> Option<AutoRenewalInfo>;

        /// Returns up to `limit` automatic renewals that an account pays for, from number `from` on.
        fn auto_renewals_of(payer: AccountId, from: AutoRenewalId, limit: u32) -> Vec<AutoRenewalInfo>;

        /// Returns up to `limit` automatic renewals of the batches in one range of a group, from number `from` on.
        fn auto_renewals_in(
            group: GroupId,
            expiry: Epoch,
            from: AutoRenewalId,
            limit: u32,
        ) -> Vec<AutoRenewalInfo>;
    }
}
