//! The events. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// The events of this pallet. Amounts are in planck.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A worker was registered.
        #[codec(index = 0)]
        WorkerRegistered { worker: WorkerId, operator: AccountId32, peer: PeerKey },
        /// A worker changed what it declares.
        #[codec(index = 1)]
        WorkerUpdated { worker: WorkerId, country: Country, capacity: u64, accepting: bool },
        /// A worker left the registry; its bond was returned.
        #[codec(index = 2)]
        WorkerExited { worker: WorkerId },
        /// A placement group was opened and waits for workers.
        #[codec(index = 3)]
        GroupOpened { group: GroupId, profile: ProfileId, opener: AccountId32 },
        /// A group with vacant slots was queued to be filled again.
        #[codec(index = 4)]
        FillRequested { group: GroupId },
        /// A worker was assigned to a slot.
        #[codec(index = 5)]
        SlotFilled { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// All slots of a group have a worker: batches can be stored in it.
        #[codec(index = 6)]
        GroupFilled { group: GroupId },
        /// Too few eligible workers, countries or operators to fill a group. The chain retries, or, if `again` is
        /// false, somebody must call `fill_group` once there are more.
        #[codec(index = 7)]
        FillFailed { group: GroupId, vacant: u32, again: bool },
        /// A batch was registered as leaf `index` of the group's range for `expiry`.
        #[codec(index = 8)]
        Stored { group: GroupId, expiry: Epoch, index: u64, leaf: RangeLeaf },
        /// An owner deleted an object early: entry `entry` of the batch at leaf `leaf` of the range.
        #[codec(index = 9)]
        Tombstoned { group: GroupId, expiry: Epoch, leaf: u64, entry: u32, object: ObjectId },
        /// A range expired and was dropped, which freed `bytes` in each slot.
        #[codec(index = 10)]
        RangeDropped { group: GroupId, expiry: Epoch, bytes: u64 },
        /// A group is nearly full, so the deposit was returned to its opener.
        #[codec(index = 11)]
        GroupDepositReturned { group: GroupId, opener: AccountId32, deposit: Balance },
        /// Root changed the parameters.
        #[codec(index = 12)]
        ParamsSet { params: Params },
        /// A worker proved that it holds its shards. Its operator was paid `paid`; `held_back` of the pay is kept until
        /// it leaves.
        #[codec(index = 13)]
        Proven { worker: WorkerId, period: Period, paid: Balance, held_back: Balance },
        /// A worker missed too many periods: it lost its slots and its bond and was removed from the registry.
        #[codec(index = 14)]
        WorkerExpelled { worker: WorkerId, missed: u32, bond: Balance, reporter: AccountId32, bounty: Balance },
        /// A slot lost its worker.
        #[codec(index = 15)]
        SlotVacated { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// A worker lacked the shards of a slot for too long and lost the slot.
        #[codec(index = 16)]
        SlotGivenUp { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// A worker began to hand over its slots in order to exit.
        #[codec(index = 17)]
        WorkerLeaving { worker: WorkerId },
        /// A storage epoch began: the unearned pay of the previous one went to the repair fund, and the price was
        /// adjusted.
        #[codec(index = 18)]
        EpochBegan { epoch: Epoch, price: Balance, unearned: Balance },
        /// A batch was renewed: leaf `leaf` of the range that expires at `from` is now also leaf `index` of the one
        /// that expires at `until`.
        #[codec(index = 19)]
        Renewed { group: GroupId, from: Epoch, leaf: u64, until: Epoch, index: u64 },
        /// An automatic renewal was opened for leaf `leaf` of the range that expires at `expiry`, with `amount`
        /// prepaid.
        #[codec(index = 20)]
        AutoRenewalOpened {
            id: AutoRenewalId,
            payer: AccountId32,
            group: GroupId,
            expiry: Epoch,
            leaf: u64,
            amount: Balance,
        },
        /// An account added to the prepaid balance of an automatic renewal.
        #[codec(index = 21)]
        AutoRenewalFunded { id: AutoRenewalId, giver: AccountId32, amount: Balance, balance: Balance },
        /// A batch was renewed automatically until `until`: `price` was paid for storage, `fee` to the caller, and
        /// `balance` is left.
        #[codec(index = 22)]
        AutoRenewed { id: AutoRenewalId, until: Epoch, price: Balance, fee: Balance, balance: Balance },
        /// The prepaid balance does not cover the next renewal at the current price: the batch expires unless somebody
        /// adds to it.
        #[codec(index = 23)]
        AutoRenewalShort { id: AutoRenewalId, balance: Balance, needed: Balance },
        /// An automatic renewal was closed; the payer got back `returned`: the remaining balance and the deposit.
        #[codec(index = 24)]
        AutoRenewalClosed { id: AutoRenewalId, payer: AccountId32, returned: Balance },
    }
}
