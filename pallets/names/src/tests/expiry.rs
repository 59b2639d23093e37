//! Sweeping at the end of blocks.

use super::*;
use crate::{BUCKET_BLOCKS, Names as NamesMap, SWEEPS_PER_BLOCK, SweepFrom, WeightInfo};
use frame_support::{traits::Hooks, weights::Weight};

fn left() -> u32 {
    NamesMap::<Test>::iter().count().try_into().unwrap()
}

#[test]
fn names_that_lapsed_are_swept_a_few_a_block() {
    run(|| {
        for n in 0..5 {
            assert_ok!(register(1, &format!("site-{}", char::from(b'a' + n))));
        }
        assert_ok!(register(1, "kept-name"));
        assert_ok!(Names::renew(signed(2), label("kept-name"), 5));
        let last = info("site-e").expires + PARAMS.grace + PARAMS.premium;
        pass(last - now());
        assert_eq!(left(), 6);
        let mut before = left();
        for _ in 0..3 * BUCKET_BLOCKS {
            pass(1);
            assert!(before - left() <= SWEEPS_PER_BLOCK);
            before = left();
            Names::do_try_state().unwrap();
        }
        assert_eq!(left(), 1);
        assert_eq!(held(1), PARAMS.deposit);
        assert_eq!(info("kept-name").owner, [1; 32]);
    });
}

fn info_of(name: &str) -> Option<NameInfo> {
    Names::api_name(name.as_bytes().to_vec())
}

#[test]
fn nothing_is_swept_before_its_time() {
    run(|| {
        assert_ok!(register(1, "site"));
        let over = info("site").expires + PARAMS.grace + PARAMS.premium;
        pass(over - now());
        assert_eq!(left(), 1);
        pass(2 * BUCKET_BLOCKS);
        assert_eq!(left(), 0);
    });
}

#[test]
fn a_block_without_room_sweeps_nothing_and_a_later_one_goes_on() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert_ok!(Names::set_record(signed(1), label("site"), text("url"), Some(value(b"x"))));
        go_to(1_000);
        // Up to the bucket of the name.
        while SweepFrom::<Test>::get() < info("site").expires / BUCKET_BLOCKS {
            Names::on_idle(now(), Weight::MAX);
        }
        let (base, sweep) = (<() as WeightInfo>::sweep_base(), <() as WeightInfo>::sweep(1, 0));
        assert_eq!(Names::on_idle(now(), Weight::zero()), Weight::zero());
        let little = base.saturating_add(sweep).saturating_sub(Weight::from_parts(1, 0));
        assert_eq!((Names::on_idle(now(), little), left()), (base, 1));
        let enough = base.saturating_add(sweep);
        assert_eq!((Names::on_idle(now(), enough), left()), (enough, 0));
    });
}

#[test]
fn a_chain_that_stood_still_catches_up() {
    run(|| {
        assert_ok!(register(1, "site"));
        go_to(100_000);
        // One bucket in each block, until the name's bucket is reached.
        pass(info("site").expires / BUCKET_BLOCKS + 1);
        assert_eq!(info_of("site"), None);
        pass(100_000 / BUCKET_BLOCKS + 300);
        let behind = now() - SweepFrom::<Test>::get() * BUCKET_BLOCKS;
        assert!(behind <= PARAMS.grace + PARAMS.premium + 2 * BUCKET_BLOCKS, "{behind}");
    });
}
