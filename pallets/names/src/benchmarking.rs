//! Benchmarks of every call and of the sweep at the end of blocks, each in its worst case.

use crate::{
    Call, Commitment, Commitments, Config, CurrentParams, Delegates, Histories, Label, Names, Pallet, Records,
    Reserved, Reverse, SWEEPS_PER_BLOCK, Subnames, SweepFrom, Usages, expiry::bucket_of, types::CommitmentList,
};
use alloc::vec;
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{traits::fungible::Mutate, weights::Weight};
use frame_system::RawOrigin;
use meganet_primitives::{
    Balance, BlockNumber,
    content::{ForeignRef, MAX_FOREIGN, NameContent},
    hash::{Hash, Tag, tagged},
    name::{
        MAX_COMMITMENTS, MAX_DELEGATES, MAX_HISTORY, MAX_RECORD_VALUE, MAX_RECORDS, MAX_SUBNAMES, NameParams,
        RecordKey, RecordValue, commitment,
    },
};
use sp_runtime::{AccountId32, SaturatedConversion};

/// The secret of every commitment.
const SECRET: Hash = [7; 32];
/// More than any rent and deposit, and far from an overflow.
const PLENTY: Balance = 1 << 90;
/// The block in which names are registered.
const START: BlockNumber = 1_000_000;

fn failed(what: &'static str) -> BenchmarkError {
    BenchmarkError::Stop(what)
}

fn go_to<T: Config>(block: BlockNumber) {
    frame_system::Pallet::<T>::set_block_number(block.saturated_into());
}

fn funded<T: Config>(name: &'static str) -> AccountId32 {
    let who: AccountId32 = account(name, 0, 0);
    T::Currency::set_balance(&who, PLENTY);
    who
}

/// A label of maximum length, with a different skeleton for each number below 26.
fn label(number: u32) -> Label {
    let letter = b'a'.saturating_add((number % 26).saturated_into());
    Label::truncate_from(vec![letter; Label::bound()])
}

/// The largest content: a foreign reference to IPFS.
fn content() -> Result<Option<NameContent>, BenchmarkError> {
    let mut bytes = vec![0xe3, 0x01];
    bytes.resize(MAX_FOREIGN.saturated_into(), 1);
    ForeignRef::new(bytes).map(|reference| Some(NameContent::Foreign(reference))).map_err(|_| failed("content"))
}

fn digest(number: u32) -> Hash {
    tagged(Tag::Commitment, &[&number.encode()])
}

/// A record's key and value of maximum length.
fn record(number: u32) -> (RecordKey, RecordValue) {
    let mut key = alloc::format!("key-{number:03}").into_bytes();
    key.resize(32, b'x');
    let key = RecordKey::Text(key.try_into().unwrap_or_default());
    (key, RecordValue::truncate_from(vec![b'v'; MAX_RECORD_VALUE.saturated_into()]))
}

/// A subname of maximum length.
fn sub(number: u32) -> Label {
    let mut text = alloc::format!("sub-{number:03}").into_bytes();
    text.resize(Label::bound(), b'x');
    Label::truncate_from(text)
}

/// Fills an account's commitments; the last one is of the label, and old enough.
fn commit_to<T: Config>(who: &AccountId32, label: &Label) -> Result<(), BenchmarkError> {
    let params = CurrentParams::<T>::get();
    let block = Pallet::<T>::now();
    for number in 1..MAX_COMMITMENTS {
        Pallet::<T>::do_commit(who.clone(), digest(number))?;
    }
    Pallet::<T>::do_commit(who.clone(), commitment(who.as_ref(), label, &SECRET))?;
    go_to::<T>(block.saturating_add(params.min_commit_age));
    Ok(())
}

/// A name with this many records and subnames, a full history, all delegates, and a reverse record.
fn add_name<T: Config>(who: &AccountId32, label: &Label, records: u32, subs: u32) -> Result<(), BenchmarkError> {
    commit_to::<T>(who, label)?;
    Pallet::<T>::do_register(who.clone(), label.clone(), 1, &SECRET)?;
    for number in 1..MAX_COMMITMENTS {
        Pallet::<T>::do_cancel_commit(who.clone(), digest(number))?;
    }
    for number in 0..records {
        let (key, value) = record(number);
        Pallet::<T>::do_set_record(who, label.clone(), key, Some(value))?;
    }
    for number in 0..subs {
        Pallet::<T>::do_set_subname(who, label.clone(), sub(number), content()?)?;
    }
    for _ in 0..MAX_HISTORY {
        Pallet::<T>::do_set_content(who, label.clone(), content()?)?;
    }
    for number in 0..MAX_DELEGATES {
        Pallet::<T>::do_set_delegate(who, label.clone(), account("delegate", number, 0), true)?;
    }
    Pallet::<T>::do_set_reverse(who.clone(), Some(label.clone()))?;
    Ok(())
}

