//! Vectors of audits: schedule, seeds, draws, a proof with all kinds of answers, forgeries of it, and scores.

mod forged;
mod slot_fixture;

use crate::{filler, hex, scale};
use codec::Encode;
use meganet_primitives::{
    audit::{
        Answer, AuditProof, Holding, MAX_SAMPLES, MIX_BLOCKS, PURPOSE_WHAT, PURPOSE_WHEN, Record, Sample, Schedule,
        Tolerance, mix, samples, verify,
    },
    hash::Hash,
};
use serde_json::{Value, json};
use slot_fixture::SlotFixture;

const SCHEDULE: Schedule = Schedule { period_blocks: 1_200, window_blocks: 100, samples: 4 };

/// The outputs of four blocks.
fn outputs(first: u64) -> Vec<Hash> {
    (first..first + u64::from(MIX_BLOCKS)).map(|block| filler("output", block)).collect()
}

fn hexes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(hex).collect()
}

pub fn audits() -> Value {
    json!({
        "about": "Audits. Outputs of blocks are arbitrary. A holding's ranges, like a draw's, are [expiry, bytes]. \
                  A leaf's bytes are the object's number and the leaf's, as u64 LE, 64 times.",
        "schedule": schedule(),
        "draws": draws(),
        "proof": proof(),
        "scores": scores(),
    })
}

fn schedule() -> Value {
    let periods: Vec<Value> = [0u32, 1, 700_000]
        .map(|period| {
            let outputs = outputs(u64::from(SCHEDULE.start_of(period)));
            let when = mix(PURPOSE_WHEN, &outputs);
            let challenges: Vec<_> = [0u32, 1, 4_711, u32::MAX]
                .map(|worker| {
                    let block = SCHEDULE.challenge_block(period, &when, worker);
                    let seed_blocks = Schedule::seed_blocks(block);
                    json!({
                        "worker": worker, "block": block, "deadline": SCHEDULE.deadline(block),
                        "seed_blocks": [seed_blocks.start(), seed_blocks.end()],
                    })
                })
                .to_vec();
            json!({
                "period": period, "start": SCHEDULE.start_of(period), "drawn_at": SCHEDULE.drawn_at(period),
                "outputs": hexes(&outputs), "when": hex(when), "challenges": challenges,
            })
        })
        .to_vec();
    json!({
        "period_blocks": SCHEDULE.period_blocks, "window_blocks": SCHEDULE.window_blocks, "samples": SCHEDULE.samples,
        "mix_blocks": MIX_BLOCKS, "memory": SCHEDULE.memory(), "periods": periods,
    })
}

fn sampled(samples: &[Sample]) -> Vec<Value> {
    let one = |sample: &Sample| {
        let Sample { group, slot, expiry, offset } = *sample;
        json!({ "group": group, "slot": slot, "expiry": expiry, "offset": offset, "encoded": scale(sample) })
    };
    samples.iter().map(one).collect()
}

fn drawn(number: u64, worker: u32, holdings: &[Holding], count: u8) -> Value {
    let outputs = outputs(1_000 * number);
    let seed = mix(PURPOSE_WHAT, &outputs);
    let described: Vec<_> =
        holdings.iter().map(|one| json!({ "group": one.group, "slot": one.slot, "ranges": one.ranges })).collect();
    json!({
        "outputs": hexes(&outputs), "seed": hex(seed), "worker": worker, "count": count, "holdings": described,
        "samples": sampled(&samples(&seed, worker, holdings, count)),
    })
}

