//! The vectors of `meganet-objects`.

use data_encoding::HEXLOWER;
use meganet_objects::{Encoder, Portable, RangeOpener, Want, reconstruct_stripe_with};
use meganet_primitives::{
    SlotIndex,
    content::ReadKey,
    convert::{to_u64, to_usize},
    object::FRAME_LEN,
};
use serde_json::Value;

const PROFILES: [&str; 4] = [
    include_str!("../../objects/vectors/always-on.json"),
    include_str!("../../objects/vectors/compact.json"),
    include_str!("../../objects/vectors/home.json"),
    include_str!("../../objects/vectors/standard.json"),
];

/// Checks each object of each profile.
pub fn all() -> impl Iterator<Item = bool> {
    PROFILES.into_iter().flat_map(|text| {
        let profile: Value = serde_json::from_str(text).unwrap_or_default();
        // A file without objects counts as a wrong one.
        let objects = profile["objects"].as_array().cloned().unwrap_or_else(|| vec![Value::Null]);
        objects.into_iter().map(move |object| check(&profile, &object).is_some())
    })
}

fn check(profile: &Value, object: &Value) -> Option<()> {
    let small = |value: &Value| value.as_u64().and_then(|value| u8::try_from(value).ok());
    let (k, n) = (small(&profile["k"])?, small(&profile["n"])?);
    let key = ReadKey(HEXLOWER.decode(profile["key"].as_str()?.as_bytes()).ok()?.try_into().ok()?);
    let plain: Vec<u8> = (0..251).cycle().take(to_usize(object["plainLen"].as_u64()?)).collect();

    let mut shards = vec![Vec::new(); n.into()];
    let sink = |_stripe: u64, shard: SlotIndex, chunk: &[u8]| {
        shards[usize::from(shard)].extend_from_slice(chunk);
        Ok(())
    };
    let mut encoder = Encoder::<_, Portable>::with_backend(&key, k, n, to_u64(plain.len()), sink).ok()?;
    let layout = encoder.layout();
    encoder.write(&plain).ok()?;
    let (encoded, _) = encoder.finish().ok()?;
    let roots: Vec<String> = encoded.shard_roots.iter().map(|root| HEXLOWER.encode(root)).collect();
    let same = object["objectId"] == encoded.id().to_string()
        && object["shardLen"] == layout.shard_len()
        && object["shardRoots"] == Value::from(roots);

    // From parity as far as there is any.
    let opener = RangeOpener::<Portable>::with_backend(&key, layout, 0..layout.plain_len()).ok()?;
    let mut opened = Vec::new();
    for stripe in opener.stripes() {
        let start = to_usize(stripe * FRAME_LEN);
        let place = start..start + to_usize(layout.chunk_len(stripe));
        let mut chunks = vec![None; n.into()];
        for (chunk, shard) in chunks.iter_mut().zip(&shards).skip((n - k).into()) {
            *chunk = Some(shard.get(place.clone())?.to_vec());
        }
        reconstruct_stripe_with::<Portable>(&layout, stripe, &mut chunks, Want::Data).ok()?;
        let needed: Vec<Vec<u8>> = chunks.into_iter().take(opener.shards(stripe).len()).collect::<Option<_>>()?;
        opener.open(stripe, &needed, &mut opened).ok()?;
    }
    (same && opened == plain).then_some(())
}