/// Moves to the block in which a name's premium begins, or is over.
fn lapse<T: Config>(label: &Label, premium_is_over: bool) -> Result<(), BenchmarkError> {
    let name = Names::<T>::get(label).ok_or(failed("a name"))?;
    let NameParams { grace, premium, .. } = CurrentParams::<T>::get();
    let after = if premium_is_over { premium } else { 0 };
    go_to::<T>(name.expires.saturating_add(grace).saturating_add(after));
    Ok(())
}

/// The last delegate of a name: the longest search.
fn last_delegate() -> AccountId32 {
    account("delegate", MAX_DELEGATES.saturating_sub(1), 0)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// Takes over a name with `r` records and `s` subnames from another account.
    #[benchmark]
    fn register(r: Linear<0, MAX_RECORDS>, s: Linear<0, MAX_SUBNAMES>) -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        let (former, who) = (funded::<T>("former"), funded::<T>("owner"));
        add_name::<T>(&former, &label(0), r, s)?;
        lapse::<T>(&label(0), false)?;
        commit_to::<T>(&who, &label(0))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), label(0), 1, SECRET);

        let name = Names::<T>::get(label(0)).ok_or(failed("a name"))?;
        assert!(Pallet::<T>::owns(&who, &name));
        assert_eq!(Records::<T>::iter_key_prefix(label(0)).count(), 0);
        assert_eq!(Subnames::<T>::iter_key_prefix(label(0)).count(), 0);
        Ok(())
    }

    #[benchmark]
    fn set_content() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        add_name::<T>(&funded::<T>("owner"), &label(0), 0, 0)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(last_delegate()), label(0), content()?);

        assert_eq!(Names::<T>::get(label(0)).map(|name| name.version), Some(MAX_HISTORY + 1));
        Ok(())
    }

    #[benchmark]
    fn transfer() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        let (who, to) = (funded::<T>("owner"), funded::<T>("receiver"));
        add_name::<T>(&who, &label(0), 1, 1)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), label(0), to.clone());

        assert!(Names::<T>::get(label(0)).is_some_and(|name| Pallet::<T>::owns(&to, &name)));
        assert!(!Reverse::<T>::contains_key(who));
        Ok(())
    }

    /// A name with `r` records and `s` subnames.
    #[benchmark]
    fn release(r: Linear<0, MAX_RECORDS>, s: Linear<0, MAX_SUBNAMES>) -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        let who = funded::<T>("owner");
        add_name::<T>(&who, &label(0), r, s)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), label(0));

        assert!(!Names::<T>::contains_key(label(0)) && !Usages::<T>::contains_key(label(0)));
        Ok(())
    }

    /// The last commitment that an account can have.
    #[benchmark]
    fn commit() -> Result<(), BenchmarkError> {
        let who = funded::<T>("owner");
        for number in 1..MAX_COMMITMENTS {
            Pallet::<T>::do_commit(who.clone(), digest(number))?;
        }

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), digest(0));

        assert!(Commitments::<T>::get(who).is_full());
        Ok(())
    }

    #[benchmark]
    fn cancel_commit() -> Result<(), BenchmarkError> {
        let who = funded::<T>("owner");
        for number in 0..MAX_COMMITMENTS {
            Pallet::<T>::do_commit(who.clone(), digest(number))?;
        }

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), digest(MAX_COMMITMENTS - 1));

        let list: CommitmentList = Commitments::<T>::get(who);
        assert!(list.iter().all(|one: &Commitment| one.digest != digest(MAX_COMMITMENTS - 1)));
        Ok(())
    }

    #[benchmark]
    fn renew() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        add_name::<T>(&funded::<T>("owner"), &label(0), 0, 0)?;
        let before = Names::<T>::get(label(0)).ok_or(failed("a name"))?.expires;
        let payer = funded::<T>("payer");

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), label(0), 1);

        assert!(Names::<T>::get(label(0)).is_some_and(|name| name.expires > before));
        Ok(())
    }

    /// To the oldest version, by a delegate.
    #[benchmark]
    fn rollback() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        add_name::<T>(&funded::<T>("owner"), &label(0), 0, 0)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(last_delegate()), label(0), 1);

        assert_eq!(Names::<T>::get(label(0)).map(|name| name.version), Some(MAX_HISTORY + 1));
        assert!(Histories::<T>::get(label(0)).is_full());
        Ok(())
    }

    /// A name with `r` records and `s` subnames.
    #[benchmark]
    fn sweep(r: Linear<0, MAX_RECORDS>, s: Linear<0, MAX_SUBNAMES>) -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        add_name::<T>(&funded::<T>("owner"), &label(0), r, s)?;
        lapse::<T>(&label(0), true)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(account("anybody", 0, 0)), label(0));

        assert!(!Names::<T>::contains_key(label(0)) && !Usages::<T>::contains_key(label(0)));
        Ok(())
    }

    /// The search for names to sweep: finds some, and has no room for any.
    #[benchmark]
    fn sweep_base() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        let who = funded::<T>("owner");
        for number in 0..SWEEPS_PER_BLOCK {
            go_to::<T>(START);
            add_name::<T>(&who, &label(number), 0, 0)?;
        }
        let name = Names::<T>::get(label(0)).ok_or(failed("a name"))?;
        SweepFrom::<T>::put(bucket_of(name.expires));
        lapse::<T>(&label(0), true)?;
        let now = Pallet::<T>::now();
        go_to::<T>(now.saturating_add(crate::BUCKET_BLOCKS));
        let room: Weight = <T::WeightInfo as crate::WeightInfo>::sweep_base();

        #[block]
        {
            Pallet::<T>::sweep_some(room);
        }

        assert!(Names::<T>::contains_key(label(0)));
        Ok(())
    }

    /// A new record, by a delegate.
    #[benchmark]
    fn set_record() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        add_name::<T>(&funded::<T>("owner"), &label(0), MAX_RECORDS - 1, 0)?;
        let (key, value) = record(MAX_RECORDS);

        #[extrinsic_call]
        _(RawOrigin::Signed(last_delegate()), label(0), key.clone(), Some(value));

        assert!(Records::<T>::contains_key(label(0), key));
        Ok(())
    }

    #[benchmark]
    fn set_delegate() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        let who = funded::<T>("owner");
        add_name::<T>(&who, &label(0), 0, 0)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), label(0), last_delegate(), false);

        assert!(!Delegates::<T>::get(label(0)).contains(&last_delegate()));
        Ok(())
    }

    /// A new subname, by a delegate of the name.
    #[benchmark]
    fn set_subname() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        add_name::<T>(&funded::<T>("owner"), &label(0), 0, MAX_SUBNAMES - 1)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(last_delegate()), label(0), sub(MAX_SUBNAMES), content()?);

        assert!(Subnames::<T>::contains_key(label(0), sub(MAX_SUBNAMES)));
        Ok(())
    }

    #[benchmark]
    fn set_subname_delegate() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        let who = funded::<T>("owner");
        add_name::<T>(&who, &label(0), 0, 1)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), label(0), sub(0), Some(last_delegate()));

        assert!(Subnames::<T>::get(label(0), sub(0)).is_some_and(|sub| sub.delegate.is_some()));
        Ok(())
    }

    #[benchmark]
    fn remove_subname() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        let who = funded::<T>("owner");
        add_name::<T>(&who, &label(0), 0, 2)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), label(0), sub(0));

        assert!(!Subnames::<T>::contains_key(label(0), sub(0)));
        Ok(())
    }

    #[benchmark]
    fn set_reverse() -> Result<(), BenchmarkError> {
        go_to::<T>(START);
        let who = funded::<T>("owner");
        add_name::<T>(&who, &label(0), 0, 0)?;
        Pallet::<T>::do_set_reverse(who.clone(), None)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Some(label(0)));

        assert!(Reverse::<T>::contains_key(who));
        Ok(())
    }

    #[benchmark]
    fn set_reserved() {
        #[extrinsic_call]
        _(RawOrigin::Root, label(0), true);

        assert!(Reserved::<T>::contains_key(Pallet::<T>::skeleton_of(&label(0))));
    }

    #[benchmark]
    fn set_params() {
        let params = NameParams { year: START, ..NameParams::default() };

        #[extrinsic_call]
        _(RawOrigin::Root, params);

        assert_eq!(CurrentParams::<T>::get(), params);
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
