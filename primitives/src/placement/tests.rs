#![allow(clippy::unwrap_used)]

use super::*;
use crate::{WorkerId, country::Country, object::Layout, object::MAX_PLAIN_LEN, object::sealed_len};
use alloc::{string::ToString, vec, vec::Vec};
use codec::Encode;
use proptest::prelude::*;

const COUNTRIES: [&[u8; 2]; 8] = [b"DE", b"FR", b"BR", b"JP", b"US", b"ZA", b"IN", b"NO"];

fn candidate(worker: WorkerId, operator: u8, country: usize, weight: u64) -> Candidate {
    let country = Country::new(*COUNTRIES[country % COUNTRIES.len()]).unwrap();
    Candidate { worker, operator: [operator; 32], country, weight }
}

/// Puts what `fill` chose into the slots.
fn seat(taken: &[Option<Candidate>], candidates: &[Candidate], chosen: &[(u8, usize)]) -> Vec<Option<Candidate>> {
    let mut slots = taken.to_vec();
    for (slot, index) in chosen {
        let slot = &mut slots[usize::from(*slot)];
        assert_eq!(*slot, None, "only vacant slots are filled");
        *slot = Some(candidates[*index]);
    }
    slots
}

#[test]
fn profiles_survive_any_two_countries() {
    for id in ProfileId::ALL {
        let profile = id.profile();
        assert!(profile.n - 2 * profile.max_per_country() >= profile.k, "{id}");
        assert!(profile.quorum() - profile.max_per_country() >= profile.k && profile.quorum() <= profile.n, "{id}");
        assert!(u32::from(profile.n) <= MAX_SLOTS);
    }
}

#[test]
fn profile_ids_are_their_places_and_names() {
    for (place, id) in ProfileId::ALL.into_iter().enumerate() {
        assert_eq!((id.index(), id.encode()), (place, vec![id.id()]));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    assert_eq!("Compact".parse::<ProfileId>(), Err(UnknownProfile));
    assert_eq!(serde_json::to_string(&ProfileId::AlwaysOn).unwrap(), "\"always-on\"");
}

#[test]
fn six_workers_in_three_countries_fill_a_compact_group() {
    let candidates: Vec<_> = (0..6u8).map(|i| candidate(i.into(), i, usize::from(i) / 2, 1 << 30)).collect();
    let profile = ProfileId::Compact.profile();
    let chosen = fill(profile, &[None; 6], &candidates, &[1; 32]);
    assert_eq!(chosen.len(), 6);
    assert_eq!(check(profile, &seat(&[None; 6], &candidates, &chosen)), Ok(()));
}

#[test]
fn two_countries_cannot_fill_a_group() {
    let candidates: Vec<_> = (0..20u8).map(|i| candidate(i.into(), i, usize::from(i) % 2, 1)).collect();
    assert_eq!(fill(ProfileId::Compact.profile(), &[None; 6], &candidates, &[1; 32]).len(), 4);
}

#[test]
fn a_vacated_slot_is_refilled_under_the_same_rule() {
    let profile = ProfileId::Compact.profile();
    let mut slots: Vec<_> = (0..6u8).map(|i| Some(candidate(i.into(), i, usize::from(i) / 2, 1))).collect();
    slots[4] = None;
    // Of the countries DE and FR there are two already; the operator of the third sits in slot 5.
    let candidates =
        [candidate(10, 10, 0, 99), candidate(11, 11, 1, 99), candidate(12, 5, 3, 99), candidate(13, 13, 2, 1)];
    assert_eq!(fill(profile, &slots, &candidates, &[0; 32]), [(4, 3)]);
}

#[test]
fn without_weight_nobody_is_chosen() {
    assert_eq!(fill(ProfileId::Compact.profile(), &[None; 6], &[candidate(0, 0, 0, 0)], &[0; 32]), []);
    assert_eq!(fill(ProfileId::Compact.profile(), &[None; 6], &[], &[0; 32]), []);
    let heavy: Vec<_> = (0..6u8).map(|i| candidate(i.into(), i, i.into(), u64::MAX)).collect();
    assert_eq!(fill(ProfileId::Compact.profile(), &[None; 6], &heavy, &[0; 32]).len(), 6);
}

#[test]
fn chances_follow_the_weights() {
    let candidates = [candidate(0, 0, 0, 1), candidate(1, 1, 1, 3)];
    let first = |seed: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&seed.to_le_bytes());
        fill(ProfileId::Compact.profile(), &[None; 6], &candidates, &bytes)[0].1
    };
    let heavier = (0..4000).map(first).filter(|index| *index == 1).count();
    assert!((2850..=3150).contains(&heavier), "{heavier} of 4000, expected about 3000");
}

