//! Secrets as people type and paste them: recovery phrases and secret URIs.
//!
//! Editors, mail programs and web pages break lines, capitalise first words, and add tabs, wide or non-breaking spaces and byte
//! order marks; people copy quotation marks, commas and the numbers of words along. None of these changes a phrase. Derivation paths
//! and passwords are taken as they are: there, case and inner blanks make another account.

use crate::SignerError;
use std::{borrow::Cow, str::FromStr};
use subxt_signer::{
    DEV_PHRASE, SecretUri,
    bip39::{self, Language, Mnemonic},
};
use zeroize::Zeroizing;

/// Why words are not a recovery phrase. No message contains any of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Too few or too many words.
    #[error("the number of words is {0}, and a phrase has 12, 15, 18, 21 or 24: check that none is missing or doubled")]
    Count(usize),
    /// There are numbers among the words, and not each in its place.
    #[error(
        "the numbers among its words do not count 1, 2, 3 and so on, one for each word: write the words in the right order, without numbers"
    )]
    Numbers,
    /// A word is not in the list.
    #[error("word {number} of {count} is not in the English word list of BIP-39: check its spelling")]
    Unknown {
        /// Its number, from 1 on.
        number: usize,
        /// The number of words.
        count: usize,
    },
    /// The last word does not fit the others.
    #[error(
        "all {0} words are in the word list, but the checksum in the last one is wrong: check that each word is the right one, and their order"
    )]
    Checksum(usize),
    /// The library refuses them for another reason.
    #[error("{0}. Check the words against your copy")]
    Other(String),
}

impl PhraseError {
    fn new(error: &bip39::Error, count: usize) -> Self {
        match error {
            bip39::Error::BadWordCount(count) => Self::Count(*count),
            bip39::Error::UnknownWord(index) => Self::Unknown { number: index.saturating_add(1), count },
            bip39::Error::InvalidChecksum => Self::Checksum(count),
            other => Self::Other(other.to_string()),
        }
    }
}

/// Parses a recovery phrase. Its words may be in upper case, in quotation marks, numbered from 1 on, and separated by commas or any
/// Unicode white space.
///
/// # Errors
/// [`PhraseError`].
pub fn parse_phrase(text: &str) -> Result<Mnemonic, PhraseError> {
    // Invisible characters stand in words, where lines may break, or between them in place of blanks.
    parse_words(&plain(text, "")).or_else(|in_words| match parse_words(&plain(text, " ")) {
        Err(PhraseError::Count(_)) => Err(in_words),
        between_words => between_words,
    })
}

fn parse_words(plain: &str) -> Result<Mnemonic, PhraseError> {
    let words = without_numbers(plain)?;
    let parsed = Mnemonic::parse_in_normalized(Language::English, &words);
    parsed.map_err(|error| PhraseError::new(&error, words.split_whitespace().count()))
}

/// Parses a secret URI: a recovery phrase as in [`parse_phrase`] or a seed of 64 hexadecimal digits with or without `0x`, then
/// `//hard` and `/soft` derivations, then `///password`. An empty one is refused: it would stand for the well-known development
/// phrase, and comes from a variable that was meant to hold a secret.
///
/// # Errors
/// [`SignerError`].
pub fn parse_secret(suri: &str) -> Result<SecretUri, SignerError> {
    let refuse = |reason: &str| Err(SignerError::Uri(reason.to_owned()));
    let suri = trimmed(unquoted(trimmed(suri)));
    let (typed, path) = suri.split_at(suri.find('/').unwrap_or(suri.len()));
    let root = plain(typed, "");
    if root.is_empty() && path.is_empty() {
        return refuse("it is empty");
    }
    // The library would make them part of a junction, and so derive another account.
    if path.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return refuse(
            "there is a line break or control character in its derivation path or password: write those on one line",
        );
    }
    // The closing mark may be in the path or be part of the password.
    let opened = typed.trim_start().strip_prefix(is_quote);
    if !path.is_empty() && opened.is_some_and(|rest| !rest.trim_end().ends_with(is_quote)) {
        return refuse("it is not clear which quotation marks belong to it: write it without those around it");
    }
    let root = match seed(&root) {
        Some(seed) if seed.len() != 64 || !is_hex(seed) => {
            return refuse("its seed is not 0x and 64 hexadecimal digits");
        }
        Some(seed) => Zeroizing::new(["0x", seed].concat()),
        // Only a path means the development phrase, not a root of which nothing was left.
        None if root.is_empty() && !typed.contains(is_separator) => Zeroizing::new(String::new()),
        None => Zeroizing::new(parse_phrase(typed)?.to_string()),
    };
    let plain = Zeroizing::new([root.as_str(), path].concat());
    SecretUri::from_str(&plain).or_else(|_| refuse("its derivation path is malformed"))
}

