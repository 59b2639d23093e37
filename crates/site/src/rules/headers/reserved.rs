//! Headers that a site cannot set.

use http::{HeaderName, HeaderValue};

/// Headers that only the gateway sets: framing, ranges and digests, and those that affect the whole gateway.
const RESERVED: &[&str] = &[
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "connection",
    "content-digest",
    "content-length",
    "content-range",
    "date",
    "digest",
    "etag",
    "keep-alive",
    "last-modified",
    "location",
    "proxy-connection",
    "repr-digest",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-content-type-options",
];
/// The prefix of the gateway's own headers.
const GATEWAY_PREFIX: &str = "x-mega-";
/// Headers by which other hosts protect files with a password.
const PASSWORDS: &[&str] = &["basic-auth", "proxy-authenticate", "www-authenticate"];
/// Types of `Clear-Site-Data` that would clear the cookies of all names below the gateway's domain. A placeholder could be any.
const OF_THE_DOMAIN: &[&str] = &["\"cookies\"", "\"*\"", ":"];

/// How a line about a header is taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It applies.
    Applies,
    /// The gateway sets the header to this value anyway.
    Redundant,
    /// It is ignored, with a note.
    Ignored(String),
}

/// Decides about a line that sets a header to a value, or removes it (`None`).
///
/// # Errors
/// A sentence on why ignoring the line would be unsafe.
pub(super) fn effect(name: &HeaderName, value: Option<&HeaderValue>) -> Result<Effect, String> {
    if PASSWORDS.contains(&name.as_str()) {
        return Err(format!(
            "{name} protects nothing here, because everyone can read the files of a site: remove the line, which may contain a \
             password, and the files that it protects"
        ));
    }
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    Ok(match name.as_str() {
        "x-content-type-options" if text == "nosniff" => Effect::Redundant,
        "clear-site-data" if OF_THE_DOMAIN.iter().any(|kind| text.contains(kind)) => Effect::Ignored(
            "the line is ignored: it would clear the cookies of all sites of the gateway. Name other types, such as \"storage\""
                .into(),
        ),
        name if RESERVED.contains(&name) || name.starts_with(GATEWAY_PREFIX) => {
            Effect::Ignored(format!("the line is ignored: only the gateway can set {name}"))
        }
        _ => Effect::Applies,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_reserved_header_is_ignored_unless_that_is_unsafe() {
        let table = [
            ("x-content-type-options", "nosniff", "redundant"),
            ("x-content-type-options", "NoSniff", "redundant"),
            ("x-content-type-options", "sniff", "ignored"),
            ("strict-transport-security", "max-age=63072000; includeSubDomains; preload", "ignored"),
            ("content-length", "7", "ignored"),
            ("etag", "\"x\"", "ignored"),
            ("set-cookie", "a=b", "ignored"),
            ("x-mega-name", "x", "ignored"),
            ("clear-site-data", "\"cache\", \"cookies\"", "ignored"),
            ("clear-site-data", "\"*\"", "ignored"),
            ("clear-site-data", "\":splat\"", "ignored"),
            ("clear-site-data", "\"storage\"", "applies"),
            ("content-security-policy", "default-src 'self'", "applies"),
            ("x-frame-options", "DENY", "applies"),
            ("basic-auth", "user:secret", "refused"),
            ("www-authenticate", "Basic", "refused"),
        ];
        for (name, value, expected) in table {
            let got = match effect(&HeaderName::from_static(name), Some(&value.parse().unwrap())) {
                Ok(Effect::Applies) => "applies",
                Ok(Effect::Redundant) => "redundant",
                Ok(Effect::Ignored(_)) => "ignored",
                Err(_) => "refused",
            };
            assert_eq!(got, expected, "{name}: {value}");
        }
        let removal = effect(&HeaderName::from_static("x-content-type-options"), None).unwrap();
        assert!(matches!(removal, Effect::Ignored(_)), "it would let browsers guess types");
    }
}
