//! Benchmarks of every call, each in its worst case.

use crate::{Call, Config, Event, HoldReason, Label, Names, Pallet};
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Inspect, InspectHold, Mutate},
    Get,
};
use frame_system::RawOrigin;
use meganet_primitives::{
    content::{ContentRef, ReadKey},
    object::ObjectId,
    Balance,
};
use sp_runtime::AccountId32;

#[benchmarks(where T::Currency: Mutate<AccountId32>)]
mod benchmarks {
    use super::*;

    /// An account that can pay a deposit.
    fn funded<T: Config>(name: &'static str) -> AccountId32
    where
        T::Currency: Mutate<AccountId32>,
    {
        let who: AccountId32 = account(name, 0, 0);
        let much: Balance = T::Deposit::get().saturating_add(T::Currency::minimum_balance()).saturating_mul(10);
        T::Currency::set_balance(&who, much);
        who
    }

    /// The longest label, whose skeleton is as long as itself.
    fn longest() -> Label {
        vec![b'a'; Label::bound()].try_into().unwrap_or_default()
    }

    fn content() -> Option<ContentRef> {
        Some(ContentRef { object: ObjectId([1; 32]), group: 1, sealed_len: 1, key: Some(ReadKey([2; 32])) })
    }

    #[benchmark]
    fn register() {
        let who = funded::<T>("owner");

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), longest());

        assert_eq!(Names::<T>::get(longest()).map(|record| record.owner), Some(who));
    }

    #[benchmark]
    fn set_content() -> Result<(), BenchmarkError> {
        let who = funded::<T>("owner");
        Pallet::<T>::do_register(who.clone(), longest())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), longest(), content());

        assert_eq!(Names::<T>::get(longest()).and_then(|record| record.content), content());
        Ok(())
    }

    #[benchmark]
    fn transfer() -> Result<(), BenchmarkError> {
        let who = funded::<T>("owner");
        let to = funded::<T>("receiver");
        Pallet::<T>::do_register(who.clone(), longest())?;
        Pallet::<T>::do_set_content(who.clone(), longest(), content())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who), longest(), to.clone());

        assert_eq!(Names::<T>::get(longest()).map(|record| record.owner), Some(to));
        Ok(())
    }

    #[benchmark]
    fn release() -> Result<(), BenchmarkError> {
        let who = funded::<T>("owner");
        Pallet::<T>::do_register(who.clone(), longest())?;
        Pallet::<T>::do_set_content(who.clone(), longest(), content())?;

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), longest());

        assert!(!Names::<T>::contains_key(longest()));
        assert_eq!(T::Currency::balance_on_hold(&HoldReason::Name.into(), &who), 0);
        frame_system::Pallet::<T>::assert_last_event(Event::<T>::Released { label: longest(), owner: who }.into());
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
