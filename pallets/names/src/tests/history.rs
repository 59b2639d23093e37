//! Random histories: after every step the invariants hold, and no money is made or lost but what is burned.

use super::*;
use crate::{Call, Event, SweepFrom, BUCKET_BLOCKS};
use frame_support::traits::{fungible::Inspect, UnfilteredDispatchable};
use meganet_primitives::name::NameParams;
use proptest::prelude::*;

/// Few labels, of which some look alike or are reserved, so that histories meet.
const LABELS: [&str; 7] = ["site", "s1te", "-site", "modern", "rnodern", "other", "mega"];
const SUBS: [&str; 3] = ["a", "blog", "-"];
/// 0 to 5 are rich, 6 has nothing.
const ACCOUNTS: u8 = 7;

#[derive(Clone, Debug)]
enum Step {
    Commit(u8, usize),
    Cancel(u8, usize),
    Register(u8, usize, u32),
    /// Commits, waits and registers.
    Claim(u8, usize, u32),
    Renew(u8, usize, u32),
    SetContent(u8, usize, Option<u8>),
    Rollback(u8, usize, u32),
    Transfer(u8, usize, u8),
    Release(u8, usize),
    Sweep(u8, usize),
    SetRecord(u8, usize, u8, bool),
    SetDelegate(u8, usize, u8, bool),
    SetSubname(u8, usize, usize, Option<u8>),
    SetSubnameDelegate(u8, usize, usize, Option<u8>),
    RemoveSubname(u8, usize, usize),
    SetReverse(u8, Option<usize>),
    SetReserved(usize, bool),
    SetParams {
        year: u32,
        grace: u32,
        premium: u32,
        deposit: Balance,
    },
    Wait(u32),
    Jump(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0u8..ACCOUNTS;
    let l = || 0..LABELS.len();
    let s = || 0..SUBS.len();
    prop_oneof![
        2 => (n(), l()).prop_map(|(n, l)| Step::Commit(n, l)),
        1 => (n(), l()).prop_map(|(n, l)| Step::Cancel(n, l)),
        2 => (n(), l(), 0u32..12).prop_map(|(n, l, y)| Step::Register(n, l, y)),
        6 => (n(), l(), 1u32..3).prop_map(|(n, l, y)| Step::Claim(n, l, y)),
        2 => (n(), l(), 0u32..12).prop_map(|(n, l, y)| Step::Renew(n, l, y)),
        4 => (n(), l(), any::<Option<u8>>()).prop_map(|(n, l, c)| Step::SetContent(n, l, c)),
        2 => (n(), l(), 0u32..6).prop_map(|(n, l, v)| Step::Rollback(n, l, v)),
        2 => (n(), l(), n()).prop_map(|(n, l, to)| Step::Transfer(n, l, to)),
        1 => (n(), l()).prop_map(|(n, l)| Step::Release(n, l)),
        2 => (n(), l()).prop_map(|(n, l)| Step::Sweep(n, l)),
        4 => (n(), l(), 0u8..4, any::<bool>()).prop_map(|(n, l, k, set)| Step::SetRecord(n, l, k, set)),
        3 => (n(), l(), n(), any::<bool>()).prop_map(|(n, l, d, on)| Step::SetDelegate(n, l, d, on)),
        4 => (n(), l(), s(), any::<Option<u8>>()).prop_map(|(n, l, s, c)| Step::SetSubname(n, l, s, c)),
        2 => (n(), l(), s(), proptest::option::of(n())).prop_map(|(n, l, s, d)| Step::SetSubnameDelegate(n, l, s, d)),
        1 => (n(), l(), s()).prop_map(|(n, l, s)| Step::RemoveSubname(n, l, s)),
        2 => (n(), proptest::option::of(l())).prop_map(|(n, l)| Step::SetReverse(n, l)),
        1 => (l(), any::<bool>()).prop_map(|(l, on)| Step::SetReserved(l, on)),
        1 => (0u32..200, 0u32..60, 0u32..60, 0u128..2_000)
            .prop_map(|(year, grace, premium, deposit)| Step::SetParams { year, grace, premium, deposit }),
        4 => (1u32..30).prop_map(Step::Wait),
        2 => (30u32..300).prop_map(Step::Jump),
    ]
}

fn digest(n: u8, l: usize) -> [u8; 32] {
    commitment(&[n; 32], LABELS[l].as_bytes(), &SECRET)
}

/// The call of a step and who makes it; `None` where it only takes time.
fn call(step: Step) -> Option<(RuntimeOrigin, Call<Test>)> {
    let name = |l: usize| label(LABELS[l]);
    Some(match step {
        Step::Commit(n, l) => (signed(n), Call::commit { commitment: digest(n, l) }),
        Step::Cancel(n, l) => (signed(n), Call::cancel_commit { commitment: digest(n, l) }),
        Step::Register(n, l, years) => (signed(n), Call::register { label: name(l), years, secret: SECRET }),
        Step::Claim(n, l, years) => {
            let _perhaps = Names::commit(signed(n), digest(n, l));
            go_to(now() + PARAMS.min_commit_age);
            (signed(n), Call::register { label: name(l), years, secret: SECRET })
        }
        Step::Renew(n, l, years) => (signed(n), Call::renew { label: name(l), years }),
        Step::SetContent(n, l, c) => (signed(n), Call::set_content { label: name(l), content: c.map(content) }),
        Step::Rollback(n, l, version) => (signed(n), Call::rollback { label: name(l), version }),
        Step::Transfer(n, l, to) => (signed(n), Call::transfer { label: name(l), new_owner: account(to) }),
        Step::Release(n, l) => (signed(n), Call::release { label: name(l) }),
        Step::Sweep(n, l) => (signed(n), Call::sweep { label: name(l) }),
        Step::SetRecord(n, l, key, set) => {
            let key = if key == 0 { RecordKey::EncryptionKey } else { text(&"k".repeat(key.into())) };
            (signed(n), Call::set_record { label: name(l), key, value: set.then(|| value(&[65; 32])) })
        }
        Step::SetDelegate(n, l, to, allowed) => {
            (signed(n), Call::set_delegate { label: name(l), delegate: account(to), allowed })
        }
        Step::SetSubname(n, l, s, c) => {
            (signed(n), Call::set_subname { label: name(l), sub: label(SUBS[s]), content: c.map(content) })
        }
        Step::SetSubnameDelegate(n, l, s, to) => {
            let (sub, delegate) = (label(SUBS[s]), to.map(account));
            (signed(n), Call::set_subname_delegate { label: name(l), sub, delegate })
        }
        Step::RemoveSubname(n, l, s) => (signed(n), Call::remove_subname { label: name(l), sub: label(SUBS[s]) }),
        Step::SetReverse(n, l) => (signed(n), Call::set_reverse { label: l.map(name) }),
        Step::SetReserved(l, reserved) => (RuntimeOrigin::root(), Call::set_reserved { label: name(l), reserved }),
        Step::SetParams { year, grace, premium, deposit } => {
            let params = NameParams { year, grace, premium, deposit, record_deposit: deposit / 10, ..PARAMS };
            (RuntimeOrigin::root(), Call::set_params { params })
        }
        Step::Wait(blocks) => {
            pass(blocks);
            return None;
        }
        Step::Jump(blocks) => {
            go_to(now() + blocks);
            pass(1);
            return None;
        }
    })
}

/// What the events since the last look say was burned.
fn burned() -> Balance {
    let events = System::events();
    System::reset_events();
    let one = |event: &RuntimeEvent| match event {
        RuntimeEvent::Names(Event::Registered { rent, premium, .. }) => rent + premium,
        RuntimeEvent::Names(Event::Renewed { rent, .. }) => *rent,
        _ => 0,
    };
    events.iter().map(|record| one(&record.event)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_history_keeps_the_invariants_and_the_money(steps in proptest::collection::vec(step(), 1..150)) {
        new_test_ext().execute_with(|| {
            let mut issued = Balances::total_issuance();
            for step in steps {
                let shown = format!("{step:?}");
                if let Some((origin, call)) = call(step) {
                    let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
                    if call.dispatch_bypass_filter(origin).is_err() {
                        assert_eq!(before, sp_io::storage::root(sp_runtime::StateVersion::V1), "{shown}");
                    }
                }
                Names::do_try_state().unwrap();
                issued -= burned();
                assert_eq!(Balances::total_issuance(), issued, "{shown}");
            }
            let all: Balance = (0..ACCOUNTS).map(|n| <Balances as Inspect<_>>::total_balance(&account(n))).sum();
            assert_eq!(all, issued);

            // With nobody left who pays, all that is held comes back.
            assert_ok!(Names::set_params(RuntimeOrigin::root(), PARAMS));
            go_to(now() + 20_000);
            let buckets = now() / BUCKET_BLOCKS - SweepFrom::<Test>::get();
            pass(buckets + 10);
            Names::do_try_state().unwrap();
            assert!((0..ACCOUNTS).all(|n| held(n) == 0));
        });
    }
}
