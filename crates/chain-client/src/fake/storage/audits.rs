//! Challenges, proofs, records and reports, by the rules of [`meganet_primitives::audit`].
//!
//! Left out: prices that move, the share that is held back, the settling of money that nobody earned. Pay is the
//! worker's bytes times the price of a period, out of nothing.

use super::{PALLET, refuse};
use crate::fake::world::{Refusal, World};
use codec::Encode;
use meganet_primitives::{
    AccountId, Balance, BlockNumber, Epoch, GroupId, Period, SlotIndex, WorkerId,
    audit::{self, Answer, AuditProof, Holding, PURPOSE_WHAT, PURPOSE_WHEN, Record, Sample, Schedule, mix},
    chain::{ChallengeInfo, ChallengeState, ChallengedByte, ChallengedRow, WorkerAudit},
    hash::{Hash, Tag, tagged},
    pay,
    range::RangeState,
};
use std::collections::{BTreeMap, BTreeSet};

/// What reporters get of a lost bond: one part in so many.
const BOUNTY: Balance = 10;

/// What is kept for audits.
#[derive(Clone, Default)]
pub(in crate::fake) struct Audits {
    /// What stands for the VRF output of each block.
    outputs: BTreeMap<BlockNumber, Hash>,
    /// What each worker's slots had to hold when the present period began.
    holdings: BTreeMap<WorkerId, Vec<Holding>>,
    /// The ranges at that time.
    ranges: BTreeMap<(GroupId, Epoch), RangeState>,
    /// The last period that each worker proved.
    proven: BTreeMap<WorkerId, Period>,
    pub(super) records: BTreeMap<WorkerId, Record>,
    pub(super) earned: BTreeMap<WorkerId, Balance>,
    pub(super) slashed: Balance,
    /// The block in which the present holder got each slot.
    pub(super) since: BTreeMap<(GroupId, SlotIndex), BlockNumber>,
    /// Slots whose holder has shown that it has what it should.
    pub(super) whole: BTreeSet<(GroupId, SlotIndex)>,
    /// Samples in a row that each slot was excused from.
    pub(super) excused: BTreeMap<(GroupId, SlotIndex), u32>,
    /// Workers that leave, and the block in which the last slot of each was handed over.
    pub(super) leaving: BTreeMap<WorkerId, Option<BlockNumber>>,
}

/// When a worker is challenged in the present period.
struct Window {
    period: Period,
    block: BlockNumber,
    deadline: BlockNumber,
}

impl World {
    /// Begins a block whose hash is that: its made-up randomness, and the picture of a period that begins.
    pub(in crate::fake) fn begin_audits(&mut self, block: &Hash) {
        let Schedule { period_blocks, .. } = self.config.schedule;
        let audits = &mut self.storage.audits;
        audits.outputs.insert(self.number, tagged(Tag::Seed, &[b"meganet/fake/output", block]));
        let kept = self.number.saturating_sub(period_blocks.saturating_mul(2));
        audits.outputs = audits.outputs.split_off(&kept);
        if self.number.is_multiple_of(period_blocks.max(1)) {
            self.picture();
        }
    }

    /// Keeps what every worker has to hold in the period that begins.
    fn picture(&mut self) {
        let mut ranges = BTreeMap::new();
        let mut holdings: BTreeMap<WorkerId, Vec<Holding>> = BTreeMap::new();
        for (id, group) in &self.storage.groups {
            let mut bytes = Vec::new();
            for range in self.ranges(*id) {
                bytes.push((range.expiry, range.state.bytes()));
                ranges.insert((*id, range.expiry), range.state);
            }
            for (slot, member) in (0..).zip(&group.slots) {
                if let Some(member) = member {
                    let holding = Holding { group: *id, slot, ranges: bytes.clone() };
                    holdings.entry(member.worker).or_default().push(holding);
                }
            }
        }
        self.storage.audits.ranges = ranges;
        self.storage.audits.holdings = holdings;
    }

    /// Notes that a worker sits in a slot from this block on.
    pub(super) fn seated(&mut self, group: GroupId, slot: SlotIndex, worker: WorkerId, whole: bool) {
        let period = self.config.schedule.period_of(self.number);
        let (audits, number) = (&mut self.storage.audits, self.number);
        audits.records.entry(worker).or_insert_with(|| Record::since(period));
        audits.since.insert((group, slot), number);
        audits.excused.remove(&(group, slot));
        if whole {
            audits.whole.insert((group, slot));
        } else {
            audits.whole.remove(&(group, slot));
        }
    }

    fn mixed(&self, purpose: &[u8], blocks: std::ops::RangeInclusive<BlockNumber>) -> Option<Hash> {
        let outputs: Option<Vec<Hash>> = blocks.map(|block| self.storage.audits.outputs.get(&block).copied()).collect();
        Some(mix(purpose, &outputs?))
    }