#[test]
fn broken_rules_are_named() {
    let profile = ProfileId::Compact.profile();
    assert_eq!(check(profile, &[None; 5]), Err(PlacementError::WrongSlotCount { expected: 6, got: 5 }));
    let mut slots = [None; 6];
    slots[0] = Some(candidate(1, 1, 0, 0));
    slots[3] = Some(candidate(2, 1, 1, 0));
    assert_eq!(check(profile, &slots), Err(PlacementError::OperatorTwice { first: 1, second: 2 }));
    let crowded: Vec<_> = (0..6u8).map(|i| (i < 3).then(|| candidate(i.into(), i, 0, 0))).collect();
    assert!(matches!(check(profile, &crowded), Err(PlacementError::CountryOverLimit { count: 3, max: 2, .. })));
}

fn profiles() -> impl Strategy<Value = Profile> {
    prop::sample::select(ProfileId::ALL.to_vec()).prop_map(ProfileId::profile)
}

prop_compose! {
    fn candidates()(parts in prop::collection::vec((any::<u8>(), 0usize..8, any::<u64>()), 0..100)) -> Vec<Candidate> {
        (0..).zip(parts).map(|(worker, (operator, country, weight))| candidate(worker, operator, country, weight)).collect()
    }
}

proptest! {
    #[test]
    fn what_is_filled_keeps_the_rule(profile in profiles(), all in candidates(), seed in any::<[u8; 32]>(), vacated in any::<u64>()) {
        let empty = vec![None; usize::from(profile.n)];
        let chosen = fill(profile, &empty, &all, &seed);
        prop_assert_eq!(&chosen, &fill(profile, &empty, &all, &seed));
        prop_assert!(chosen.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let mut slots = seat(&empty, &all, &chosen);
        prop_assert_eq!(check(profile, &slots), Ok(()));

        // Some leave, others come.
        for (slot, member) in slots.iter_mut().enumerate() {
            if vacated >> slot & 1 == 1 {
                *member = None;
            }
        }
        let again = fill(profile, &slots, &all, &seed);
        prop_assert_eq!(check(profile, &seat(&slots, &all, &again)), Ok(()));
    }

    #[test]
    fn filling_stops_only_when_nobody_may_join(profile in profiles(), all in candidates(), seed in any::<[u8; 32]>()) {
        let empty = vec![None; usize::from(profile.n)];
        let slots = seat(&empty, &all, &fill(profile, &empty, &all, &seed));
        if let Some(vacant) = slots.iter().position(Option::is_none) {
            for one in all.iter().filter(|one| one.weight > 0) {
                let mut tried = slots.clone();
                tried[vacant] = Some(*one);
                prop_assert!(check(profile, &tried).is_err());
            }
        }
    }

    #[test]
    fn the_longest_object_just_fits(profile in profiles(), capacity in 0u64..1 << 40) {
        let most = profile.max_object_len(capacity);
        let shard_len = |plain| Layout::new(profile.k, profile.n, sealed_len(plain).unwrap()).unwrap().shard_len();
        if most > 0 {
            prop_assert!(shard_len(most) <= capacity);
        }
        if most < MAX_PLAIN_LEN {
            prop_assert!(shard_len(most + 1) > capacity);
        }
    }
}
