//! Proofs of batch entries: only the correct entry at the correct index is accepted.
#![no_main]

use codec::Decode;
use libfuzzer_sys::fuzz_target;
use meganet_primitives::{
    object::ObjectId,
    sum_tree::{prove_entry, summarize, verify_entry, BatchEntry, BatchSummary, SumProof},
};

fuzz_target!(|bytes: &[u8]| {
    let input = &mut &*bytes;
    let Ok((count, index, entry, proof)) = <(u8, u32, BatchEntry, SumProof)>::decode(input) else { return };
    let entries: Vec<_> = (0..=count)
        .map(|number| BatchEntry {
            object: ObjectId([number; 32]),
            shards_root: [!number; 32],
            shard_len: (u64::from(number) + 1) * 1024,
        })
        .collect();
    let Ok(batch) = summarize(&entries) else { unreachable!("the entries are valid") };
    let claimed = usize::try_from(index).ok().and_then(|index| entries.get(index));
    if verify_entry(&batch, index, &entry, &proof).is_ok() {
        assert_eq!(Some(&entry), claimed);
        assert_eq!(prove_entry(&entries, index), Ok(proof.clone()));
    }
    if let Ok(batch) = BatchSummary::decode(input) {
        let _ = verify_entry(&batch, index, &entry, &proof);
    }
});
