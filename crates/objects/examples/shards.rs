//! Seals a file and encodes it to shards, loses all the shards but k, and opens the file from those.
//!
//! ```text
//! cargo run --release -p meganet-objects --example shards -- FILE [K N]
//! ```

use meganet_objects::{Commitment, Encoder, RangeOpener, ShardHasher, Want, random_key, reconstruct_stripe};
use meganet_primitives::{SlotIndex, convert::to_u64};
use std::{env, error::Error, fs, ops::Range};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let file = args.first().map_or("README.md", String::as_str);
    let (k, n) = match args.get(1..3) {
        Some([k, n]) => (k.parse()?, n.parse()?),
        _ => (4, 12),
    };
    let plain = fs::read(file).map_err(|error| format!("{file}: {error}"))?;

    // The owner: one random key for one object, and n shards, which here are vectors and on the network are workers.
    let key = random_key()?;
    let mut shards = vec![Vec::new(); n.into()];
    let sink = |_stripe: u64, shard: SlotIndex, chunk: &[u8]| {
        shards[usize::from(shard)].extend_from_slice(chunk);
        Ok(())
    };
    let mut encoder = Encoder::new(&key, k, n, to_u64(plain.len()), sink)?;
    encoder.write(&plain)?;
    let (encoded, _) = encoder.finish()?;
    println!("{file}: {} bytes are object {}", plain.len(), encoded.id());

    // Disaster: only the last k shards are left.
    let lost = usize::from(n - k);
    shards.iter_mut().take(lost).for_each(Vec::clear);
    println!("lost {lost} of {n} shards of {} bytes", shards.last().map_or(0, Vec::len));

    // The reader: it knows the object's id and key, and trusts nobody who sends a header or a chunk.
    let commitment = Commitment::of(&encoded.id(), encoded.header, encoded.shard_roots)?;
    let layout = commitment.layout();
    let opener = RangeOpener::new(&key, layout, 0..layout.plain_len())?;
    let mut opened = Vec::new();
    for stripe in opener.stripes() {
        let place = place(stripe, layout.chunk_len(stripe))?;
        let mut chunks = vec![None; n.into()];
        for (index, shard) in shards.iter().enumerate().skip(lost) {
            let mut hasher = ShardHasher::new();
            hasher.push(shard);
            let proof = hasher.finish()?.1.prove_frames(stripe, 1)?;
            let chunk = shard.get(place.clone()).ok_or("the shard is too short")?;
            commitment.verify_frames(u8::try_from(index)?, stripe, chunk, &proof)?;
            chunks[index] = Some(chunk.to_vec());
        }
        reconstruct_stripe(&layout, stripe, &mut chunks, Want::Data)?;
        let wanted: Vec<&[u8]> = chunks.iter().flatten().map(Vec::as_slice).take(opener.shards(stripe).len()).collect();
        opener.open(stripe, &wanted, &mut opened)?;
    }
    assert!(opened == plain, "the opened bytes differ");
    println!("opened all {} bytes from the other {k}", opened.len());
    Ok(())
}

/// The bytes of every shard that are its chunk of a stripe.
fn place(stripe: u64, chunk_len: u64) -> Result<Range<usize>, Box<dyn Error>> {
    let start = usize::try_from(stripe * meganet_primitives::object::FRAME_LEN)?;
    Ok(start..start + usize::try_from(chunk_len)?)
}