    fn window(&self, worker: WorkerId) -> Option<Window> {
        let schedule = &self.config.schedule;
        let period = schedule.period_of(self.number);
        self.storage.audits.holdings.get(&worker)?;
        let when = self.mixed(PURPOSE_WHEN, schedule.start_of(period)..=schedule.drawn_at(period))?;
        let block = schedule.challenge_block(period, &when, worker);
        Some(Window { period, block, deadline: schedule.deadline(block) })
    }

    fn samples(&self, worker: WorkerId, window: &Window) -> Vec<ChallengedByte> {
        let Some(seed) = self.mixed(PURPOSE_WHAT, Schedule::seed_blocks(window.block)) else { return Vec::new() };
        let Some(holdings) = self.storage.audits.holdings.get(&worker) else { return Vec::new() };
        let range = |sample: &Sample| self.storage.audits.ranges.get(&(sample.group, sample.expiry)).cloned();
        let samples = audit::samples(&seed, worker, holdings, self.config.schedule.samples);
        samples.into_iter().filter_map(|sample| Some(ChallengedByte { range: range(&sample)?, sample })).collect()
    }

    pub(in crate::fake) fn challenge(&self, worker: WorkerId) -> Option<ChallengeInfo> {
        let window = self.window(worker)?;
        let state = match () {
            () if self.number < window.block => ChallengeState::Scheduled,
            () if self.storage.audits.proven.get(&worker) == Some(&window.period) => ChallengeState::Proven,
            // The next block is the first that could hold a proof.
            () if self.number < window.deadline => ChallengeState::Open,
            () => ChallengeState::Missed,
        };
        let samples = if state == ChallengeState::Scheduled { Vec::new() } else { self.samples(worker, &window) };
        let Window { period, block, deadline } = window;
        Some(ChallengeInfo { worker, period, block, deadline, state, samples })
    }

    pub(in crate::fake) fn challenged_rows(&self, worker: WorkerId) -> Vec<ChallengedRow> {
        let groups: BTreeSet<GroupId> = self.slots_of(worker).iter().map(|held| held.group).collect();
        let mut rows = Vec::new();
        for other in self.co_members(worker) {
            let Some(open) = self.challenge(other).filter(|other| other.state == ChallengeState::Open) else {
                continue;
            };
            let ours = open.samples.iter().filter(|byte| groups.contains(&byte.sample.group));
            rows.extend(ours.map(|byte| ChallengedRow { worker: other, sample: byte.sample, deadline: open.deadline }));
        }
        rows
    }

    /// The workers that share a group with one.
    fn co_members(&self, worker: WorkerId) -> BTreeSet<WorkerId> {
        let groups = self.storage.groups.values();
        let shared = groups.filter(|group| group.slots.iter().flatten().any(|member| member.worker == worker));
        let members = shared.flat_map(|group| group.slots.iter().flatten().map(|member| member.worker));
        members.filter(|member| *member != worker).collect()
    }

    pub(in crate::fake) fn prove(
        &mut self,
        who: &AccountId,
        worker: WorkerId,
        period: Period,
        proof: &AuditProof,
    ) -> Result<(), Refusal> {
        self.operated(who, worker)?;
        let window = self.window(worker).ok_or(refuse("NotChallenged"))?;
        if period != window.period {
            return Err(refuse("WrongPeriod"));
        }
        if self.storage.audits.proven.get(&worker) == Some(&period) {
            return Err(refuse("AlreadyProven"));
        }
        if self.number <= window.block {
            return Err(refuse("NotChallenged"));
        }
        if self.number > window.deadline {
            return Err(refuse("TooLate"));
        }
        let asked = self.samples(worker, &window);
        if asked.len() != proof.answers.len() {
            return Err(refuse("WrongAnswerCount"));
        }
        for (byte, answer) in asked.iter().zip(&proof.answers) {
            self.check_answer(byte, answer)?;
        }
        let paid = self.pay_of(worker, &proof.answers);
        let tolerance = self.config.tolerance;
        for (byte, answer) in asked.iter().zip(&proof.answers) {
            let slot = (byte.sample.group, byte.sample.slot);
            if matches!(answer, Answer::Excused(_)) {
                *self.storage.audits.excused.entry(slot).or_default() += 1;
            } else {
                self.storage.audits.excused.remove(&slot);
                self.storage.audits.whole.insert(slot);
            }
        }
        let audits = &mut self.storage.audits;
        audits.proven.insert(worker, period);
        let record = audits.records.entry(worker).or_insert_with(|| Record::since(period.saturating_sub(1)));
        *record = record.proven_in(period, &tolerance);
        let earned = audits.earned.entry(worker).or_default();
        *earned = earned.saturating_add(paid);
        self.mint(*who, paid.saturating_add(self.config.fee));
        self.emit(PALLET, "Proven", (worker, period, paid).encode());
        Ok(())
    }

