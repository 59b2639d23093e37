//! From what people type to a name of the chain.
//!
//! The chain knows ASCII only, so what is typed is brought to the form that everybody shares (UTS 46: case, width and
//! composition are mapped away) and must then be ASCII. Other text is refused with both forms, and with a name that may have
//! been meant: one that it looks like, or its letters spelled in ASCII. Nothing is ever spelled in ASCII without asking, and
//! there is no Punycode: a name is read by people, and two that look alike must not be two.

use deunicode::deunicode;
use idna::uts46::{AsciiDenyList, Hyphens, Uts46};
use meganet_primitives::name::{LabelError, MAX_NAME, split_name};
use std::fmt::Write;

/// Bytes that are looked at: no character of a name takes more than four.
const MAX_TYPED: usize = 4 * MAX_NAME;

/// A name as it was typed and as the chain has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The text that was typed, without the blanks around it.
    pub typed: String,
    /// The name: `alice` or `blog.alice`, valid.
    pub name: String,
}

impl Input {
    /// Whether the name differs from what was typed: then people are shown both.
    pub fn differs(&self) -> bool {
        self.typed != self.name
    }
}

/// Why what was typed is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// It breaks a rule of names.
    #[error("{}", broken(.typed, .name, *.error))]
    Label {
        /// The text that was typed; empty if it is too long to be looked at.
        typed: String,
        /// Its shared form.
        name: String,
        /// Which rule.
        error: LabelError,
    },
    /// Its shared form is not ASCII.
    #[error("{}", not_ascii(.typed, .name, .looks_like.as_deref(), .spelled.as_deref()))]
    NotAscii {
        /// The text that was typed.
        typed: String,
        /// Its shared form.
        name: String,
        /// The name that it looks like, though it is another text.
        looks_like: Option<String>,
        /// Its letters in ASCII, where that is a name.
        spelled: Option<String>,
    },
}

/// Reads a name: a label, or a label below one. Blanks around it are forgiven.
///
/// # Errors
/// [`InputError`], with the reason and the name that may have been meant.
pub fn read(typed: &str) -> Result<Input, InputError> {
    let typed = typed.trim();
    let refuse = |name: &str, error| InputError::Label { typed: typed.to_owned(), name: name.to_owned(), error };
    if typed.len() > MAX_TYPED {
        return Err(InputError::Label { typed: String::new(), name: String::new(), error: LabelError::TooLong });
    }
    let name = shared_form(typed);
    if name.is_ascii() {
        split_name(&name).map_err(|error| refuse(&name, error))?;
        return Ok(Input { typed: typed.to_owned(), name });
    }
    // Only valid names are proposed.
    let looks_like = unicode_security::skeleton(&name).collect::<String>().to_lowercase();
    let looks_like = Some(looks_like).filter(|text| split_name(text).is_ok());
    let spelled = Some(spell(&name)).filter(|text| split_name(text).is_ok() && Some(text) != looks_like.as_ref());
    Err(InputError::NotAscii { typed: typed.to_owned(), name, looks_like, spelled })
}

/// Reads a label: a name without a dot.
///
/// # Errors
/// Those of [`read`]; a name below a name breaks [`LabelError::BadCharacter`].
pub fn read_label(typed: &str) -> Result<Input, InputError> {
    let input = read(typed)?;
    match input.name.find('.') {
        None => Ok(input),
        Some(at) => {
            let error = LabelError::BadCharacter { position: at.saturating_add(1) };
            Err(InputError::Label { typed: input.typed, name: input.name, error })
        }
    }
}

/// The form that UTS 46 maps a text to. ASCII only changes its case: Punycode stays what it is, and is refused later.
fn shared_form(typed: &str) -> String {
    if typed.is_ascii() {
        return typed.to_ascii_lowercase();
    }
    Uts46::new().to_unicode(typed.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow).0.into_owned()
}

/// Spells a text in ASCII as well as possible; other characters become hyphens.
fn spell(name: &str) -> String {
    let spelled = deunicode(name).to_ascii_lowercase();
    let mut out = String::with_capacity(spelled.len());
    for part in spelled.split('.') {
        if !out.is_empty() {
            out.push('.');
        }
        let words: Vec<&str> =
            part.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        out.push_str(&words.join("-"));
    }
    out
}

/// Both forms, where they differ.
fn both(typed: &str, name: &str) -> String {
    if typed == name || typed.is_empty() {
        return format!("'{name}'");
    }
    format!("'{typed}' (which is '{name}' in its normal form)")
}

fn broken(typed: &str, name: &str, error: LabelError) -> String {
    match error {
        LabelError::ReservedHyphens if name.contains("xn--") => format!(
            "{} cannot be a name: names in other scripts are not written in Punycode here. Choose a name of a-z, 0-9 and hyphens",
            both(typed, name)
        ),
        error => format!("{} cannot be a name: {error}", both(typed, name)),
    }
}

