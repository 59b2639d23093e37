//! Lists in the configuration file.

use serde::{Deserialize, Deserializer, de::Error};

/// A list that has a default: an empty one could mean that, or nothing at all.
pub(super) fn not_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    check(Vec::deserialize(deserializer)?)
}

/// A value, or a list that has a default.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    check(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

fn check<T, E: Error>(list: Vec<T>) -> Result<Vec<T>, E> {
    if list.is_empty() {
        return Err(E::custom("an empty list: leave it out for the default, or name at least one"));
    }
    Ok(list)
}