    fn check_answer(&self, byte: &ChallengedByte, answer: &Answer) -> Result<(), Refusal> {
        let ChallengedByte { sample, range } = byte;
        let group = self.storage.groups.get(&sample.group).ok_or(refuse("NoSuchGroup"))?;
        let shards = group.profile.profile().n;
        audit::verify(sample, range, shards, answer).map_err(|_| refuse("BadAnswer"))?;
        match answer {
            Answer::Held(_) => Ok(()),
            Answer::Excused(batch) => {
                let signed = batch.leaf.signed.checked_shr(sample.slot.into()).is_some_and(|bits| bits & 1 == 1);
                let since = self.storage.audits.since.get(&(sample.group, sample.slot));
                let bound = signed && since.is_some_and(|since| batch.leaf.registered >= *since);
                if bound {
                    return Err(refuse("NotExcused"));
                }
                Ok(())
            }
            Answer::Deleted(deleted) => {
                let stone = (sample.expiry, deleted.0.index, deleted.1.entry.object);
                let stones = self.storage.tombstones.get(&sample.group);
                stones.filter(|stones| stones.contains_key(&stone)).map(drop).ok_or(refuse("NotDeleted"))
            }
        }
    }

    /// What a worker earns with these answers: those that are excused earn nothing.
    fn pay_of(&self, worker: WorkerId, answers: &[Answer]) -> Balance {
        let excused = answers.iter().filter(|answer| matches!(answer, Answer::Excused(_))).count();
        let count = |number: usize| Balance::try_from(number).unwrap_or(0);
        let (held, all) = (count(answers.len() - excused), count(answers.len()));
        self.pay_per_period(worker).saturating_mul(held).checked_div(all).unwrap_or(0)
    }

    fn pay_per_period(&self, worker: WorkerId) -> Balance {
        let bytes = self.bytes_of(worker);
        let epoch = pay::charge(self.config.price_per_gib_epoch, bytes, 1, 1, 0).map_or(0, |charge| charge.rate);
        let (period, of) = (self.config.schedule.period_blocks, self.config.epoch_blocks.max(1));
        epoch.saturating_mul(period.into()).div_ceil(of.into())
    }

    fn bytes_of(&self, worker: WorkerId) -> u64 {
        let holdings = self.storage.audits.holdings.get(&worker).into_iter().flatten();
        holdings.flat_map(|holding| &holding.ranges).fold(0, |sum: u64, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// The record with the periods that are over and nobody has accounted for.
    pub(super) fn record(&self, worker: WorkerId) -> Option<Record> {
        let period = self.config.schedule.period_of(self.number);
        Some(self.storage.audits.records.get(&worker)?.missed_before(period))
    }

    fn is_overdue(&self, worker: WorkerId) -> bool {
        let holds = !self.slots_of(worker).is_empty();
        holds && self.record(worker).is_some_and(|record| record.is_intolerable(&self.config.tolerance))
    }

    pub(in crate::fake) fn overdue(&self, worker: WorkerId) -> Vec<WorkerId> {
        self.co_members(worker).into_iter().filter(|member| self.is_overdue(*member)).collect()
    }

    pub(in crate::fake) fn report(&mut self, who: &AccountId, worker: WorkerId) -> Result<(), Refusal> {
        if !self.storage.workers.contains_key(&worker) {
            return Err(refuse("NoSuchWorker"));
        }
        if !self.is_overdue(worker) {
            return Err(refuse("NotOverdue"));
        }
        let groups: Vec<GroupId> = self.slots_of(worker).iter().map(|held| held.group).collect();
        self.vacate(worker);
        let Some(info) = self.storage.workers.get_mut(&worker) else { return Ok(()) };
        let (operator, bond) = (info.operator, std::mem::take(&mut info.bond));
        (info.accepting, info.committed, info.slots) = (false, 0, 0);
        self.take_hold(&operator, bond);
        self.mint(*who, bond / BOUNTY);
        let audits = &mut self.storage.audits;
        audits.slashed = audits.slashed.saturating_add(bond);
        audits.records.remove(&worker);
        for group in groups {
            self.queue(group);
        }
        self.emit(PALLET, "WorkerSlashed", (worker, bond).encode());
        Ok(())
    }

    pub(in crate::fake) fn worker_audit(&self, worker: WorkerId) -> Option<WorkerAudit> {
        self.storage.workers.get(&worker)?;
        Some(WorkerAudit {
            worker,
            record: self.record(worker).unwrap_or_default(),
            earned: self.storage.audits.earned.get(&worker).copied().unwrap_or_default(),
            held_back: 0,
            pay: self.pay_per_period(worker),
            bytes: self.bytes_of(worker),
            leaving: self.storage.audits.leaving.contains_key(&worker),
        })
    }
}