fn draws() -> Vec<Value> {
    let holding = |group, slot, ranges: &[(u32, u64)]| Holding { group, slot, ranges: ranges.to_vec() };
    let several = [
        holding(3, 7, &[(10, 1024), (12, 1 << 40), (90, 5 << 20)]),
        holding(4, 0, &[]),
        holding(900, 47, &[(11, 3 << 39), (12, 0)]),
    ];
    vec![
        drawn(1, 0, &[holding(0, 0, &[(1, 1024)])], 2),
        drawn(2, 4_711, &several, 4),
        drawn(3, u32::MAX, &several, 16),
        drawn(4, 7, &[holding(1, 1, &[(9, u64::MAX)])], 8),
        drawn(5, 7, &[holding(1, 1, &[(9, 0)])], 4),
        drawn(6, 7, &[], 4),
    ]
}

/// The kinds of the proof's answers. The seed is chosen so that it selects such bytes.
const KINDS: [&str; 4] = ["held", "excused", "deleted", "held"];

fn proof() -> Value {
    let fixture = SlotFixture::new();
    let asked =
        |number| samples(&mix(PURPOSE_WHAT, &outputs(1_000 * number)), slot_fixture::WORKER, &[fixture.holding()], 4);
    let fits = |number: &u64| asked(*number).iter().map(|sample| fixture.kind(sample)).eq(KINDS);
    let number = (10..).find(fits).unwrap();
    let asked = asked(number);
    let answers: Vec<Answer> = asked.iter().map(|sample| fixture.answer(sample, fixture.kind(sample))).collect();
    for (sample, answer) in asked.iter().zip(&answers) {
        verify(sample, &fixture.range, slot_fixture::SHARDS, answer).unwrap();
    }
    let proof = AuditProof { answers: answers.clone().try_into().unwrap() };
    let mut described = fixture.describe();
    described["draw"] = drawn(number, slot_fixture::WORKER, &[fixture.holding()], 4);
    described["answers"] = json!(KINDS);
    described["encoded"] = scale(&proof).into();
    described["refused"] = forged::refused(&fixture, &asked[0]).into();
    described["undecodable"] = json!([
        { "why": "seventeen answers", "bytes": hex(many(&answers[1], MAX_SAMPLES + 1)) },
        { "why": "an unknown kind of answer", "bytes": hex([4, 3]) },
        { "why": "truncated", "bytes": hex(&proof.encode()[..proof.encoded_size() - 1]) },
    ]);
    for one in described["undecodable"].as_array().unwrap() {
        let bytes = one["bytes"].as_str().unwrap();
        let bytes: Vec<u8> =
            (0..bytes.len()).step_by(2).map(|at| u8::from_str_radix(&bytes[at..at + 2], 16).unwrap()).collect();
        assert!(<AuditProof as codec::DecodeAll>::decode_all(&mut bytes.as_slice()).is_err(), "{}", one["why"]);
    }
    described
}

fn many(answer: &Answer, count: u32) -> Vec<u8> {
    (0..count).map(|_| answer.clone()).collect::<Vec<_>>().encode()
}

fn described(record: &Record, tolerance: &Tolerance) -> Value {
    let Record { settled, misses, streak, proven, missed } = *record;
    json!({
        "settled": settled, "misses": misses, "streak": streak, "proven": proven, "missed": missed,
        "intolerable": record.is_intolerable(tolerance), "encoded": scale(record),
    })
}

fn scores() -> Value {
    let tolerance = Tolerance { misses: 3, proofs_per_miss: 2 };
    let mut record = Record::since(10);
    let mut events = Vec::new();
    for (event, period) in [
        ("proven", 11u32),
        ("before", 12),
        ("proven", 13),
        ("proven", 14),
        ("proven", 17),
        ("before", 17),
        ("proven", 18),
        ("proven", 19),
        ("proven", 20),
        ("before", 23),
        ("before", 24),
        ("proven", 24),
        ("before", 400),
    ] {
        record = match event {
            "proven" => record.proven_in(period, &tolerance),
            _ => record.missed_before(period),
        };
        events.push(json!({ "event": event, "period": period, "record": described(&record, &tolerance) }));
    }
    json!({
        "since": 10, "misses": tolerance.misses, "proofs_per_miss": tolerance.proofs_per_miss, "events": events,
    })
}
