//! Measures several pieces of work in turn, so that other load on the machine affects all of them alike.
//!
//! The processor time of this thread is measured: on a busy machine the wall clock would favour work that is too short to be
//! interrupted, and so the parts over the whole.

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Fewest rounds for a useful median.
const MIN_ROUNDS: usize = 3;

/// Parses a duration of the command line.
///
/// # Errors
/// The text is not a number of seconds from 0 to 3600.
pub fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0 to 3600".into()),
    }
}

/// Pieces of work to measure, by name.
#[derive(Default)]
pub struct Rounds<'a> {
    works: Vec<(&'static str, Work<'a>)>,
}

type Work<'a> = Box<dyn FnMut() -> Result<()> + 'a>;

/// Median times by name.
#[derive(Clone, Debug)]
pub struct Medians {
    times: BTreeMap<&'static str, Duration>,
    /// Rounds measured.
    pub rounds: usize,
}

impl<'a> Rounds<'a> {
    /// Without any work.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a piece of work.
    pub fn add(&mut self, name: &'static str, work: impl FnMut() -> Result<()> + 'a) {
        self.works.push((name, Box::new(work)));
    }

    /// Does each once to warm up, then all in turn until `time` is over, at least three times.
    ///
    /// # Errors
    /// The first error of any work.
    pub fn measure(mut self, time: Duration) -> Result<Medians> {
        let begin = Instant::now();
        let mut times: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
        let mut rounds = 0;
        for round in 0.. {
            if round > MIN_ROUNDS && begin.elapsed() >= time {
                break;
            }
            for (name, work) in &mut self.works {
                let start = processor_time()?;
                work().with_context(|| format!("measuring {name}"))?;
                if round > 0 {
                    times.entry(name).or_default().push(processor_time()?.saturating_sub(start));
                }
            }
            rounds = round;
        }
        Ok(Medians { times: times.into_iter().map(|(name, times)| (name, median(times))).collect(), rounds })
    }
}

impl Medians {
    /// The median processor time of something measured, in seconds.
    ///
    /// # Errors
    /// If nothing of that name was measured.
    pub fn seconds(&self, name: &str) -> Result<f64> {
        Ok(self.times.get(name).with_context(|| format!("{name} was not measured"))?.as_secs_f64())
    }
}

/// Processor time that this thread has taken.
fn processor_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
