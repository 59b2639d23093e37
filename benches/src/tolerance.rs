//! Effects of a tolerance for missed audits: simulated years of workers that lost bytes, and of honest ones that are sometimes
//! offline, accounted for by the code of the chain.
//!
//! The chain cannot distinguish a worker that is offline from one that cannot answer. So a tolerance is a trade-off: one
//! that forgives a worker that is offline for an hour now and then also forgives one that lost so little that it fails as
//! often. That worker is not paid for its failures, and so loses more than it saves.

mod years;

use crate::{detection::loss::Share, report::Report};
use anyhow::Result;
use meganet_primitives::{
    Period,
    audit::{Record, Tolerance},
};
use rand::{SeedableRng, rngs::StdRng};
use std::{fmt, str::FromStr};
use years::{Absence, Lossy, PERIODS_A_DAY, Year};

/// Uptimes of honest workers, in percent.
const UPTIMES: [u32; 4] = [99, 97, 95, 90];
/// Target: a worker that lost a tenth is expelled within this many days, in half of all cases.
const MAX_DAYS: f64 = 30.0;

/// A tolerance: `24/12` expels with 24 misses, and 12 proofs in a row cancel one miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice(pub Tolerance);

/// The tolerance of a live network: offline for less than a day at a time, or for one hour in thirteen permanently.
impl Default for Choice {
    fn default() -> Self {
        Self(Tolerance { misses: 72, proofs_per_miss: 6 })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.misses, self.0.proofs_per_miss)
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(misses, proofs)| Some((misses.parse().ok()?, proofs.parse().ok()?)));
        match numbers {
            Some((misses, proofs_per_miss)) if misses > 0 && proofs_per_miss > 0 => {
                Ok(Self(Tolerance { misses, proofs_per_miss }))
            }
            _ => Err(format!("'{text}' is no tolerance: write MISSES/PROOFS, as 24/12")),
        }
    }
}

/// Simulated years of a kind of worker.
struct Kind {
    name: String,
    years: Vec<Year>,
}

impl Kind {
    /// Share of periods that were not proven.
    fn failed(&self) -> Result<f64> {
        let all: usize = self.years.iter().map(Vec::len).sum();
        let failed = self.years.iter().flatten().filter(|proven| !**proven).count();
        Ok(f64::from(u32::try_from(failed)?) / f64::from(u32::try_from(all)?))
    }
}

/// Simulates `years` years of each kind of worker, and reports which are expelled under each tolerance. Returns the missed
/// targets.
///
/// # Errors
/// A number is out of range.
pub fn bench(choices: &[Choice], years: u32, seed: u64, report: &mut Report) -> Result<Vec<String>> {
    let mut random = StdRng::seed_from_u64(seed);
    let lossy = lossy(years, &mut random);
    for (share, kind) in &lossy {
        let failed = kind.failed()?;
        report.figure(format!("{}.pay_lost", kind.name), failed);
        report.figure(format!("{}.pay_lost_over_bytes_saved", kind.name), failed / share.fraction());
    }
    let honest = honest(years, &mut random);
    let mut missed = Vec::new();
    for choice in choices {
        for (share, kind) in &lossy {
            let fate = Fate::of(kind, &choice.0)?;
            fate.report(&format!("{choice}.{}", kind.name), report);
            let in_time = match share {
                Share::All => fate.first == Some(choice.0.misses) && fate.sent_away == 1.0,
                Share::Tenth => fate.median_days.is_some_and(|days| days <= MAX_DAYS),
                _ => true,
            };
            if !in_time {
                missed.push(format!("{choice}: {} stays too long", kind.name));
            }
        }
        for (harmless, kind) in &honest {
            let fate = Fate::of(kind, &choice.0)?;
            fate.report(&format!("{choice}.{}", kind.name), report);
            if *harmless && fate.sent_away > 0.0 {
                missed.push(format!("{choice}: {} is sent away", kind.name));
            }
        }
    }
    Ok(missed)
}

fn lossy(years: u32, random: &mut StdRng) -> Vec<(Share, Kind)> {
    let kind = |share: Share| {
        let lossy = Lossy::new(share, random);
        (share, Kind { name: share.to_string(), years: (0..years).map(|_| lossy.year(random)).collect() })
    };
    [Share::Hundredth, Share::Tenth, Share::All].map(kind).into()
}

/// Honest workers, and whether they must never be expelled.
fn honest(years: u32, random: &mut StdRng) -> Vec<(bool, Kind)> {
    let mut kinds = Vec::new();
    for absence in [Absence::Scattered, Absence::Nightly, Absence::Outages(6.0), Absence::Outages(24.0)] {
        for uptime in UPTIMES {
            let name = format!("uptime_{uptime}_percent.{absence}");
            let away = 1.0 - f64::from(uptime) / 100.0;
            let years = (0..years).map(|_| absence.year(away, random)).collect();
            let harmless = uptime == 99 && !matches!(absence, Absence::Outages(_));
            kinds.push((harmless, Kind { name, years }));
        }
    }
    kinds
}

/// The fate of a kind of worker.
struct Fate {
    /// Share that is expelled within a year.
    sent_away: f64,
    /// Periods until the first one is expelled.
    first: Option<Period>,
    /// Days until half of them are expelled.
    median_days: Option<f64>,
}

impl Fate {
    fn of(kind: &Kind, tolerance: &Tolerance) -> Result<Self> {
        let mut ends: Vec<Period> = kind.years.iter().filter_map(|year| end_of(year, tolerance)).collect();
        ends.sort_unstable();
        let median = ends.get(kind.years.len() / 2);
        let (sent_away, all) = (u32::try_from(ends.len())?, u32::try_from(kind.years.len())?);
        Ok(Self {
            sent_away: f64::from(sent_away) / f64::from(all),
            first: ends.first().copied(),
            median_days: median.map(|periods| f64::from(*periods) / f64::from(PERIODS_A_DAY)),
        })
    }

    fn report(&self, key: &str, report: &mut Report) {
        report.figure(format!("{key}.sent_away_in_a_year"), self.sent_away);
        match self.median_days {
            Some(days) => report.figure(format!("{key}.median_days"), days),
            None => report.text(format!("{key}.median_days"), "never"),
        }
    }
}

/// The period after which a worker is expelled.
fn end_of(year: &[bool], tolerance: &Tolerance) -> Option<Period> {
    let mut record = Record::since(0);
    for (period, proven) in (1..).zip(year) {
        if *proven {
            record = record.proven_in(period, tolerance);
        }
        // Anyone may report it when the period is over.
        if record.missed_before(period + 1).is_intolerable(tolerance) {
            return Some(period);
        }
    }
    None
}
