//! Targets of redirects and rewrites, with placeholders.

use super::MAX_LOCATION;
use crate::rules::pattern::{CAPTURE, SPLAT, is_name};
use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Percent-encoded in the literal text of a target. '%' is not, so that escapes in the file stay as they are; '\' is, because
/// browsers treat it as '/'.
const TARGET: &AsciiSet =
    &CONTROLS.add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// The target of a rule, with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// `https://host`; empty for a path of this site.
    origin: String,
    path: Vec<Part>,
    /// Includes the '?'.
    query: Vec<Part>,
    /// Includes the '#'.
    fragment: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Text, percent-encoded.
    Literal(String),
    /// The index of a capture of the rule's pattern.
    Capture(usize),
}

impl Template {
    pub(super) fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        if text.starts_with("//") {
            return Err(format!(
                "'{text}' would lead to another host: write https:{text} if that is meant, or a single slash"
            ));
        }
        let (origin, rest) = match text.find("://") {
            _ if text.starts_with('/') => (String::new(), text),
            Some(colon) => {
                let end = text[colon + 3..].find(['/', '?', '#']).map_or(text.len(), |end| colon + 3 + end);
                (check_origin(&text[..end])?, &text[end..])
            }
            None => return Err(format!("'{text}' is not a valid target: begin it with '/' or https://")),
        };
        let (rest, fragment) = split_before(rest, '#');
        let (path, query) = split_before(rest, '?');
        if path.split('/').any(|part| part == "." || part == "..") {
            return Err(format!("'{text}' contains '.' or '..': write the path that it resolves to"));
        }
        let parts = |text| parts(text, names);
        Ok(Template { origin, path: parts(path)?, query: parts(query)?, fragment: parts(fragment)? })
    }

    /// Returns true for a path of this site without query and fragment.
    pub(super) fn is_plain_path(&self) -> bool {
        self.origin.is_empty() && self.query.is_empty() && self.fragment.is_empty()
    }

    /// Inserts captures; `None` if the result is longer than [`MAX_LOCATION`].
    pub(super) fn expand(&self, captures: &[&str], query: Option<&str>) -> Option<String> {
        let mut out = String::new();
        expand_into(&mut out, &self.path, captures)?;
        if self.origin.is_empty() {
            // A capture can begin with a slash, and two slashes at the beginning would name another host.
            out = format!("/{}", out.trim_start_matches('/'));
        } else {
            out.insert_str(0, &self.origin);
        }
        if self.query.is_empty() {
            for text in query.iter().flat_map(|query| ["?", query]) {
                out.push_str(text);
            }
        }
        expand_into(&mut out, &self.query, captures)?;
        expand_into(&mut out, &self.fragment, captures)?;
        (out.len() <= MAX_LOCATION).then_some(out)
    }
}

/// Checks `scheme://host[:port]`.
fn check_origin(text: &str) -> Result<String, String> {
    let problem = || format!("'{text}' is not an http or https origin: a target is a path, or https://HOST/PATH");
    let uri: Uri = text.parse().map_err(|_| problem())?;
    let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(problem()) };
    let port = authority.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let host = authority.host();
    // A user name would only disguise the host, and an invalid port is ignored by some parsers.
    if host.is_empty() || format!("{host}{port}") != authority.as_str() {
        return Err(problem());
    }
    Ok(text.to_ascii_lowercase())
}

/// Splits a text before the first mark.
fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

/// Splits text of a target at its placeholders. A placeholder that the pattern does not capture is an error at the beginning of
/// a path segment, and plain text elsewhere, as in `/wiki/Special:Search`.
fn parts(text: &str, names: &[&str]) -> Result<Vec<Part>, String> {
    let (mut parts, mut literal) = (Vec::new(), String::new());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, after) = (&rest[..colon], &rest[colon + 1..]);
        let end = after.find(|mark: char| !mark.is_ascii_alphanumeric() && mark != '_').unwrap_or(after.len());
        let name = &after[..end];
        literal.push_str(before);
        match names.iter().position(|known| *known == name) {
            Some(place) => {
                parts.extend(flush(&mut literal));
                parts.push(Part::Capture(place));
            }
            None if before.ends_with('/') && is_name(name) => {
                let hint = if name == SPLAT { "end the path with '/*'" } else { "name it in the path" };
                return Err(format!("':{name}' is not captured: {hint}, or write %3A for a colon"));
            }
            None => {
                literal.push(':');
                literal.push_str(name);
            }
        }
        rest = &after[end..];
    }
    literal.push_str(rest);
    parts.extend(flush(&mut literal));
    Ok(parts)
}

/// Takes the text collected so far, percent-encoded.
fn flush(literal: &mut String) -> Option<Part> {
    let text = std::mem::take(literal);
    (!text.is_empty()).then(|| Part::Literal(utf8_percent_encode(&text, TARGET).to_string()))
}

/// Appends parts; `None` once the result is too long, so that a target with many placeholders takes no memory.
fn expand_into(out: &mut String, parts: &[Part], captures: &[&str]) -> Option<()> {
    for part in parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Capture(place) => out.extend(utf8_percent_encode(captures.get(*place)?, CAPTURE)),
        }
        if out.len() > MAX_LOCATION {
            return None;
        }
    }
    Some(())
}
