//! Parses the host of a request.

use meganet_primitives::{name::split_name, object::ObjectId};

/// The domain below which every name has its own origin, so that sites cannot read each other's data. Browsers resolve
/// `*.localhost` to this machine (RFC 6761).
pub const DOMAIN: &str = "mega.localhost";

/// The prefix of an object's id in a host that names one version of a site. No valid label has hyphens in its third and fourth
/// place, so it cannot be confused with a subname.
pub const VERSION_PREFIX: &str = "at--";

/// The target of a request, by its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A site, by its whole name, as in `alice` or `blog.alice`.
    Site(String),
    /// One version of a site.
    Version {
        /// The whole name.
        name: String,
        /// The object that contains its manifest.
        object: ObjectId,
    },
    /// An invalid host; the reason as a sentence for the reader.
    Bad(String),
    /// The gateway itself.
    Gateway,
}

/// Parses a `Host` header, in any case, with or without a port or trailing dot: `hello.mega.localhost:8080`,
/// `blog.hello.mega.localhost`, `at--OBJECT.hello.mega.localhost`.
pub fn target(host: &str) -> Target {
    let host = host.rsplit_once(':').map_or(host, |(host, _port)| host).trim_end_matches('.').to_ascii_lowercase();
    let Some(name) = host.strip_suffix(DOMAIN).and_then(|rest| rest.strip_suffix('.')) else { return Target::Gateway };
    let pinned = name.split_once('.').and_then(|(first, name)| Some((first.strip_prefix(VERSION_PREFIX)?, name)));
    let (object, name) = match pinned {
        Some((object, name)) => (Some(object), name),
        None => (None, name),
    };
    if let Err(error) = split_name(name) {
        return Target::Bad(format!("'{name}' is not a name: {error}."));
    }
    let name = name.to_string();
    match object.map(str::parse) {
        None => Target::Site(name),
        Some(Ok(object)) => Target::Version { name, object },
        Some(Err(_)) => Target::Bad(format!(
            "This host names no version of '{name}': after {VERSION_PREFIX} comes an object id, as in the header \
             X-Mega-Object."
        )),
    }
}

/// Returns true if a `Host` header names the gateway: this machine, or the domain of all names.
pub fn is_own(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(host, _port)| host);
    meganet_http::is_plain_host(host) || name.trim_end_matches('.').eq_ignore_ascii_case(DOMAIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_host_names_a_site_or_the_gateway() {
        let site = |label: &str| Target::Site(label.into());
        assert_eq!(target("hello.mega.localhost:8080"), site("hello"));
        assert_eq!(target("HELLO.mega.localhost."), site("hello"));
        assert_eq!(target("blog.hello.mega.localhost"), site("blog.hello"));
        assert_eq!(target("a.Hello.mega.localhost:80"), site("a.hello"));
        for gateway in ["mega.localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "", "notmega.localhost"] {
            assert_eq!(target(gateway), Target::Gateway, "{gateway}");
        }
    }

    #[test]
    fn what_no_site_can_have_is_told_why() {
        for (host, why) in [
            ("-x-.mega.localhost", "hyphen"),
            ("ab.mega.localhost", "at least 3"),
            ("a.b.mega.localhost", "at least 3"),
            ("a.b.hello.mega.localhost", "at most one dot"),
            (".hello.mega.localhost", "empty"),
            ("xn--bcher-kva.mega.localhost", "third and fourth"),
            ("at--12.hello.mega.localhost", "no version of 'hello'"),
            ("at--12.-.mega.localhost", "'-' is not a name"),
        ] {
            let Target::Bad(text) = target(host) else { panic!("{host}") };
            assert!(text.contains(why), "{host}: {text}");
        }
    }

    #[test]
    fn a_host_names_a_version() {
        let object = ObjectId([7; 32]);
        let version = |name: &str| Target::Version { name: name.into(), object };
        assert_eq!(target(&format!("at--{object}.hello.mega.localhost:1")), version("hello"));
        assert_eq!(target(&format!("AT--{object}.blog.hello.mega.localhost")), version("blog.hello"));
        // A label of a host name has 63 characters at most.
        assert!(VERSION_PREFIX.len() + object.to_string().len() <= 63);
    }

    proptest! {
        #[test]
        fn no_host_panics(host in ".*", label in "[a-z.-]{0,20}") {
            let _ = target(&host);
            let _ = target(&format!("{label}.{DOMAIN}"));
        }
    }
}
