//! Random histories: after every step the invariants hold, and the issuance changes only by what is burned.

use super::*;
use crate::{BUCKET_BLOCKS, Call, Event, Names as NamesMap, SweepFrom};
use frame_support::traits::{UnfilteredDispatchable, fungible::Inspect};
use meganet_primitives::name::NameParams;
use proptest::prelude::*;

/// Few labels, some of which look alike, are reserved or invalid, so that steps act on the same ones.
const LABELS: [&str; 7] = ["site", "s1te", "other", "modern", "rnodern", "-site", "mega"];
const SUBS: [&str; 3] = ["a", "blog", "-"];
/// 0 to 5 are rich, 6 has nothing.
const ACCOUNTS: u8 = 7;

/// An account and the label that it acts on.
#[derive(Clone, Copy, Debug)]
struct Aim {
    who: u8,
    label: usize,
    /// On an existing name, as its owner.
    own: bool,
}

impl Aim {
    /// Returns the account and the label; arbitrary ones if there is no existing name.
    fn take(self) -> (u8, usize) {
        let there: Vec<usize> =
            (0..LABELS.len()).filter(|at| NamesMap::<Test>::contains_key(label(LABELS[*at]))).collect();
        if !self.own || there.is_empty() {
            return (self.who, self.label);
        }
        let at = there[self.label % there.len()];
        (info(LABELS[at]).owner[0], at)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Aim),
    Cancel(Aim),
    Register(Aim, u32),
    /// Commits, waits and registers.
    Claim(Aim, u32),
    Renew(Aim, u32),
    SetContent(Aim, Option<u8>),
    /// To this many versions before the current one.
    Rollback(Aim, u32),
    Transfer(Aim, u8),
    Release(Aim),
    Sweep(Aim),
    SetRecord(Aim, u8, bool),
    SetDelegate(Aim, u8, bool),
    SetSubname(Aim, usize, Option<u8>),
    SetSubnameDelegate(Aim, usize, Option<u8>),
    RemoveSubname(Aim, usize),
    SetReverse(Aim, bool),
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
    let s = || 0..SUBS.len();
    let aim = |own: f64| {
        (n(), 0..LABELS.len(), proptest::bool::weighted(own)).prop_map(|(who, label, own)| Aim { who, label, own })
    };
    let (any_aim, own) = (move || aim(0.1), move || aim(0.8));
    prop_oneof![
        3 => any_aim().prop_map(Step::Commit),
        2 => any_aim().prop_map(Step::Cancel),
        2 => (any_aim(), 0u32..12).prop_map(|(a, y)| Step::Register(a, y)),
        12 => (any_aim(), 1u32..4).prop_map(|(a, y)| Step::Claim(a, y)),
        3 => (own(), 0u32..8).prop_map(|(a, y)| Step::Renew(a, y)),
        8 => (own(), any::<Option<u8>>()).prop_map(|(a, c)| Step::SetContent(a, c)),
        3 => (own(), 0u32..4).prop_map(|(a, v)| Step::Rollback(a, v)),
        4 => (own(), n()).prop_map(|(a, to)| Step::Transfer(a, to)),
        2 => own().prop_map(Step::Release),
        3 => own().prop_map(Step::Sweep),
        8 => (own(), 0u8..4, proptest::bool::weighted(0.7)).prop_map(|(a, k, set)| Step::SetRecord(a, k, set)),
        5 => (own(), n(), proptest::bool::weighted(0.7)).prop_map(|(a, d, on)| Step::SetDelegate(a, d, on)),
        8 => (own(), s(), any::<Option<u8>>()).prop_map(|(a, s, c)| Step::SetSubname(a, s, c)),
        4 => (own(), s(), proptest::option::of(n())).prop_map(|(a, s, d)| Step::SetSubnameDelegate(a, s, d)),
        2 => (own(), s()).prop_map(|(a, s)| Step::RemoveSubname(a, s)),
        3 => (own(), proptest::bool::weighted(0.8)).prop_map(|(a, on)| Step::SetReverse(a, on)),
        1 => (0..LABELS.len(), proptest::bool::weighted(0.3)).prop_map(|(l, on)| Step::SetReserved(l, on)),
        1 => (50u32..200, 0u32..60, 0u32..60, 0u128..2_000)
            .prop_map(|(year, grace, premium, deposit)| Step::SetParams { year, grace, premium, deposit }),
        4 => (1u32..30).prop_map(Step::Wait),
        1 => (30u32..200).prop_map(Step::Jump),
    ]
}