fn not_ascii(typed: &str, name: &str, looks_like: Option<&str>, spelled: Option<&str>) -> String {
    let mut text = format!("{} cannot be a name: names are made of a-z, 0-9 and hyphens", both(typed, name));
    if let Some(letter) = name.chars().find(|letter| !letter.is_ascii()) {
        // Writing to a string does not fail.
        let _ = write!(text, ", and '{letter}' (U+{:04X}) is not one of these", u32::from(letter));
    }
    if let Some(like) = looks_like {
        let _ = write!(
            text,
            ". It looks like '{like}' and is not: the person who gave it to you may be trying to deceive you. Type '{like}' if you mean that name"
        );
    }
    match (spelled, looks_like) {
        (_, Some(_)) => {}
        (Some(spelled), None) => drop(write!(text, ". In these letters it could be '{spelled}'")),
        (None, None) => text.push_str(". Spell it in these letters"),
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn name(typed: &str) -> String {
        read(typed).unwrap().name
    }

    #[test]
    fn case_width_and_composition_are_mapped_away() {
        for typed in [
            "alice",
            "ALICE",
            "Alice",
            "ＡＬＩＣＥ",
            "ａｌｉｃｅ",
            "𝒶𝓁𝒾𝒸ℯ",
            "ⓐⓛⓘⓒⓔ",
            " alice ",
            "al\u{ad}ice",
            "ali\u{200b}ce",
        ] {
            assert_eq!(name(typed), "alice", "{typed}");
        }
        // Dots of other scripts are dots, and a Kelvin sign is a k.
        assert_eq!(name("Blog．Alice"), "blog.alice");
        assert_eq!(name("blog。alice"), "blog.alice");
        assert_eq!(name("\u{212a}elvin"), "kelvin");
        assert!(read("ALICE").unwrap().differs() && !read("alice").unwrap().differs());
    }

    #[test]
    fn other_scripts_are_refused_with_what_may_have_been_meant() {
        let meant = |typed: &str| match read(typed).unwrap_err() {
            InputError::NotAscii { looks_like, spelled, .. } => (looks_like, spelled),
            other => panic!("{other}"),
        };
        // Cyrillic letters that look like Latin ones.
        assert_eq!(meant("аlісе").0.as_deref(), Some("alice"));
        assert_eq!(meant("раура1").0.as_deref(), Some("paypal"));
        assert_eq!(meant("münchen").1.as_deref(), Some("munchen"));
        assert_eq!(meant("straße").1.as_deref(), Some("strasse"));
        assert_eq!(meant("東京").1.as_deref(), Some("dong-jing"));
        assert_eq!(meant("blog.Μαρία").1.as_deref(), Some("blog.maria"));
        let text = read("МÜNCHEN").unwrap_err().to_string();
        assert!(text.contains("МÜNCHEN") && text.contains("мünchen"), "both forms: {text}");
        let text = read("аlice").unwrap_err().to_string();
        assert!(text.contains("U+0430") && text.contains("deceive"), "{text}");
        assert!(read("🦀🦀🦀🦀").unwrap_err().to_string().contains("crab"));
    }

    #[test]
    fn the_rules_of_names_hold_for_what_was_typed() {
        for (typed, error) in [
            ("", LabelError::Empty),
            ("ab", LabelError::TooShort),
            ("-edge", LabelError::EdgeHyphen),
            ("under_score", LabelError::BadCharacter { position: 6 }),
            ("a.b.alice", LabelError::TooDeep),
            ("xn--mnchen-3ya", LabelError::ReservedHyphens),
            ("XN--mnchen-3ya", LabelError::ReservedHyphens),
        ] {
            let refused = read(typed).unwrap_err();
            assert!(
                matches!(&refused, InputError::Label { error: found, .. } if *found == error),
                "{typed}: {refused}"
            );
        }
        assert!(read("xn--mnchen-3ya").unwrap_err().to_string().contains("Punycode"));
        assert!(matches!(read(&"ü".repeat(10_000)), Err(InputError::Label { error: LabelError::TooLong, .. })));
        assert!(matches!(
            read_label("blog.alice"),
            Err(InputError::Label { error: LabelError::BadCharacter { position: 5 }, .. })
        ));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_valid_name_or_refused(typed in "\\PC{0,80}") {
            match read(&typed) {
                Ok(input) => {
                    prop_assert!(split_name(&input.name).is_ok());
                    prop_assert_eq!(read(&input.name).unwrap().name, input.name);
                }
                Err(error) => prop_assert!(error.to_string().contains("cannot be a name")),
            }
        }

        #[test]
        fn a_name_is_read_as_itself(typed in "([a-z0-9]{1,20}\\.)?[a-z0-9]{3,40}") {
            prop_assert_eq!(read(&typed).unwrap().name, typed);
        }
    }
}
