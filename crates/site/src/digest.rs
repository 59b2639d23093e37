//! Digests of bodies (RFC 9530).

use data_encoding::BASE64;
use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

/// The header with the digest of the bytes in the response.
pub const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
/// The header with the digest of the whole file, also where the response carries a part of it or nothing.
pub const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Returns a SHA-256 as the value of either header. It is never `None`: base64 is ASCII.
pub fn digest_value(sha256: &[u8; 32]) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("sha-256=:{}:", BASE64.encode(sha256))).ok()
}

/// Returns the SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_is_written_as_the_standard_does() {
        // RFC 9530, appendix B.1: {"hello": "world"} and a line feed.
        let value = digest_value(&sha256(b"{\"hello\": \"world\"}\n")).unwrap();
        assert_eq!(value, "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
    }
}
