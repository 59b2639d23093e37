//! Labels that look alike, and others to choose from.

use meganet_primitives::name::{check_label, skeleton};
use std::collections::{BTreeSet, VecDeque};

/// Characters that are easily confused, in both directions.
const CONFUSED: [(&str, &str); 9] =
    [("0", "o"), ("1", "l"), ("1", "i"), ("i", "l"), ("2", "z"), ("5", "s"), ("8", "b"), ("rn", "m"), ("vv", "w")];

/// Other labels with the same skeleton, those that need the fewest changes first; `limit` at most.
pub fn look_alikes(label: &str, limit: usize) -> Vec<String> {
    let wanted = skeleton(label.as_bytes());
    let mut seen = BTreeSet::from([label.to_owned()]);
    let mut queue = VecDeque::from([label.to_owned()]);
    let mut found = Vec::new();
    while let Some(next) = queue.pop_front() {
        for other in changed(&next) {
            if found.len() >= limit {
                return found;
            }
            if skeleton(other.as_bytes()) != wanted || !seen.insert(other.clone()) {
                continue;
            }
            if check_label(other.as_bytes()).is_ok() {
                found.push(other.clone());
            }
            queue.push_back(other);
        }
    }
    found
}

/// A text with one confusion undone or made, at every place.
fn changed(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let pairs = CONFUSED.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]);
    for (from, to) in pairs.chain([("-", "")]) {
        for (at, _) in text.match_indices(from) {
            let (before, after) = (text.get(..at), text.get(at.saturating_add(from.len())..));
            if let (Some(before), Some(after)) = (before, after) {
                all.push(format!("{before}{to}{after}"));
            }
        }
    }
    all
}

/// Labels near a word, to choose from where it is taken.
pub fn variants(word: &str) -> Vec<String> {
    let plain = word.replace('-', "");
    let near = [
        word.to_owned(),
        plain,
        format!("{word}-site"),
        format!("{word}-home"),
        format!("{word}-online"),
        format!("my-{word}"),
        format!("the-{word}"),
        format!("{word}-net"),
        format!("{word}hq"),
        format!("{word}4u"),
    ];
    let mut all: Vec<String> = Vec::new();
    for label in near {
        if check_label(label.as_bytes()).is_ok() && !all.contains(&label) {
            all.push(label);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_is_meant_is_among_those_that_look_alike() {
        for (label, meant) in [
            ("paypa1", "paypal"),
            ("g00gle", "google"),
            ("rnicrosoft", "microsoft"),
            ("pay-pal", "paypal"),
            ("err0rs", "errors"),
            ("vvovv", "wow"),
            ("a1ice", "alice"),
        ] {
            assert!(look_alikes(label, 64).contains(&meant.to_owned()), "{label}");
        }
        let all = look_alikes("illicit-zombies", 64);
        assert_eq!(all.len(), 64);
        assert!(all.iter().all(|other| skeleton(other.as_bytes()) == skeleton(b"illicit-zombies")));
        assert!(look_alikes("cat", 64).is_empty());
    }

    #[test]
    fn variants_are_names() {
        let all = variants("my-cat");
        assert!(all.starts_with(&["my-cat".to_owned(), "mycat".to_owned()]) && all.len() > 6, "{all:?}");
        assert!(variants("a").iter().all(|label| check_label(label.as_bytes()).is_ok()));
        assert!(variants(&"x".repeat(63)).len() == 1);
    }
}
