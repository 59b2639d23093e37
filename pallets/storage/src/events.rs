//! The events. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A worker joined.
        #[codec(index = 0)]
        WorkerRegistered { worker: WorkerId, operator: AccountId32, peer: PeerKey },
        /// A worker changed what it declares.
        #[codec(index = 1)]
        WorkerUpdated { worker: WorkerId, country: Country, capacity: u64, accepting: bool },
        /// A worker left; its bond went back.
        #[codec(index = 2)]
        WorkerExited { worker: WorkerId },
        /// A group waits for its workers.
        #[codec(index = 3)]
        GroupOpened { group: GroupId, profile: ProfileId, opener: AccountId32 },
        /// A vacant group or slot was queued again.
        #[codec(index = 4)]
        FillRequested { group: GroupId },
        /// A worker got a slot.
        #[codec(index = 5)]
        SlotFilled { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// All slots of a group have a worker: batches can be stored in it.
        #[codec(index = 6)]
        GroupFilled { group: GroupId },
        /// Too few eligible workers, countries or operators for a group: it is tried again, or, when `again` is false,
        /// somebody must call `fill_group` once there are more.
        #[codec(index = 7)]
        FillFailed { group: GroupId, vacant: u32, again: bool },
        /// A batch was registered: leaf `index` of the group's range for `expiry`.
        #[codec(index = 8)]
        Stored { group: GroupId, expiry: Epoch, index: u64, leaf: RangeLeaf },
        /// An owner deleted an object of a batch early: the batch is leaf `leaf` of the range, the object is its entry `entry`.
        #[codec(index = 9)]
        Tombstoned { group: GroupId, expiry: Epoch, leaf: u64, entry: u32, object: ObjectId },
        /// A range expired and was dropped; `bytes` of each slot are free again.
        #[codec(index = 10)]
        RangeDropped { group: GroupId, expiry: Epoch, bytes: u64 },
        /// A group is nearly full, so its opener got the deposit back.
        #[codec(index = 11)]
        GroupDepositReturned { group: GroupId, opener: AccountId32, deposit: Balance },
        /// Root changed the parameters.
        #[codec(index = 12)]
        ParamsSet { params: Params },
        /// A worker proved that it holds its shards; `paid` went to its operator.
        #[codec(index = 13)]
        Proven { worker: WorkerId, period: Period, paid: Balance, held_back: Balance },
        /// A worker was away for too long: it lost its slots and its bond, and is not registered any more.
        #[codec(index = 14)]
        WorkerExpelled { worker: WorkerId, missed: u32, bond: Balance, reporter: AccountId32, bounty: Balance },
        /// A slot has no worker any more.
        #[codec(index = 15)]
        SlotVacated { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// A worker lacked a slot's shards for too long.
        #[codec(index = 16)]
        SlotGivenUp { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// A worker hands its slots over in order to exit.
        #[codec(index = 17)]
        WorkerLeaving { worker: WorkerId },
        /// An epoch began: what was not earned in the one before went to the repair fund, and the price has moved.
        #[codec(index = 18)]
        EpochBegan { epoch: Epoch, price: Balance, unearned: Balance },
        /// Leaf `leaf` of the range that expires at `from` is now also leaf `index` of the one that expires at `until`.
        #[codec(index = 19)]
        Renewed { group: GroupId, from: Epoch, leaf: u64, until: Epoch, index: u64 },
        /// Leaf `leaf` of the range that expires at `expiry` is renewed by itself from now on; `amount` is prepaid for it.
        #[codec(index = 20)]
        AutoRenewalOpened {
            id: AutoRenewalId,
            payer: AccountId32,
            group: GroupId,
            expiry: Epoch,
            leaf: u64,
            amount: Balance,
        },
        /// Somebody added to what is prepaid.
        #[codec(index = 21)]
        AutoRenewalFunded { id: AutoRenewalId, giver: AccountId32, amount: Balance, balance: Balance },
        /// A batch was renewed by itself until `until`: `price` was paid for storage and `fee` to whoever asked for it, and
        /// `balance` is left.
        #[codec(index = 22)]
        AutoRenewed { id: AutoRenewalId, until: Epoch, price: Balance, fee: Balance, balance: Balance },
        /// What is left does not pay for the next renewal at today's price: unless somebody adds to it, the batch will expire.
        #[codec(index = 23)]
        AutoRenewalShort { id: AutoRenewalId, balance: Balance, needed: Balance },
        /// An automatic renewal was closed; the payer got back what was left, and the deposit.
        #[codec(index = 24)]
        AutoRenewalClosed { id: AutoRenewalId, payer: AccountId32, returned: Balance },
    }
}
