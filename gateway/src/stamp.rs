//! What every answer of a name says about itself.

use crate::source::{Evidence, Resolved};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use meganet_primitives::{name::NameStatus, object::ObjectId};

/// The whole name.
pub const NAME: HeaderName = HeaderName::from_static("x-mega-name");
/// The name's version, so that a reader can tell one from another.
pub const VERSION: HeaderName = HeaderName::from_static("x-mega-version");
/// The object that is the version, the same at every gateway.
pub const OBJECT: HeaderName = HeaderName::from_static("x-mega-object");
/// The block that the answer about the name is from.
pub const BLOCK: HeaderName = HeaderName::from_static("x-mega-block");
/// How that is known: `light`, `proof` or `rpc`.
pub const VERIFIED: HeaderName = HeaderName::from_static("x-mega-verified");
/// `active`, or `grace` where the name has run out and its owner should renew it.
pub const STATE: HeaderName = HeaderName::from_static("x-mega-state");

/// Says what is known of the name.
pub fn resolved(headers: &mut HeaderMap, resolved: &Resolved, object: Option<ObjectId>) {
    evidence(headers, &resolved.name, resolved.evidence);
    headers.insert(VERSION, resolved.version.into());
    headers.insert(STATE, HeaderValue::from_static(state(resolved.status)));
    if let Some(object) = object.and_then(|object| HeaderValue::from_str(&object.to_string()).ok()) {
        headers.insert(OBJECT, object);
    }
}

/// Says on what an answer about a name relies.
pub fn evidence(headers: &mut HeaderMap, name: &str, evidence: Evidence) {
    if let Ok(name) = HeaderValue::from_str(name) {
        headers.insert(NAME, name);
    }
    headers.insert(VERIFIED, HeaderValue::from_static(evidence.verified.as_str()));
    headers.insert(BLOCK, evidence.block.into());
}

fn state(status: NameStatus) -> &'static str {
    match status {
        NameStatus::Active => "active",
        NameStatus::Grace => "grace",
        NameStatus::Premium => "premium",
        NameStatus::Lapsed => "lapsed",
    }
}
