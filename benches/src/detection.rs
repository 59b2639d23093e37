//! Time until audits detect that a worker lost some of its bytes: many workers, audited by the code of the chain, against the
//! formula 1 - (1 - f)^samples.

pub mod loss;
pub mod stored;

use crate::{audits::LIVE, report::Report};
use anyhow::Result;
use loss::{Loss, Pattern, Share};
use meganet_primitives::{
    Period,
    audit::{PURPOSE_WHAT, mix, samples},
    hash::Hash,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use stored::StoredBytes;

/// Periods of a day: one takes an hour.
pub const PERIODS_A_DAY: Period = 24;
const DAYS: [Period; 3] = [1, 7, 30];
const WORKER: u32 = 4_711;
/// Smallest probability of a result under the formula: that of four standard errors in a normal distribution, on one side.
const MIN_CHANCE: f64 = 3.2e-5;
/// Least probability that the loss of a hundredth is detected within thirty days.
const MIN_CAUGHT: f64 = 0.95;
/// Filecoin's proof of data possession samples five leaves a day.
const PDP_SAMPLES_A_DAY: i32 = 5;

/// The seed of a challenge, derived from the outputs of four blocks as on chain.
pub fn seed(random: &mut StdRng) -> Hash {
    mix(PURPOSE_WHAT, &random.random::<[Hash; 4]>())
}

/// Whether a challenge samples a lost byte.
pub fn is_caught(seed: &Hash, held: &StoredBytes, loss: &Loss) -> bool {
    samples(seed, WORKER, held.holdings(), LIVE.samples).iter().any(|sample| loss.has(held.place(sample)))
}

/// The first period of a month in which a loss is detected.
fn caught_in(random: &mut StdRng, held: &StoredBytes, loss: &Loss) -> Option<Period> {
    (0..DAYS[2] * PERIODS_A_DAY).find(|_| is_caught(&seed(random), held, loss))
}

/// Simulates `trials` months for each loss and reports them. Returns the missed targets.
///
/// # Errors
/// A number is out of range.
pub fn bench(trials: u32, seed: u64, report: &mut Report) -> Result<Vec<String>> {
    let mut random = StdRng::seed_from_u64(seed);
    let held = StoredBytes::realistic(&mut random);
    report.count("groups", u64::try_from(held.holdings().len())?);
    report.count("shards", u64::try_from(held.shards().len())?);
    report.count("gib_held", held.bytes() >> 30);
    let mut missed = Vec::new();
    for share in Share::ALL {
        let mut formulas = Vec::new();
        for days in DAYS {
            let draws = i32::try_from(days * PERIODS_A_DAY * u32::from(LIVE.samples))?;
            let formula = 1.0 - (1.0 - share.fraction()).powi(draws);
            report.figure(format!("{share}.day_{days}.formula"), formula);
            formulas.push((days, formula));
        }
        for pattern in Pattern::ALL {
            let loss = Loss::new(pattern, share, &held, &mut random);
            let caught: Vec<Option<Period>> = (0..trials).map(|_| caught_in(&mut random, &held, &loss)).collect();
            for (days, formula) in &formulas {
                let hits = caught.iter().flatten().filter(|period| **period < days * PERIODS_A_DAY).count();
                let measured = f64::from(u32::try_from(hits)?) / f64::from(trials);
                let chance = chance(u32::try_from(hits)?, *formula, trials);
                let key = format!("{share}.{pattern}.day_{days}");
                report.figure(format!("{key}.measured"), measured);
                report.figure(format!("{key}.deviation"), measured - formula);
                report.figure(format!("{key}.standard_errors"), standard_errors(measured, *formula, trials));
                report.figure(format!("{key}.chance"), chance);
                if chance < MIN_CHANCE {
                    missed.push(format!("{key}: {measured} is not {formula}"));
                }
                if share == Share::Hundredth && *days == DAYS[2] && measured < MIN_CAUGHT {
                    missed.push(format!("{key}: {measured} is below {MIN_CAUGHT}"));
                }
            }
            if share == Share::All && caught.iter().any(|period| *period != Some(0)) {
                missed.push(format!("{share}.{pattern}: not caught in the first period"));
            }
        }
    }
    let month = i32::try_from(DAYS[2])?;
    let pdp = 1.0 - (1.0 - Share::Hundredth.fraction()).powi(PDP_SAMPLES_A_DAY * month);
    report.figure(format!("rival.filecoin_pdp.{}.day_{month}", Share::Hundredth), pdp);
    Ok(missed)
}

/// The distance of a measured frequency from its probability, in standard errors.
fn standard_errors(measured: f64, probability: f64, trials: u32) -> f64 {
    let error = (probability * (1.0 - probability) / f64::from(trials)).sqrt();
    match measured - probability {
        0.0 => 0.0,
        off => off / error,
    }
}

/// The probability of this many hits in `trials` trials or a more extreme number, by the binomial distribution: with hardly
/// any or nearly all hits, standard errors mean little.
fn chance(hits: u32, probability: f64, trials: u32) -> f64 {
    if probability >= 1.0 {
        return f64::from(u8::from(hits == trials));
    }
    let few = f64::from(hits) <= probability * f64::from(trials);
    let (least, most) = if few { (0, hits) } else { (hits, trials) };
    let ln_odds = probability.ln() - (1.0 - probability).ln();
    let mut ln_density = f64::from(trials) * (1.0 - probability).ln();
    let mut sum = 0.0;
    for count in 0..=most {
        if count > 0 {
            ln_density += ln_odds + (f64::from(trials - count + 1) / f64::from(count)).ln();
        }
        if count >= least {
            sum += ln_density.exp();
        }
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-9 + expected.abs() * 1e-4, "{found} is not {expected}");
    }

    #[test]
    fn deviations_are_in_standard_errors() {
        assert_near(standard_errors(0.5, 0.5, 100), 0.0);
        assert_near(standard_errors(0.6, 0.5, 100), 2.0);
        assert_near(standard_errors(0.4, 0.5, 100), -2.0);
        assert_near(standard_errors(1.0, 1.0, 100), 0.0);
    }

    #[test]
    fn chances_are_those_of_the_binomial_distribution() {
        assert_near(chance(0, 0.5, 3), 0.125);
        assert_near(chance(2, 0.5, 3), 0.5);
        assert_near(chance(3, 0.5, 3), 0.125);
        // One miss of 300 where one in 10^4 is expected.
        assert_near(chance(299, 0.9999, 300), 1.0 - 0.9999f64.powi(300));
        // Four standard errors of ten thousand tosses.
        assert!((2e-5..5e-5).contains(&chance(5_200, 0.5, 10_000)));
        assert_near(chance(10, 1.0, 10), 1.0);
        assert_near(chance(9, 1.0, 10), 0.0);
    }
}
