//! Runtime API: audits, pay and the health of groups. These calls run at the end of a block, when its own randomness is
//! already known, so they answer one block before extrinsics can refer to it.

use crate::{Config, CurrentParams, Fixed, Group, Groups, Ledger, Pallet, SlotsOf, Worker, Workers, audits::Duty};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::storage::with_transaction_unchecked;
use meganet_primitives::{
    Balance, BlockNumber, GroupId, Period, WorkerId,
    audit::{Sample, samples},
    chain::{
        ChallengeInfo, ChallengeState, ChallengedByte, ChallengedRow, GroupHealth, SlotHealth, StorageMoney,
        WorkerAudit,
    },
};
use sp_runtime::TransactionOutcome;

impl<T: Config> Pallet<T> {
    /// Returns the challenge of a worker in the period of this block.
    pub fn api_challenge(id: WorkerId) -> Option<ChallengeInfo> {
        ahead(|| {
            Self::keep_randomness_ahead();
            let worker = Workers::<T>::get(id)?;
            let period = Self::period();
            let (block, deadline, state) = Self::challenge_of(id, &worker, period)?;
            let duty = Self::duty(id, period);
            if duty.slots.is_empty() {
                return None;
            }
            let asked = Self::asked(id, block, &duty).unwrap_or_default();
            let byte = |sample: Sample| Self::range_at(&sample, period).map(|range| ChallengedByte { sample, range });
            let samples = asked.into_iter().filter_map(byte).collect();
            Some(ChallengeInfo { worker: id, period, block, deadline, state, samples })
        })
    }

    /// Returns the bytes that the other members of a worker's groups are challenged for at this block and have not
    /// proven yet.
    pub fn api_challenged_rows(id: WorkerId) -> Vec<ChallengedRow> {
        ahead(|| {
            Self::keep_randomness_ahead();
            Self::open_rows(id)
        })
    }

    fn open_rows(id: WorkerId) -> Vec<ChallengedRow> {
        let period = Self::period();
        let groups: BTreeSet<GroupId> = Self::slots(id).into_iter().map(|(group, _)| group).collect();
        let mut rows = Vec::new();
        for other in Self::co_members(id, &groups) {
            let Some(worker) = Workers::<T>::get(other) else { continue };
            let Some((block, deadline, ChallengeState::Open)) = Self::challenge_of(other, &worker, period) else {
                continue;
            };
            let asked = Self::asked(other, block, &Self::duty(other, period)).unwrap_or_default();
            let ours = asked.into_iter().filter(|sample| groups.contains(&sample.group));
            rows.extend(ours.map(|sample| ChallengedRow { worker: other, sample, deadline }));
        }
        rows
    }

    /// Returns the members of a worker's groups that have missed too many periods.
    pub fn api_overdue(id: WorkerId) -> Vec<WorkerId> {
        let groups: BTreeSet<GroupId> = Self::slots(id).into_iter().map(|(group, _)| group).collect();
        let overdue = |other: &WorkerId| Workers::<T>::get(other).is_some_and(|worker| Self::is_overdue(&worker));
        Self::co_members(id, &groups).into_iter().filter(overdue).collect()
    }

    /// Returns what a worker has proven, missed and earned.
    pub fn api_worker_audit(id: WorkerId) -> Option<WorkerAudit> {
        let worker = Workers::<T>::get(id)?;
        let period = Self::period();
        let duty = Self::duty(id, period);
        let record = if worker.slots > 0 { worker.record.missed_before(period) } else { worker.record };
        Some(WorkerAudit {
            worker: id,
            record,
            earned: worker.earned,
            held_back: worker.held_back,
            pay: duty.rate / Balance::from(Fixed::<T>::get().periods_per_epoch()),
            bytes: duty.bytes(),
            leaving: worker.leaving,
        })
    }

    /// Returns the health of a group.
    pub fn api_group_health(id: GroupId) -> Option<GroupHealth> {
        let group = Groups::<T>::get(id)?;
        let period = Self::period();
        let slot = |worker: WorkerId| {
            let place = SlotsOf::<T>::get(worker, id.to_be_bytes())?;
            let record = Workers::<T>::get(worker)?.record.missed_before(period);
            let whole = place.is_whole();
            Some(SlotHealth { worker, since: place.since, whole, excused: place.excused, misses: record.misses })
        };
        let slots: Vec<Option<SlotHealth>> = group.slots.iter().map(|worker| worker.and_then(slot)).collect();
        let whole = slots.iter().flatten().filter(|slot| slot.whole).count();
        let margin = group.margin();
        let Group { profile, queued, .. } = group;
        Some(GroupHealth { id, profile, slots, whole: u32::try_from(whole).unwrap_or_default(), margin, queued })
    }

    /// Returns where the money paid for storage is.
    pub fn api_money() -> StorageMoney {
        let books = Ledger::<T>::get();
        StorageMoney {
            price_per_gib_epoch: CurrentParams::<T>::get().price_per_gib_epoch,
            paid_in: books.paid_in,
            burned: books.burned,
            paid_out: books.paid_out,
            escrow: books.escrow,
            held_back: books.held_back,
            fund: books.fund,
            slashed: books.slashed,
        }
    }

    /// Returns block, deadline and state of a worker's challenge.
    fn challenge_of(
        id: WorkerId,
        worker: &Worker,
        period: Period,
    ) -> Option<(BlockNumber, BlockNumber, ChallengeState)> {
        if worker.slots == 0 {
            return None;
        }
        let block = Self::challenge_block(period, id)?;
        let (deadline, now) = (Self::schedule().deadline(block), Self::now());
        let state = if worker.record.settled >= period {
            ChallengeState::Proven
        } else if now < block {
            ChallengeState::Scheduled
        } else if now < deadline {
            ChallengeState::Open
        } else {
            ChallengeState::Missed
        };
        Some((block, deadline, state))
    }

    /// Returns the samples of a challenge, if its randomness is known.
    fn asked(id: WorkerId, block: BlockNumber, duty: &Duty) -> Option<Vec<Sample>> {
        let seed = Self::seed_of(block)?;
        Some(samples(&seed, id, &duty.holdings, Self::schedule().samples))
    }

    /// Returns the other members of these groups, each once.
    fn co_members(id: WorkerId, groups: &BTreeSet<GroupId>) -> BTreeSet<WorkerId> {
        let members = groups.iter().filter_map(Groups::<T>::get).flat_map(|group| group.slots.into_inner());
        members.flatten().filter(|member| *member != id).collect()
    }
}

/// Runs a query with state that only the next block will have, and rolls it back.
fn ahead<R>(question: impl FnOnce() -> R) -> R {
    with_transaction_unchecked(|| TransactionOutcome::Rollback(question()))
}
