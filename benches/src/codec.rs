//! The pipelines of objects against the sum of their parts.
//!
//! - *write*: seal, encode and hash an object, as an uploader does;
//! - *read*: verify the data shards and open them, the usual case;
//! - *degraded read*: verify k parity shards, restore all data from them and open it, the worst case.
//!
//! The parts are the libraries alone, one after another over the same bytes.

mod parts;
mod pipeline;

use crate::{report::Report, rounds::Rounds};
use anyhow::Result;
use meganet_primitives::{object::FRAME_PLAIN_LEN, placement::ProfileId};
use parts::Parts;
use pipeline::Stored;
use std::time::Duration;

/// Approximate plaintext bytes of the measured object: enough stripes for each profile.
const PLAIN_LEN: u64 = 16 << 20;

/// Each pipeline with its parts.
const PIPELINES: [(&str, &[&str]); 3] = [
    ("write", &["seal", "encode", "hash_all"]),
    ("read", &["hash_k", "open"]),
    ("degraded_read", &["hash_k", "decode", "open"]),
];

/// Measures a profile for about `time` and reports it under its name.
///
/// # Errors
/// A library refuses valid data.
pub fn bench(profile: ProfileId, time: Duration, report: &mut Report) -> Result<()> {
    let (k, n) = (profile.profile().k, profile.profile().n);
    let stripes = PLAIN_LEN.div_ceil(u64::from(k) * FRAME_PLAIN_LEN);
    let stored = Stored::new(k, n, stripes)?;
    let parts = Parts::new(&stored)?;
    let mut rounds = Rounds::new();
    parts.add_to(&mut rounds);
    rounds.add("write", || stored.write());
    rounds.add("read", || stored.read(0));
    rounds.add("degraded_read", || stored.read(k));
    let medians = rounds.measure(time)?;

    let megabytes = f64::from(u32::try_from(stored.plain_len())?) / 1e6;
    let mut figure = |name: &str, value| report.figure(format!("{profile}.{name}"), value);
    for (pipeline, parts) in PIPELINES {
        let whole = medians.seconds(pipeline)?;
        let mut sum = 0.0;
        for part in parts {
            sum += medians.seconds(part)?;
        }
        figure(&format!("{pipeline}_mb_s"), megabytes / whole);
        figure(&format!("{pipeline}_parts_mb_s"), megabytes / sum);
        figure(&format!("{pipeline}_ratio"), whole / sum);
    }
    for part in ["seal", "encode", "hash_all", "hash_k", "decode", "open", "encode_portable"] {
        figure(&format!("part.{part}_mb_s"), megabytes / medians.seconds(part)?);
    }
    report.count(format!("{profile}.rounds"), u64::try_from(medians.rounds)?);
    Ok(())
}
