//! Challenges and proofs.
//!
//! A worker's *duty* in a period is what its slots had to hold when the period began: the ranges of their groups as
//! they were then, for the slots that it held then and still holds. Nothing of this is stored: it follows from the
//! slots, the rolled ranges and the randomness of blocks.

use crate::{
    Config, CurrentParams, Error, Event, Fixed, Groups, Pallet, Ranges, RangesOf, SlotsOf, Tombstones, WeightInfo,
    Worker, Workers,
    types::{SlotRecord, WHOLE_AFTER},
};
use alloc::vec::Vec;
use frame_support::{
    dispatch::{DispatchResultWithPostInfo, Pays, PostDispatchInfo},
    ensure,
    weights::Weight,
};
use meganet_primitives::{
    Balance, BlockNumber, GroupId, Period, WorkerId,
    audit::{Answer, AuditProof, Holding, Sample, is_bound, samples, verify},
    convert::to_u32,
    range::RangeState,
};
use sp_runtime::{AccountId32, DispatchError};

/// The duty of a worker: what it is accountable for in a period.
#[derive(Default)]
pub(crate) struct Duty {
    /// The bytes that its slots had to hold.
    pub holdings: Vec<Holding>,
    /// Its slots, in the order of `holdings`.
    pub slots: Vec<(GroupId, SlotRecord)>,
    /// Pay for an epoch, in planck.
    pub rate: Balance,
}

impl Duty {
    /// The total number of bytes.
    pub fn bytes(&self) -> u64 {
        let ranges = self.holdings.iter().flat_map(|holding| &holding.ranges);
        ranges.fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    fn slot_mut(&mut self, group: GroupId) -> Option<&mut SlotRecord> {
        self.slots.iter_mut().find(|(id, _)| *id == group).map(|(_, record)| record)
    }
}

/// The result of checking the answers to a challenge.
#[derive(Debug, Default)]
struct Tally {
    /// Leaves that were proven.
    held: u32,
    /// Of those, leaves that the worker had to rebuild recently.
    rebuilt: u32,
    /// The sampled groups, each once.
    touched: Vec<GroupId>,
}

impl<T: Config> Pallet<T> {
    /// The duty of a worker in the current period.
    pub(crate) fn duty(worker: WorkerId, period: Period) -> Duty {
        let schedule = Self::schedule();
        let start = schedule.start_of(period);
        let epoch = start / Fixed::<T>::get().epoch_blocks.max(1);
        let mut duty = Duty::default();
        for (key, record) in SlotsOf::<T>::iter_prefix(worker).filter(|(_, record)| record.since < start) {
            let group = GroupId::from_be_bytes(key);
            let mut ranges = Vec::new();
            for totals in RangesOf::<T>::get(group).iter().filter(|totals| totals.expiry > epoch) {
                let share = totals.share.at_start_of(period);
                if share.bytes > 0 {
                    ranges.push((totals.expiry, share.bytes));
                }
                duty.rate = duty.rate.saturating_add(share.rate);
            }
            duty.holdings.push(Holding { group, slot: record.slot, ranges });
            duty.slots.push((group, record));
        }
        duty
    }

    /// A range as it was at the beginning of a period.
    pub(crate) fn range_at(sample: &Sample, period: Period) -> Option<RangeState> {
        Ranges::<T>::get(sample.group, sample.expiry).map(|range| range.state.at_start_of(period).clone())
    }

    pub(crate) fn do_prove(
        who: AccountId32,
        id: WorkerId,
        period: Period,
        proof: AuditProof,
    ) -> DispatchResultWithPostInfo {
        let mut worker = Self::operated_by(&who, id)?;
        let challenge = Self::open_challenge(&worker, id, period)?;
        let seed = Self::seed_of(challenge).ok_or(Error::<T>::NotChallenged)?;
        let params = CurrentParams::<T>::get();
        let tolerance = params.audit.tolerance();
        ensure!(!worker.record.missed_before(period).is_intolerable(&tolerance), Error::<T>::Overdue);

        let mut duty = Self::duty(id, period);
        ensure!(!duty.slots.is_empty(), Error::<T>::NotChallenged);
        let asked = samples(&seed, id, &duty.holdings, Self::schedule().samples);
        ensure!(asked.len() == proof.answers.len(), Error::<T>::WrongAnswerCount);
        let tally = Self::check_answers(&asked, &proof, &mut duty, params.audit.repair_periods)?;

        worker.record = worker.record.proven_in(period, &tolerance);
        Self::settle(id, &mut worker, duty.rate, &tally);
        let slots = to_u32(duty.slots.len());
        let given_up = Self::keep_slots(id, duty, &tally, params.audit.excuses.max(1))?;
        let answers = to_u32(proof.answers.len());
        let weight = Self::prove_weight(answers, slots, given_up);
        // An invalid proof has failed above, and its fee is kept.
        Ok(PostDispatchInfo { actual_weight: Some(weight), pays_fee: Pays::No })
    }

