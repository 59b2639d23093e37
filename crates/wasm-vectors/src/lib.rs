#![doc = include_str!("../README.md")]

mod objects;
#[path = "../../name-proof/tests/vectors/outcome.rs"]
mod outcome;
mod proofs;

/// The answer of a check: how many vectors were right, or, negative, the number of the first one that was not, from 1.
type Checked = i32;

/// Seals, encodes, loses, reconstructs and opens every object of the vectors with the portable backend.
#[unsafe(no_mangle)]
pub extern "C" fn check_objects() -> Checked {
    count(objects::all())
}

/// Checks every proof of the vectors.
#[unsafe(no_mangle)]
pub extern "C" fn check_name_proofs() -> Checked {
    count(proofs::all())
}

fn count(results: impl Iterator<Item = bool>) -> Checked {
    let mut number: Checked = 0;
    for right in results {
        number = number.saturating_add(1);
        if !right {
            return -number;
        }
    }
    number
}