/// The digits of a seed, which may be wrong. Words have at most eight letters, so 32 hexadecimal digits are one also without `0x`.
fn seed(root: &str) -> Option<&str> {
    let bare = Some(root).filter(|root| root.len() >= 32 && is_hex(root));
    root.strip_prefix("0x").or(bare)
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a secret URI derives from the development phrase, which everybody knows, so that it needs no protection.
pub fn is_development_secret(suri: &str) -> bool {
    use subxt_signer::ExposeSecret;
    parse_secret(suri).is_ok_and(|uri| uri.phrase.expose_secret() == DEV_PHRASE)
}

/// Words in the form that BIP-39 lists them in, with one space between them, and `invisible` in place of invisible characters.
fn plain(text: &str, invisible: &str) -> Zeroizing<String> {
    let mut text = Cow::Borrowed(text);
    // To NFKD, which turns wide letters and special spaces into plain ones.
    Mnemonic::normalize_utf8_cow(&mut text);
    let text = Zeroizing::new(text.into_owned());
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        if is_invisible(c) {
            plain.push_str(invisible);
        } else if is_separator(c) {
            plain.push(' ');
        } else {
            plain.extend(c.to_lowercase());
        }
    }
    Zeroizing::new(plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Takes the numbers off words: `1. word`, `(1) word`, `1.word`. They must count from 1 on, since from a table of several columns words
/// are copied in another order.
fn without_numbers(plain: &str) -> Result<Zeroizing<String>, PhraseError> {
    let mut numbers: Vec<usize> = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for part in plain.split(' ') {
        let part = part.trim_start_matches(['(', '#']);
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = part.strip_suffix(rest).unwrap_or_default();
        // Such as hexadecimal digits.
        let is_mixed = rest.contains(|c: char| c.is_ascii_digit());
        if !number.is_empty() && !is_mixed {
            // One that is too long is in no place.
            numbers.push(number.parse().unwrap_or(usize::MAX));
        }
        let word = if is_mixed { part } else { rest.trim_matches(['.', ')', ':']) };
        if !word.is_empty() {
            words.push(word);
        }
    }
    if !numbers.is_empty() && !numbers.iter().copied().eq(1..=words.len()) {
        return Err(PhraseError::Numbers);
    }
    Ok(Zeroizing::new(words.join(" ")))
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Takes off the quotation marks around the whole text, if there are no others in it: those could belong to a password.
fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix(is_quote).and_then(|rest| rest.strip_suffix(is_quote));
    inner.filter(|inner| !inner.contains(is_quote)).unwrap_or(text)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}' | '\u{2039}' | '\u{203a}')
}

/// Characters around and between words that are in none.
fn is_separator(c: char) -> bool {
    is_quote(c) || matches!(c, ',' | ';' | '|' | '*' | '-' | '[' | ']' | '\u{2022}' | '\u{3001}')
}

/// Byte order marks, soft hyphens, and the zero-width characters that web pages contain.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Signer;
    use meganet_primitives::AccountId;

    const WORDS: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

    fn account(suri: &str) -> AccountId {
        Signer::from_suri(suri).map_err(|error| panic!("{suri:?}: {error}")).unwrap().account()
    }

    /// A phrase as editors, mail programs, spreadsheets and web pages hand it on.
    fn forms() -> Vec<String> {
        let wide: String = WORDS.replace('d', "\u{ff44}").replace('k', "\u{212a}");
        let three_lines = |end: &str| {
            let words: Vec<&str> = WORDS.split(' ').collect();
            words.chunks(4).map(|line| line.join(" ")).collect::<Vec<_>>().join(end)
        };
        let mut forms: Vec<String> = ["\n", "\r\n", "\r", "\u{2028}", " \n\n "].map(three_lines).to_vec();
        for space in ["  ", "\t", "\u{a0}", "\u{3000}", "\u{2003}", "\u{202f}", "\n", "\u{85}"] {
            forms.push(WORDS.replace(' ', space));
        }
        for (before, after) in [("\u{feff}", "\n"), (" ", "\r\n"), ("\u{feff}\u{a0}", "\u{3000}"), ("", "\u{200b}")] {
            forms.push(format!("{before}{WORDS}{after}"));
        }
        for separator in [", ", ",", ";", "; ", ",\n", "\u{ff0c}", "\u{3001}", "\", \"", "\n- ", " | "] {
            forms.push(WORDS.replace(' ', separator));
        }
        for (open, close) in [("\"", "\""), ("'", "'"), ("`", "`"), ("\u{201c}", "\u{201d}"), ("\u{ab} ", " \u{bb}")] {
            forms.push(format!("{open}{WORDS}{close}"));
        }
        for (before, after) in
            [("", ". "), ("", ".\n"), ("", ") "), ("", "."), ("(", ") "), ("#", " "), ("0", ":\t"), ("", " ")]
        {
            let numbered = WORDS.split(' ').zip(1..).map(|(word, number)| format!("{before}{number}{after}{word}"));
            let numbered: Vec<String> = numbered.collect();
            forms.extend([" ", "\n", ", "].map(|separator| numbered.join(separator)));
        }
        for invisible in ["\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", " \u{200b}", "\u{200b}\n"] {
            forms.push(WORDS.replace(' ', invisible));
        }
        forms.extend([format!("{WORDS}."), format!("[\"{}\"]", WORDS.replace(' ', "\", \""))]);
        let capitalised = format!("B{}", &WORDS[1..]);
        forms.extend([WORDS.to_uppercase(), capitalised, wide, WORDS.replace("walk", "wal\u{ad}k")]);
        forms
    }

    #[test]
    fn every_form_of_a_phrase_is_the_same_account() {
        let (plain, derived) = (account(WORDS), account(&format!("{WORDS}//Stash/0///Pass Word")));
        for form in forms() {
            assert_eq!(parse_phrase(&form).unwrap().to_string(), WORDS, "{form:?}");
            assert_eq!(account(&form), plain, "{form:?}");
            assert_eq!(account(&format!("{form}//Stash/0///Pass Word\r\n")), derived, "{form:?}");
        }
        for (open, close) in [("\"", "\""), (" '", "'\n"), ("\u{201c}", "\u{201d}"), ("\" ", " \"")] {
            assert_eq!(account(&format!("{open}{WORDS}//Stash/0///Pass Word{close}")), derived, "{open}");
        }
        assert_eq!(account("\"//Alice\""), account("//Alice"));
    }

    #[test]
    fn numbers_in_another_order_and_unclear_quotation_marks_are_refused() {
        let numbered = |numbers: &[usize]| {
            let words = WORDS.split(' ').zip(numbers).map(|(word, number)| format!("{number}. {word}"));
            parse_phrase(&words.collect::<Vec<_>>().join(" "))
        };
        numbered(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]).unwrap();
        for numbers in [[1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]] {
            assert_eq!(numbered(&numbers).unwrap_err(), PhraseError::Numbers, "{numbers:?}");
        }
        assert_eq!(parse_phrase(&format!("1. {WORDS}")).unwrap_err(), PhraseError::Numbers);
        for suri in [format!("\"{WORDS}//Stash"), format!("\"{WORDS}///pa\"ss\""), "\"//Alice".to_owned()] {
            let error = Signer::from_suri(&suri).unwrap_err().to_string();
            assert!(error.contains("quotation marks"), "{suri}: {error}");
        }
        // Those of a password are part of it.
        assert_ne!(account(&format!("{WORDS}///\"x\"")), account(&format!("{WORDS}///x")));
        Signer::from_suri(",//Alice").unwrap_err();
    }

    #[test]
    fn paths_and_passwords_keep_case_and_inner_blanks() {
        let all =
            ["//Alice", "//alice", "//Alice ", "//Al ice", "//Alice///x", "//Alice///X", "//Alice///x y"].map(account);
        assert_eq!(all[0], all[2], "blanks at the end are trimmed");
        let different: std::collections::BTreeSet<AccountId> = all.into_iter().collect();
        assert_eq!(different.len(), 6);
        let seed = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";
        let bare = &seed[2..];
        for form in [seed, bare, &seed.to_uppercase(), &format!("\u{feff}{seed}\r\n"), &format!("\"{bare}\"")] {
            assert_eq!(account(form), account("//Alice"), "{form}");
        }
        for wrong in [&seed[..65], &bare[..63], &format!("{bare}0")] {
            let error = Signer::from_suri(wrong).unwrap_err().to_string();
            assert!(error.contains("not 0x and 64"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_refusal_names_the_fault_and_no_word() {
        let phrase = |text: &str| parse_phrase(text).unwrap_err();
        let eleven = WORDS.rsplit_once(' ').unwrap().0;
        assert_eq!(phrase(eleven), PhraseError::Count(11));
        assert_eq!(phrase(&format!("{WORDS} {WORDS} {WORDS}")), PhraseError::Count(36));
        assert_eq!(phrase(""), PhraseError::Count(0));
        assert_eq!(phrase(&WORDS.replace("lake", "laek")), PhraseError::Unknown { number: 4, count: 12 });
        assert_eq!(phrase(&WORDS.replace("walk", "bottom")), PhraseError::Checksum(12));
        for suri in [eleven, "laek lake", &WORDS.replace("walk", "bottom"), "0x12", "0xzz//a", "drive//a\n//b", "//"] {
            let error = Signer::from_suri(suri).unwrap_err().to_string();
            for word in WORDS.split(' ').chain(["laek", "zz"]) {
                assert!(!error.split(' ').any(|part| part == word), "{suri:?}: {error}");
            }
        }
        assert!(Signer::from_suri("//a\n//b").unwrap_err().to_string().contains("line break"));
        for empty in ["", " \n", "\u{feff}", "\u{3000}\r\n"] {
            assert!(Signer::from_suri(empty).unwrap_err().to_string().contains("it is empty"), "{empty:?}");
        }
    }

    #[test]
    fn only_the_development_phrase_needs_no_protection() {
        let seed = format!("0x{}", "11".repeat(32));
        for (suri, expected) in [
            ("//Alice", true),
            (" //Alice\n", true),
            (&format!("{WORDS}//Alice"), true),
            (&seed, false),
            (
                "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about//Alice",
                false,
            ),
            ("not a secret", false),
            ("", false),
        ] {
            assert_eq!(is_development_secret(suri), expected, "{suri:?}");
        }
    }
}
