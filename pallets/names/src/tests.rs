#![allow(clippy::unwrap_used)]

mod api;
mod commitments;
mod content;
mod delegates;
mod expiry;
mod history;
mod lapse;
mod lookalikes;
mod migrations;
mod params;
mod records;
mod registry;
mod reverse;
mod subnames;

use crate::{HoldReason, Label, mock::*};
use frame_support::{assert_ok, dispatch::DispatchResultWithPostInfo, traits::fungible::InspectHold};
use meganet_primitives::{
    Balance,
    chain::{NameInfo, Resolution},
    content::{ContentRef, ForeignRef, NameContent, ReadKey},
    name::{RecordKey, RecordValue, Secret, commitment},
    object::ObjectId,
};
use sp_runtime::DispatchError;

const SECRET: Secret = [9; 32];

fn label(text: &str) -> Label {
    text.as_bytes().to_vec().try_into().unwrap()
}

fn signed(n: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(account(n))
}

fn held(n: u8) -> Balance {
    Balances::balance_on_hold(&HoldReason::Name.into(), &account(n))
}

fn held_for_commitments(n: u8) -> Balance {
    Balances::balance_on_hold(&HoldReason::Commitment.into(), &account(n))
}

fn free(n: u8) -> Balance {
    Balances::free_balance(account(n))
}

fn content(n: u8) -> NameContent {
    let key = Some(ReadKey([n; 32]));
    NameContent::Object(ContentRef { object: ObjectId([n; 32]), group: 7, sealed_len: 1_234, key })
}

fn foreign() -> NameContent {
    NameContent::Foreign(ForeignRef::new(vec![0xe3, 0x01, 0x01, 0x70]).unwrap())
}

fn text(key: &str) -> RecordKey {
    RecordKey::Text(key.as_bytes().to_vec().try_into().unwrap())
}

fn value(bytes: &[u8]) -> RecordValue {
    bytes.to_vec().try_into().unwrap()
}

fn last_event() -> RuntimeEvent {
    System::events().pop().unwrap().event
}

fn info(name: &str) -> NameInfo {
    Names::api_name(name.as_bytes().to_vec()).unwrap()
}

fn resolve(name: &str) -> Option<Resolution> {
    Names::api_resolve(name.as_bytes().to_vec())
}

/// The content of a name; `None` also if it does not exist.
fn leads_to(name: &str) -> Option<NameContent> {
    resolve(name).and_then(|found| found.content)
}

fn commit(n: u8, name: &str) {
    assert_ok!(Names::commit(signed(n), commitment(&[n; 32], name.as_bytes(), &SECRET)));
}

/// Registers with a commitment that is old enough.
fn reveal(n: u8, name: &str, years: u32) -> Result<(), DispatchError> {
    told(Names::register(signed(n), label(name), years, SECRET))
}

/// The error of a refused call that clears names, without its weight.
fn told(done: DispatchResultWithPostInfo) -> Result<(), DispatchError> {
    done.map(|_| ()).map_err(|refused| refused.error)
}

/// Commits, waits and registers for a year. If that is refused, the commitment is cancelled.
fn register(n: u8, name: &str) -> Result<(), DispatchError> {
    commit(n, name);
    go_to(now() + PARAMS.min_commit_age);
    reveal(n, name, 1).inspect_err(|_| {
        assert_ok!(Names::cancel_commit(signed(n), commitment(&[n; 32], name.as_bytes(), &SECRET)));
    })
}

/// Runs a test and checks the invariants after it.
fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Names::do_try_state().unwrap();
    });
}
