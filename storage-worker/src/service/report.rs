//! When to look for members that have missed too many proofs.

use meganet_primitives::{
    BlockNumber, Period, WorkerId,
    audit::Schedule,
    hash::{Tag, tagged},
};

/// The block of a period from which on a worker looks. Workers look at different blocks, which change with each period, so
/// that one of them reports and not all at once. The block lies in the first half of the period, so that a worker that
/// looks later can repeat a report that failed.
pub fn look_at(schedule: &Schedule, worker: WorkerId, period: Period) -> BlockNumber {
    let digest = tagged(Tag::Seed, &[b"meganet/worker/report/1", &worker.to_le_bytes(), &period.to_le_bytes()]);
    let [a, b, c, d, ..] = digest;
    let offset = u32::from_le_bytes([a, b, c, d]) % (schedule.period_blocks / 2).max(1);
    schedule.start_of(period).saturating_add(offset)
}
