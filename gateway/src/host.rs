//! Which site a request is for.

use meganet_primitives::name::check_label;

/// The domain below which every name has an origin of its own, so that sites cannot read each other's data. Browsers take
/// `*.localhost` for this machine (RFC 6761).
pub const DOMAIN: &str = "mega.localhost";

/// What the `Host` of a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A site, by its label.
    Site(String),
    /// A label that no site can have.
    BadLabel(String),
    /// The gateway itself.
    Gateway,
}

/// Reads a `Host` header: `hello.mega.localhost:8080`, in any case, with or without a port or a dot at the end.
pub fn target(host: &str) -> Target {
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name).trim_end_matches('.').to_ascii_lowercase();
    match name.strip_suffix(DOMAIN).and_then(|rest| rest.strip_suffix('.')) {
        Some(label) if check_label(label.as_bytes()).is_ok() => Target::Site(label.to_string()),
        Some(label) => Target::BadLabel(label.to_string()),
        None => Target::Gateway,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_a_site_or_the_gateway() {
        let site = |label: &str| Target::Site(label.into());
        assert_eq!(target("hello.mega.localhost:8080"), site("hello"));
        assert_eq!(target("HELLO.mega.localhost."), site("hello"));
        assert_eq!(target("a.b.mega.localhost"), Target::BadLabel("a.b".into()));
        assert_eq!(target("-x-.mega.localhost"), Target::BadLabel("-x-".into()));
        for gateway in ["mega.localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "", "notmega.localhost"] {
            assert_eq!(target(gateway), Target::Gateway, "{gateway}");
        }
    }
}
