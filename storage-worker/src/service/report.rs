//! When to look for members that are to be reported.

use meganet_primitives::{
    BlockNumber, Period, WorkerId,
    audit::Schedule,
    hash::{Tag, tagged},
};

/// The block of a period from which on a worker looks. Other workers look at other blocks, and at others again in the
/// next period: so one of them reports, and not all at once. It lies in the first half, so that a report that failed can be
/// repeated by somebody who looks later.
pub fn look_at(schedule: &Schedule, worker: WorkerId, period: Period) -> BlockNumber {
    let digest = tagged(Tag::Seed, &[b"meganet/worker/report/1", &worker.to_le_bytes(), &period.to_le_bytes()]);
    let [a, b, c, d, ..] = digest;
    let offset = u32::from_le_bytes([a, b, c, d]) % (schedule.period_blocks / 2).max(1);
    schedule.start_of(period).saturating_add(offset)
}
