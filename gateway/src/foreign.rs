//! Redirects for names that point into another network.

use axum::http::Uri;
use cid::{Cid, multibase::Base};
use meganet_primitives::content::ForeignRef;
use std::{fmt, str::FromStr};

/// The multicodec of libp2p keys, which name content in IPNS. They are written in base 36 to fit into a host name.
const LIBP2P_KEY: u64 = 0x72;
/// The most characters in a label of a host name.
const MAX_HOST_LABEL: usize = 63;

const CID: &str = "{cid}";
const NETWORK: &str = "{network}";
const PATH: &str = "/{path}";

/// Returns the CID of a reference into IPFS or IPNS, in the case-insensitive form that fits into host names.
fn cid(content: &ForeignRef) -> Option<String> {
    let (network, bytes) = content.parts()?;
    if !matches!(network, "ipfs" | "ipns") {
        return None;
    }
    let cid = Cid::try_from(bytes).ok()?;
    // Cid ignores bytes after the CID.
    if cid.encoded_len() != bytes.len() {
        return None;
    }
    let cid = cid.into_v1().ok()?;
    let base = if cid.codec() == LIBP2P_KEY { Base::Base36Lower } else { Base::Base32Lower };
    cid.to_string_of_base(base).ok()
}

/// The URL template of a gateway to another network: it contains `{cid}` and ends in `/{path}`. With `{network}` (`ipfs` or
/// `ipns`) it serves both networks, without it IPFS only.
///
/// `https://{cid}.ipfs.example/{path}`, `https://{cid}.{network}.example/{path}`, `https://example/{network}/{cid}/{path}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignGateway {
    /// The template without the path at its end.
    base: String,
}

/// A text is not a valid [`ForeignGateway`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a foreign gateway must be an http or https URL that contains {{cid}} and ends in /{{path}}, as in https://{{cid}}.ipfs.example/{{path}}"
)]
pub struct ForeignGatewayError;

impl FromStr for ForeignGateway {
    type Err = ForeignGatewayError;

    fn from_str(text: &str) -> Result<Self, ForeignGatewayError> {
        let base = text.strip_suffix(PATH).ok_or(ForeignGatewayError)?;
        let gateway = ForeignGateway { base: base.into() };
        // With a letter in place of each placeholder, it must be a plain URL.
        let uri: Uri = gateway.fill("c", "n").parse().map_err(|_| ForeignGatewayError)?;
        let plain = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.query().is_none();
        let leftover = gateway.fill("", "").contains(['{', '}', '#', '\\']);
        if plain && !leftover && base.matches(CID).count() == 1 { Ok(gateway) } else { Err(ForeignGatewayError) }
    }
}

impl fmt::Display for ForeignGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{PATH}", self.base)
    }
}

impl ForeignGateway {
    fn fill(&self, cid: &str, network: &str) -> String {
        self.base.replace(CID, cid).replace(NETWORK, network)
    }

    /// Returns the URL of a path below a reference; `None` if this gateway cannot serve the reference. The path begins with '/'
    /// and contains no `..` segments.
    pub fn url(&self, content: &ForeignRef, path: &str, query: Option<&str>) -> Option<String> {
        let (network, _) = content.parts()?;
        if network != "ipfs" && !self.base.contains(NETWORK) {
            return None;
        }
        let cid = cid(content)?;
        if cid.len() > MAX_HOST_LABEL && self.is_in_host() {
            return None;
        }
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}/{}{query}", self.fill(&cid, network), path.strip_prefix('/').unwrap_or(path)))
    }

    fn is_in_host(&self) -> bool {
        let after = self.base.find("://").map_or(0, |scheme| scheme + 3);
        let host = self.base[after..].split('/').next().unwrap_or_default();
        host.contains(CID)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// ENSIP-7's example: a directory in IPFS.
    const IPFS: &str = "e3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f";
    const IPFS_CID: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";

    fn reference(bytes: &str) -> ForeignRef {
        ForeignRef::new(hex::decode(bytes).unwrap()).unwrap()
    }

    fn gateway(template: &str) -> ForeignGateway {
        template.parse().unwrap()
    }

    #[test]
    fn a_cid_of_ipfs_leads_to_a_gateway() {
        let content = reference(IPFS);
        let url = |template: &str, path, query| gateway(template).url(&content, path, query).unwrap();
        assert_eq!(url("https://{cid}.ipfs.example/{path}", "/", None), format!("https://{IPFS_CID}.ipfs.example/"));
        assert_eq!(
            url("http://x.example:81/{network}/{cid}/{path}", "/a%20b", Some("c")),
            format!("http://x.example:81/ipfs/{IPFS_CID}/a%20b?c")
        );
    }

    #[test]
    fn a_key_of_ipns_leads_where_ipns_is_known() {
        // An Ed25519 key: libp2p-key, identity, 36 bytes.
        let content = reference(&format!("e501017200240801122{}", "0".repeat(1 + 64)));
        assert_eq!(gateway("https://{cid}.ipfs.example/{path}").url(&content, "/", None), None);
        let url = gateway("https://{cid}.{network}.example/{path}").url(&content, "/x", None).unwrap();
        let key = url.strip_prefix("https://").unwrap().strip_suffix(".ipns.example/x").unwrap();
        assert!(key.starts_with('k') && key.len() <= MAX_HOST_LABEL, "{key}");
    }

    #[test]
    fn what_no_host_can_hold_or_no_cid_is_leads_nowhere() {
        let long = reference(&format!("e301015513{}{}", "40", "ab".repeat(64)));
        assert_eq!(gateway("https://{cid}.ipfs.example/{path}").url(&long, "/", None), None);
        assert!(gateway("https://ipfs.example/ipfs/{cid}/{path}").url(&long, "/", None).is_some());
        for bytes in ["e30101", &format!("{IPFS}00"), "e40101fa011b20ffff"] {
            let content = reference(bytes);
            assert_eq!(gateway("https://{network}.example/{cid}/{path}").url(&content, "/", None), None, "{bytes}");
        }
    }

    #[test]
    fn a_template_is_checked() {
        for bad in [
            "",
            "https://example.com",
            "https://example.com/{path}",
            "https://{cid}.example.com/",
            "https://{cid}.example.com{path}",
            "https://{cid}/{path}/x",
            "ftp://{cid}.example.com/{path}",
            "//{cid}.example.com/{path}",
            "https://me@{cid}.example.com/{path}",
            "https://{cid}.{cid}.example.com/{path}",
            "https://{cid}.{name}.example.com/{path}",
            "https://example.com/?x={cid}/{path}",
            "https://example.com/#{cid}/{path}",
        ] {
            assert_eq!(bad.parse::<ForeignGateway>(), Err(ForeignGatewayError), "{bad}");
        }
        let good = "https://{cid}.{network}.example.com:8443/x/{path}";
        assert_eq!(gateway(good).to_string(), good);
    }

    proptest! {
        #[test]
        fn no_reference_and_no_template_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), text in ".*") {
            let bytes = [vec![0xe3, 0x01], bytes].concat();
            if let Ok(content) = ForeignRef::new(bytes) {
                let _ = gateway("https://{cid}.ipfs.example/{path}").url(&content, "/", None);
            }
            let _ = text.parse::<ForeignGateway>();
        }
    }
}
