//! The periods of a year that simulated workers prove.

use crate::{
    audits::LIVE,
    detection::{
        is_caught,
        loss::{Loss, Pattern, Share},
        seed,
        stored::StoredBytes,
    },
};
use meganet_primitives::{
    Period,
    audit::{PURPOSE_WHEN, mix},
    hash::Hash,
};
use rand::{Rng, rngs::StdRng};
use std::fmt;

pub(super) use crate::detection::PERIODS_A_DAY;

const DAYS: Period = 365;
const WORKER: u32 = 4_711;

/// For each period, whether it was proven.
pub(super) type Year = Vec<bool>;

/// A worker that lost some bytes and is always online.
pub(super) struct Lossy {
    held: StoredBytes,
    loss: Loss,
}

impl Lossy {
    pub(super) fn new(share: Share, random: &mut StdRng) -> Self {
        let held = StoredBytes::realistic(random);
        let loss = Loss::new(Pattern::Shards, share, &held, random);
        Self { held, loss }
    }

    pub(super) fn year(&self, random: &mut StdRng) -> Year {
        (0..DAYS * PERIODS_A_DAY).map(|_| !is_caught(&seed(random), &self.held, &self.loss)).collect()
    }
}

/// The offline times of a worker that lost nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Absence {
    /// Moments: it is offline at each challenge with the same probability.
    Scattered,
    /// The same time every night.
    Nightly,
    /// This many hours on average, exponentially distributed, at any time.
    Outages(f64),
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scattered => f.write_str("scattered"),
            Self::Nightly => f.write_str("nightly"),
            Self::Outages(hours) => write!(f, "outages_{hours}_hours"),
        }
    }
}

impl Absence {
    /// A year of a worker that is offline for this share of the time.
    pub(super) fn year(self, away: f64, random: &mut StdRng) -> Year {
        let periods = 1..=DAYS * PERIODS_A_DAY;
        let hour = f64::from(LIVE.period_blocks);
        let runs = match self {
            Self::Scattered => return periods.map(|_| random.random::<f64>() >= away).collect(),
            Self::Nightly => nights(away, hour * f64::from(PERIODS_A_DAY), random),
            Self::Outages(hours) => outages(away, hour * hours, random),
        };
        let mut runs = runs.into_iter().peekable();
        periods
            .map(|period| {
                let when = mix(PURPOSE_WHEN, &random.random::<[Hash; 4]>());
                let challenge = LIVE.challenge_block(period, &when, WORKER);
                let (from, to) = (f64::from(challenge), f64::from(LIVE.deadline(challenge)));
                while runs.next_if(|(_, end)| *end < to).is_some() {}
                // It proves unless it is offline from the challenge to the deadline.
                runs.peek().is_none_or(|(start, _)| *start > from)
            })
            .collect()
    }
}

/// The last block of a year.
fn year_end() -> f64 {
    f64::from(LIVE.start_of(DAYS * PERIODS_A_DAY + 1))
}

/// Start and end of offline times, in blocks: the same part of each day, starting at a random hour.
fn nights(away: f64, day: f64, random: &mut StdRng) -> Vec<(f64, f64)> {
    let phase = random.random::<f64>() * day;
    let nights = (0..=DAYS).map(|night| phase + f64::from(night) * day);
    nights.map(|end| (end - away * day, end)).collect()
}

/// Start and end of offline times, in blocks: `mean` blocks on average, with online times between them that give the right share.
fn outages(away: f64, mean: f64, random: &mut StdRng) -> Vec<(f64, f64)> {
    let mut exponential = |mean: f64| -mean * (1.0 - random.random::<f64>()).ln();
    let (mut at, mut runs) = (0.0, Vec::new());
    while at < year_end() {
        let start = at + exponential(mean * (1.0 - away) / away);
        at = start + exponential(mean);
        runs.push((start, at));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// The share of missed periods in some years.
    fn missed(absence: Absence, away: f64) -> f64 {
        let mut random = StdRng::seed_from_u64(9);
        let proven: Vec<bool> = (0..40).flat_map(|_| absence.year(away, &mut random)).collect();
        let missed = u32::try_from(proven.iter().filter(|proven| !**proven).count());
        f64::from(missed.unwrap_or(u32::MAX)) / f64::from(40 * DAYS * PERIODS_A_DAY)
    }

    #[test]
    fn workers_are_away_for_their_part_of_the_time() {
        assert!((missed(Absence::Scattered, 0.1) - 0.1).abs() < 0.005);
        // Only an offline time that covers the whole window of five minutes is a miss.
        for absence in [Absence::Nightly, Absence::Outages(6.0), Absence::Outages(24.0)] {
            let part = missed(absence, 0.1);
            assert!((0.085..0.105).contains(&part), "{absence}: {part}");
        }
    }

    #[test]
    fn who_lost_everything_never_proves() {
        let mut random = StdRng::seed_from_u64(9);
        assert!(!Lossy::new(Share::All, &mut random).year(&mut random).contains(&true));
    }
}
