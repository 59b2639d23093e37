//! Text of others: on a terminal control characters are commands, and everywhere characters that change the direction of text make
//! one name look like another.

use std::borrow::Cow;

/// Text of others, such as the name of a file, on one line of a terminal or page: control characters, which could move the cursor or
/// clear the screen, and characters that change the direction of text or break a line are escaped like `\u{1b}`.
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, is_command, |c| format!("\\u{{{:x}}}", u32::from(c)))
}

/// As [`shown`], for a whole result or error: its own line feeds and tabs are kept.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, is_inner_command, |c| format!("\\u{{{:x}}}", u32::from(c)))
}

/// A JSON document with the same content, in which these characters are escaped as JSON escapes them.
pub fn shown_json(json: &str) -> Cow<'_, str> {
    // All of them are inside strings, and none is outside the Basic Multilingual Plane.
    escaped(json, is_inner_command, |c| format!("\\u{:04x}", u32::from(c)))
}

fn escaped(text: &str, is_escaped: fn(char) -> bool, escape: fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_escaped(c) { out.push_str(&escape(c)) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// C0, DEL and C1; marks, embeddings, overrides and isolates of direction; line and paragraph separators.
fn is_command(c: char) -> bool {
    let direction =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || direction || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_inner_command(c: char) -> bool {
    is_command(c) && !matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_everything_else_is_kept() {
        for (text, expected) in [
            ("plain text, Grüße, 日本語, 👍", "plain text, Grüße, 日本語, 👍"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\rb\nc\td\u{7}\0", "a\\u{d}b\\u{a}c\\u{9}d\\u{7}\\u{0}"),
            ("\u{7f}\u{80}\u{9b}1m\u{9f}", "\\u{7f}\\u{80}\\u{9b}1m\\u{9f}"),
            ("\u{202e}gpj.exe\u{202c}", "\\u{202e}gpj.exe\\u{202c}"),
            ("\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", "\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}"),
            ("\u{2028}\u{2029}\u{85}", "\\u{2028}\\u{2029}\\u{85}"),
            // Neighbours of the escaped ranges.
            (
                "\u{a0}\u{200d}\u{2010}\u{2027}\u{202f}\u{2065}\u{206a}",
                "\u{a0}\u{200d}\u{2010}\u{2027}\u{202f}\u{2065}\u{206a}",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
            assert_eq!(shown(&shown(text)), expected, "twice is once");
        }
        assert!(matches!(shown("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_result_keeps_its_lines() {
        assert_eq!(shown_lines("a\n\tb\r\n\u{1b}c\u{2028}"), "a\n\tb\\u{d}\n\\u{1b}c\\u{2028}");
    }

    #[test]
    fn json_keeps_its_content() {
        let json = "{\n  \"name\": \"a\u{9b}b\u{202e}\u{7f}\"\n}";
        assert_eq!(shown_json(json), "{\n  \"name\": \"a\\u009bb\\u202e\\u007f\"\n}");
    }
}