fn digest(n: u8, l: usize) -> [u8; 32] {
    commitment(&[n; 32], LABELS[l].as_bytes(), &SECRET)
}

/// Returns the call of a step and its signer; `None` if the step only lets time pass.
fn call(step: Step) -> Option<(RuntimeOrigin, Call<Test>)> {
    let at = |aim: Aim| {
        let (n, l) = aim.take();
        (signed(n), label(LABELS[l]))
    };
    Some(match step {
        Step::Commit(aim) => {
            let (n, l) = aim.take();
            (signed(n), Call::commit { commitment: digest(n, l) })
        }
        Step::Cancel(aim) => {
            let (n, l) = aim.take();
            (signed(n), Call::cancel_commit { commitment: digest(n, l) })
        }
        Step::Claim(aim, years) => {
            let (n, l) = aim.take();
            let _perhaps = Names::commit(signed(n), digest(n, l));
            go_to(now() + PARAMS.min_commit_age);
            (signed(n), Call::register { label: label(LABELS[l]), years, secret: SECRET })
        }
        Step::Register(aim, years) => {
            let (who, label) = at(aim);
            (who, Call::register { label, years, secret: SECRET })
        }
        Step::Renew(aim, years) => {
            let (who, label) = at(aim);
            (who, Call::renew { label, years })
        }
        Step::SetContent(aim, c) => {
            let (who, label) = at(aim);
            (who, Call::set_content { label, content: c.map(content) })
        }
        Step::Rollback(aim, back) => {
            let (who, label) = at(aim);
            let current = NamesMap::<Test>::get(&label).map_or(0, |name| name.version);
            (who, Call::rollback { label, version: current.saturating_sub(back) })
        }
        Step::Transfer(aim, to) => {
            let (who, label) = at(aim);
            (who, Call::transfer { label, new_owner: account(to) })
        }
        Step::Release(aim) => {
            let (who, label) = at(aim);
            (who, Call::release { label })
        }
        Step::Sweep(aim) => {
            let (who, label) = at(aim);
            (who, Call::sweep { label })
        }
        Step::SetRecord(aim, key, set) => {
            let (who, label) = at(aim);
            let key = if key == 0 { RecordKey::EncryptionKey } else { text(&"k".repeat(key.into())) };
            (who, Call::set_record { label, key, value: set.then(|| value(&[65; 32])) })
        }
        Step::SetDelegate(aim, to, allowed) => {
            let (who, label) = at(aim);
            (who, Call::set_delegate { label, delegate: account(to), allowed })
        }
        Step::SetSubname(aim, s, c) => {
            let (who, name) = at(aim);
            (who, Call::set_subname { label: name, sub: label(SUBS[s]), content: c.map(content) })
        }
        Step::SetSubnameDelegate(aim, s, to) => {
            let (who, name) = at(aim);
            (who, Call::set_subname_delegate { label: name, sub: label(SUBS[s]), delegate: to.map(account) })
        }
        Step::RemoveSubname(aim, s) => {
            let (who, name) = at(aim);
            (who, Call::remove_subname { label: name, sub: label(SUBS[s]) })
        }
        Step::SetReverse(aim, set) => {
            let (who, label) = at(aim);
            (who, Call::set_reverse { label: set.then_some(label) })
        }
        Step::SetReserved(l, reserved) => {
            (RuntimeOrigin::root(), Call::set_reserved { label: label(LABELS[l]), reserved })
        }
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

/// The amount burned according to the events since the last call.
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

            // When all names have lapsed, everything that was held is returned.
            assert_ok!(Names::set_params(RuntimeOrigin::root(), PARAMS));
            go_to(now() + 20_000);
            let buckets = now() / BUCKET_BLOCKS - SweepFrom::<Test>::get();
            pass(buckets + 10);
            Names::do_try_state().unwrap();
            assert!((0..ACCOUNTS).all(|n| held(n) == 0));
        });
    }
}
