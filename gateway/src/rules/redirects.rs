//! `_redirects`: what to answer for paths that no file of the site has.
//!
//! The file is that of the IPFS gateways' specification, which is a part of Netlify's: `FROM TO [STATUS]` on each line, 301
//! where no status stands; the first rule that fits is taken; files come before rules.

use super::{
    MAX_RULES, Rules,
    pattern::{SPLAT, Segments, is_name},
};
use crate::page::REDIRECTS;
use axum::http::{StatusCode, Uri};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters of the longest target that comes out of a rule: browsers and proxies take no more.
pub const MAX_LOCATION: usize = 8 << 10;

/// What is escaped of a target as it stands in the file; '%' is not, since what is escaped already stays as it is. Browsers
/// take '\' for '/'.
const TARGET: &AsciiSet =
    &CONTROLS.add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');
/// What is escaped of what a path put into a target: all that could be more than a name or a folder there.
const CAPTURE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The rules of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirects {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    from: Segments,
    to: Template,
    status: StatusCode,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answer with the file at a path of the site (as in a URL), and this status: 200, 404, 410 or 451.
    Page {
        /// The path, with its first '/'.
        path: String,
        /// The status.
        status: StatusCode,
    },
    /// Send the reader elsewhere.
    Redirect {
        /// Where: a path of this site with its first '/', or a whole http or https URL.
        location: String,
        /// 301, 302, 303, 307 or 308.
        status: StatusCode,
    },
    /// The target would be longer than [`MAX_LOCATION`].
    TooLong,
}

impl Redirects {
    /// What the first rule says that fits a decoded path (without its first '/'). The request's query goes with a redirect
    /// whose target has none.
    pub fn apply(&self, path: &str, query: Option<&str>) -> Option<Outcome> {
        let (rule, captures) = self.rules.iter().find_map(|rule| Some((rule, rule.from.captures(path)?)))?;
        let status = rule.status;
        Some(match rule.to.expand(&captures, query.filter(|_| status.is_redirection())) {
            None => Outcome::TooLong,
            Some(location) if status.is_redirection() => Outcome::Redirect { location, status },
            Some(path) => Outcome::Page { path, status },
        })
    }
}

impl Rules for Redirects {
    const FILE: &'static str = REDIRECTS;

    fn take(&mut self, line: &str) -> Result<(), String> {
        if self.rules.len() == MAX_RULES {
            return Err(format!("a site has {MAX_RULES} rules at most: use '*' and placeholders"));
        }
        self.rules.push(rule(line)?);
        Ok(())
    }

    fn count(&self) -> usize {
        self.rules.len()
    }
}

fn rule(line: &str) -> Result<Rule, String> {
    let mut words = line.split_whitespace();
    let (Some(from), Some(to)) = (words.next(), words.next()) else {
        return Err("a rule has a path and a target: FROM TO [STATUS]".into());
    };
    let rest: Vec<&str> = words.take_while(|word| !word.starts_with('#')).collect();
    let status = match rest.as_slice() {
        [] => StatusCode::MOVED_PERMANENTLY,
        [word] => status(word)?,
        [_, more, ..] => return Err(format!("'{more}' is too much: a rule is FROM TO [STATUS]")),
    };
    let (from, names) = Segments::parse(from)?;
    let to = Template::parse(to, &names)?;
    if !status.is_redirection() && !to.is_plain_path() {
        return Err(format!("with status {} the target is a path of this site, without a query", status.as_u16()));
    }
    Ok(Rule { from, to, status })
}

fn status(word: &str) -> Result<StatusCode, String> {
    if word.ends_with('!') {
        return Err(format!("'{word}': rules cannot be forced, a file always comes first: remove the '!'"));
    }
    match word {
        "200" => Ok(StatusCode::OK),
        "301" => Ok(StatusCode::MOVED_PERMANENTLY),
        "302" => Ok(StatusCode::FOUND),
        "303" => Ok(StatusCode::SEE_OTHER),
        "307" => Ok(StatusCode::TEMPORARY_REDIRECT),
        "308" => Ok(StatusCode::PERMANENT_REDIRECT),
        "404" => Ok(StatusCode::NOT_FOUND),
        "410" => Ok(StatusCode::GONE),
        "451" => Ok(StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS),
        _ => Err(format!("'{word}' is no status of a rule: use 200, 301, 302, 303, 307, 308, 404, 410 or 451")),
    }
}

/// Where a rule leads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Template {
    /// `https://host`; empty for a path of this site.
    origin: String,
    path: Vec<Part>,
    /// With its '?'.
    query: Vec<Part>,
    /// With its '#'.
    fragment: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// As it is in a URL.
    Literal(String),
    /// What the rule's pattern captured, by its place.
    Capture(usize),
}

impl Template {
    fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        if text.starts_with("//") {
            return Err(format!("'{text}' would lead to another host: write https:{text}, or one slash"));
        }
        let (origin, rest) = match text.find("://") {
            _ if text.starts_with('/') => (String::new(), text),
            Some(colon) => {
                let end = text[colon + 3..].find(['/', '?', '#']).map_or(text.len(), |end| colon + 3 + end);
                (check_origin(&text[..end])?, &text[end..])
            }
            None => return Err(format!("'{text}' is no target: begin it with '/', or with https://")),
        };
        let (rest, fragment) = split_before(rest, '#');
        let (path, query) = split_before(rest, '?');
        if path.split('/').any(|part| part == "." || part == "..") {
            return Err(format!("'{text}' has '.' or '..' in it: write where it leads to"));
        }
        let parts = |text| parts(text, names);
        Ok(Template { origin, path: parts(path)?, query: parts(query)?, fragment: parts(fragment)? })
    }

    /// Whether it is a path of this site and nothing else.
    fn is_plain_path(&self) -> bool {
        self.origin.is_empty() && self.query.is_empty() && self.fragment.is_empty()
    }

    /// The target for what was captured; `None` if it is too long.
    fn expand(&self, captures: &[&str], query: Option<&str>) -> Option<String> {
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
    let problem = || format!("'{text}' is no http or https origin: a target is a path, or https://HOST/PATH");
    let uri: Uri = text.parse().map_err(|_| problem())?;
    let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(problem()) };
    let port = authority.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let host = authority.host();
    // A user in it would only make it look like another host; and what is no port is taken for one nowhere.
    if host.is_empty() || format!("{host}{port}") != authority.as_str() {
        return Err(problem());
    }
    Ok(text.to_ascii_lowercase())
}

/// A text up to a mark, and from the mark on.
fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

/// Finds the placeholders of a part of a target. A name that the pattern does not have is an error where a part of the path
/// begins with it, and elsewhere just text, as in `/wiki/Special:Search`.
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
                return Err(format!("':{name}' stands for nothing: {hint}, or write %3A for a colon"));
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

/// What was collected, escaped.
fn flush(literal: &mut String) -> Option<Part> {
    let text = std::mem::take(literal);
    (!text.is_empty()).then(|| Part::Literal(utf8_percent_encode(&text, TARGET).to_string()))
}

/// Appends parts; `None` once it is too long, so that a target with many placeholders takes no memory.
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

#[cfg(test)]
#[path = "redirects/tests.rs"]
mod tests;
