//! Lines of `_redirects`, as this gateway, Netlify and Cloudflare Pages write them.

use super::{Rule, template::Template};
use crate::rules::pattern::Segments;
use http::StatusCode;

/// A valid line.
pub(super) enum Line {
    Rule(Rule),
    /// A rule that never applies at a gateway, and why.
    Ignored(String),
}

/// Parses `FROM [PARAMETER=VALUE …] TO [STATUS[!]] [CONDITION=VALUE …] [# comment]`.
pub(super) fn parse(number: usize, text: &str) -> Result<Line, String> {
    let mut words = text.split_whitespace().take_while(|word| !word.starts_with('#')).peekable();
    let from = words.next().unwrap_or_default();
    if from.starts_with("https://") || from.starts_with("http://") {
        let note = "the rule is ignored: it is for another host. If it is meant for this site, write only its path";
        return Ok(Line::Ignored(note.into()));
    }
    if let Some(parameter) = words.peek().filter(|word| is_assignment(word)) {
        return Err(format!("rules match paths only, not the query: remove '{parameter}', or the rule"));
    }
    let Some(to) = words.next() else {
        return Err("a rule needs a path and a target: FROM TO [STATUS]".into());
    };
    let (status, is_forced) = match words.next_if(|word| !is_assignment(word)) {
        Some(word) => (status(word.strip_suffix('!').unwrap_or(word))?, word.ends_with('!')),
        None => (StatusCode::MOVED_PERMANENTLY, false),
    };
    let ignored = condition(words)?;
    let (from, names) = Segments::parse(from)?;
    let to = Template::parse(to, &names)?;
    if !status.is_redirection() && !to.is_plain_path() {
        return Err(format!(
            "with status {} the target must be a path of this site, without a query, because gateways forward no requests to \
             other servers: change the target, or use 302 to redirect",
            status.as_u16()
        ));
    }
    Ok(ignored.map_or(Line::Rule(Rule { line: number, from, to, status, is_forced }), Line::Ignored))
}

/// Returns true for `NAME=VALUE`, which neither a target nor a status is.
fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    })
}

/// Checks the conditions at the end of a rule. Returns a note if they can never hold.
fn condition<'t>(words: impl Iterator<Item = &'t str>) -> Result<Option<String>, String> {
    let mut note = None;
    for word in words {
        match word.split_once('=').map(|(name, _)| name.to_ascii_lowercase()).as_deref() {
            Some("country" | "language" | "cookie") => {
                note = Some(format!("the rule is ignored: gateways answer all readers alike, whatever their '{word}'"));
            }
            Some("role") => {
                return Err(format!(
                    "gateways know no roles, so '{word}' protects nothing, and everyone can read the files of a site: remove the \
                     rule, and the files that it protects"
                ));
            }
            _ => return Err(format!("'{word}' is one field too many: a rule is FROM TO [STATUS]")),
        }
    }
    Ok(note)
}

fn status(word: &str) -> Result<StatusCode, String> {
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
        _ => Err(format!("'{word}' is not a supported status: use 200, 301, 302, 303, 307, 308, 404, 410 or 451")),
    }
}
