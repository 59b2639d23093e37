//! What nodes, clients and workers ask the runtime about storage.

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
    /// Questions about storage. Lists hold at most [`meganet_primitives::chain::MAX_PAGE`] items.
    pub trait StorageApi {
        /// What a client needs to know before it stores something.
        fn params() -> StorageParams;

        /// Totals of the network.
        fn stats() -> StorageStats;

        /// A placement group.
        fn group(id: GroupId) -> Option<GroupInfo>;

        /// Up to `limit` groups, from number `from` on.
        fn groups(from: GroupId, limit: u32) -> Vec<GroupInfo>;

        /// The groups of a profile in which there is room, those that still wait for their workers included.
        fn open_groups(profile: ProfileId) -> Vec<GroupInfo>;

        /// A worker.
        fn worker(id: WorkerId) -> Option<WorkerInfo>;

        /// The worker with this identity key.
        fn worker_by_peer(peer: PeerKey) -> Option<WorkerInfo>;

        /// Up to `limit` workers, from number `from` on.
        fn workers(from: WorkerId, limit: u32) -> Vec<WorkerInfo>;

        /// Up to `limit` slots that a worker holds, by group, from group `from_group` on.
        fn slots_of(worker: WorkerId, from_group: GroupId, limit: u32) -> Vec<SlotAssignment>;

        /// The ranges of a group that have not expired, by expiry.
        fn ranges(group: GroupId) -> Vec<RangeInfo>;

        /// Which of these objects their owners deleted early, each from one leaf of one range of the group.
        fn is_tombstoned(group: GroupId, of: Vec<Tombstone>) -> Vec<bool>;

        /// Up to `limit` tombstones of one range, in the order of the chain's storage, after `after` or from the first.
        fn tombstones(group: GroupId, expiry: Epoch, after: Option<Tombstone>, limit: u32) -> Vec<Tombstone>;

        /// The slot that a worker holds in a group.
        fn slot_in(worker: WorkerId, group: GroupId) -> Option<SlotIndex>;

        /// The challenge of a worker in the period of this block; `None` while it is not drawn yet, and where the worker had
        /// no slot when the period began. Asked at the block with which it comes, it is open.
        fn challenge(worker: WorkerId) -> Option<ChallengeInfo>;

        /// What the other members of a worker's groups are asked for at this block and have not answered yet.
        fn challenged_rows(worker: WorkerId) -> Vec<ChallengedRow>;

        /// Members of a worker's groups that have missed too much and can be reported.
        fn overdue(worker: WorkerId) -> Vec<WorkerId>;

        /// What a worker has proven, missed and earned.
        fn worker_audit(worker: WorkerId) -> Option<WorkerAudit>;

        /// How a group is.
        fn group_health(group: GroupId) -> Option<GroupHealth>;

        /// Where the money is that was paid for storage.
        fn money() -> StorageMoney;

        /// An automatic renewal.
        fn auto_renewal(id: AutoRenewalId) -> Option<AutoRenewalInfo>;

        /// Up to `limit` automatic renewals that an account pays for, from number `from` on.
        fn auto_renewals_of(payer: AccountId, from: AutoRenewalId, limit: u32) -> Vec<AutoRenewalInfo>;

        /// Up to `limit` automatic renewals of the batches in one range of a group, from number `from` on.
        fn auto_renewals_in(
            group: GroupId,
            expiry: Epoch,
            from: AutoRenewalId,
            limit: u32,
        ) -> Vec<AutoRenewalInfo>;
    }
}