    /// Verifies each answer against the range at the beginning of the period, and counts the answers by kind.
    fn check_answers(
        asked: &[Sample],
        proof: &AuditProof,
        duty: &mut Duty,
        repair_periods: u32,
    ) -> Result<Tally, Error<T>> {
        let period = Self::period();
        let mut tally = Tally::default();
        for (sample, answer) in asked.iter().zip(&proof.answers) {
            let range = Self::range_at(sample, period).ok_or(Error::<T>::BadAnswer)?;
            let profile = Groups::<T>::get(sample.group).ok_or(Error::<T>::NoSuchGroup)?.profile.profile();
            verify(sample, &range, profile.n, answer).map_err(|error| {
                log::debug!(target: crate::LOG_TARGET, "a sample of group {}: {error}", sample.group);
                Error::<T>::BadAnswer
            })?;
            let record = duty.slot_mut(sample.group).ok_or(Error::<T>::BadAnswer)?;
            Self::count(sample, answer, record, repair_periods, &mut tally)?;
            if !tally.touched.contains(&sample.group) {
                tally.touched.push(sample.group);
            }
        }
        Ok(tally)
    }

    /// Pays a worker for what it has proven, at the `rate` of its whole duty, and stores the worker.
    fn settle(id: WorkerId, worker: &mut Worker, rate: Balance, tally: &Tally) {
        let fixed = Fixed::<T>::get();
        let count = Balance::from(fixed.schedule.samples).max(1);
        let whole = rate / Balance::from(fixed.periods_per_epoch());
        let share = |samples: u32| whole.saturating_mul(Balance::from(samples)) / count;
        let (paid, held_back) = Self::pay(worker, share(tally.held), share(tally.rebuilt));
        Workers::<T>::insert(id, &*worker);
        Self::deposit_event(Event::Proven { worker: id, period: worker.record.settled, paid, held_back });
    }

    /// Stores the updated slot records, and vacates slots that were excused too often. Returns the number of vacated
    /// slots.
    fn keep_slots(id: WorkerId, duty: Duty, tally: &Tally, most: u32) -> Result<u32, DispatchError> {
        let mut given_up = 0u32;
        for (group, record) in duty.slots.into_iter().filter(|(group, _)| tally.touched.contains(group)) {
            if record.excused >= most {
                Self::deposit_event(Event::SlotGivenUp { group, slot: record.slot, worker: id });
                Self::vacate(group, record.slot)?;
                given_up = given_up.saturating_add(1);
            } else {
                SlotsOf::<T>::insert(id, group.to_be_bytes(), record);
            }
        }
        Ok(given_up)
    }

    /// The weight of a proof with `answers` answers by a worker with `slots` slots, of which it loses `given_up`.
    pub(crate) fn prove_weight(answers: u32, slots: u32, given_up: u32) -> Weight {
        let proof = T::WeightInfo::prove(answers, slots);
        if given_up == 0 { proof } else { proof.saturating_add(T::WeightInfo::report(given_up)) }
    }

    /// Returns the block of the worker's challenge if a proof is accepted in the current block.
    fn open_challenge(worker: &Worker, id: WorkerId, period: Period) -> Result<BlockNumber, Error<T>> {
        let (schedule, now) = (Self::schedule(), Self::now());
        ensure!(schedule.period_of(now) == period, Error::<T>::WrongPeriod);
        ensure!(worker.slots > 0, Error::<T>::NotChallenged);
        ensure!(worker.record.settled < period, Error::<T>::AlreadyProven);
        let challenge = Self::challenge_block(period, id).ok_or(Error::<T>::NotChallenged)?;
        ensure!(now > challenge, Error::<T>::NotChallenged);
        ensure!(now <= schedule.deadline(challenge), Error::<T>::TooLate);
        Ok(challenge)
    }

    /// Counts a verified answer, or refuses it if its excuse is not valid.
    fn count(
        sample: &Sample,
        answer: &Answer,
        record: &mut SlotRecord,
        repair_periods: u32,
        tally: &mut Tally,
    ) -> Result<(), Error<T>> {
        let batch = answer.batch();
        match answer {
            Answer::Held(_) => {
                record.excused = 0;
                record.held = record.held.saturating_add(1).min(WHOLE_AFTER);
                tally.held = tally.held.saturating_add(1);
                let fresh = Self::schedule().period_blocks.saturating_mul(repair_periods);
                if batch.leaf.registered < record.since && Self::now().saturating_sub(record.since) < fresh {
                    tally.rebuilt = tally.rebuilt.saturating_add(1);
                }
            }
            Answer::Excused(_) => {
                ensure!(!is_bound(&batch.leaf, record.slot, record.since), Error::<T>::NotExcused);
                record.held = 0;
                record.excused = record.excused.saturating_add(1);
            }
            Answer::Deleted(deleted) => {
                let key = (batch.index, deleted.1.entry.object);
                let gone = Tombstones::<T>::contains_key((sample.group, sample.expiry), key);
                ensure!(gone, Error::<T>::NotDeleted);
            }
        }
        Ok(())
    }
}
