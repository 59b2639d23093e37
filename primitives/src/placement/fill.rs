//! Filling slots: weighted sampling without replacement, under the rule.

use super::Profile;
use crate::{
    AccountId, SlotIndex, WorkerId,
    country::Country,
    hash::{Hash, Tag, tagged},
};
use alloc::{vec, vec::Vec};

/// A worker that holds a slot or could hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The worker.
    pub worker: WorkerId,
    /// The account that registered it.
    pub operator: AccountId,
    /// Its country.
    pub country: Country,
    /// Its chance, relative to the others': the bytes that it has free. With 0 it is never chosen.
    pub weight: u64,
}

/// How slots break the placement rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// Not one entry for each of the profile's slots.
    #[error("a group of this profile has {expected} slots, not {got}")]
    WrongSlotCount {
        /// Slots of the profile.
        expected: u8,
        /// Slots given.
        got: usize,
    },
    /// A country holds too many.
    #[error("{country} holds {count} slots and may hold {max}")]
    CountryOverLimit {
        /// The country.
        country: Country,
        /// Slots it holds.
        count: usize,
        /// Slots it may hold.
        max: u8,
    },
    /// An operator, or even one worker, holds two.
    #[error("workers {first} and {second} hold slots of the same group for one operator")]
    OperatorTwice {
        /// The worker in the earlier slot.
        first: WorkerId,
        /// The worker in the later slot.
        second: WorkerId,
    },
}

/// Chooses candidates for vacant slots. `taken` has one entry for each slot, `None` where it is vacant. Returns, in slot
/// order, each slot that could be filled and the index of its candidate.
///
/// Candidates are drawn one after another, each with a chance in proportion to its weight among those that may still
/// take a slot. The result depends on the arguments alone, so every node computes the same. It may be shorter than the
/// vacancies: when no candidate is left, or, where operators run workers in several countries, when an unlucky draw
/// used up an operator in the wrong one; another seed may do better then.
///
/// Costs O(vacancies × (candidates + slots)).
pub fn fill(
    profile: Profile,
    taken: &[Option<Candidate>],
    candidates: &[Candidate],
    seed: &Hash,
) -> Vec<(SlotIndex, usize)> {
    let mut members: Vec<Candidate> = taken.iter().flatten().copied().collect();
    let mut eligible = vec![true; candidates.len()];
    let mut chosen = Vec::new();
    let vacant = (0..profile.n).filter(|slot| taken.get(usize::from(*slot)).is_none_or(Option::is_none));
    for (draw, slot) in (0u32..).zip(vacant) {
        for (candidate, eligible) in candidates.iter().zip(&mut eligible) {
            *eligible = *eligible && candidate.weight > 0 && may_join(profile, &members, candidate);
        }
        let Some(index) = draw_one(candidates, &eligible, seed, draw) else { break };
        members.push(candidates[index]);
        chosen.push((slot, index));
    }
    chosen
}

fn may_join(profile: Profile, members: &[Candidate], candidate: &Candidate) -> bool {
    let of_country = members.iter().filter(|member| member.country == candidate.country).count();
    of_country < usize::from(profile.max_per_country()) && !members.iter().any(|member| same(member, candidate))
}

/// Returns true if two candidates count as one, as the workers of one operator do.
fn same(one: &Candidate, other: &Candidate) -> bool {
    one.operator == other.operator || one.worker == other.worker
}

/// Draws one of the eligible candidates by weight; `None` if there is none.
fn draw_one(candidates: &[Candidate], eligible: &[bool], seed: &Hash, draw: u32) -> Option<usize> {
    let weights = || {
        let weighted = candidates.iter().zip(eligible).enumerate();
        weighted.filter(|(_, (_, eligible))| **eligible).map(|(index, (one, _))| (index, u128::from(one.weight)))
    };
    let total: u128 = weights().map(|(_, weight)| weight).sum();
    let digest = tagged(Tag::Seed, &[b"placement/draw", seed, &draw.to_le_bytes()]);
    let random = digest.first_chunk::<16>().map(|bytes| u128::from_le_bytes(*bytes))?;
    // `total` is far below 2^128, so taking the remainder favours nobody measurably.
    let mut ticket = random.checked_rem(total)?;
    for (index, weight) in weights() {
        if ticket < weight {
            return Some(index);
        }
        ticket -= weight;
    }
    None
}

/// Checks the rule for the slots of a group, vacant ones being `None`.
///
/// # Errors
/// [`PlacementError`] about the first violation.
pub fn check(profile: Profile, slots: &[Option<Candidate>]) -> Result<(), PlacementError> {
    if slots.len() != usize::from(profile.n) {
        return Err(PlacementError::WrongSlotCount { expected: profile.n, got: slots.len() });
    }
    let members: Vec<&Candidate> = slots.iter().flatten().collect();
    for (place, member) in members.iter().enumerate() {
        if let Some(earlier) = members.iter().take(place).find(|earlier| same(earlier, member)) {
            return Err(PlacementError::OperatorTwice { first: earlier.worker, second: member.worker });
        }
        let count = members.iter().filter(|other| other.country == member.country).count();
        let max = profile.max_per_country();
        if count > usize::from(max) {
            return Err(PlacementError::CountryOverLimit { country: member.country, count, max });
        }
    }
    Ok(())
}
