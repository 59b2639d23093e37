//! The `X-Mega-` headers: how the name of a response was resolved.

use crate::source::{Evidence, NameState};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use meganet_primitives::{name::NameStatus, object::ObjectId};

/// The whole name.
pub const NAME: HeaderName = HeaderName::from_static("x-mega-name");
/// How often the content of the name has changed.
pub const VERSION: HeaderName = HeaderName::from_static("x-mega-version");
/// The object that contains the version's manifest, the same at every gateway.
pub const OBJECT: HeaderName = HeaderName::from_static("x-mega-object");
/// The block in which the name was resolved.
pub const BLOCK: HeaderName = HeaderName::from_static("x-mega-block");
/// How the resolution was verified: `light`, `proof` or `rpc`.
pub const VERIFIED: HeaderName = HeaderName::from_static("x-mega-verified");
/// `active`, or `grace` if the name has expired and its owner should renew it.
pub const STATE: HeaderName = HeaderName::from_static("x-mega-state");

/// Adds the headers for a name that points to something.
pub fn add_state(headers: &mut HeaderMap, state: &NameState, object: Option<ObjectId>) {
    add_evidence(headers, &state.name, state.evidence);
    headers.insert(VERSION, state.version.into());
    headers.insert(STATE, HeaderValue::from_static(state.status.map_or("lapsed", NameStatus::name)));
    if let Some(object) = object.and_then(|object| HeaderValue::from_str(&object.to_string()).ok()) {
        headers.insert(OBJECT, object);
    }
}

/// Adds the headers for any answer about a name, also that it does not exist.
pub fn add_evidence(headers: &mut HeaderMap, name: &str, evidence: Evidence) {
    if let Ok(name) = HeaderValue::from_str(name) {
        headers.insert(NAME, name);
    }
    headers.insert(VERIFIED, HeaderValue::from_static(evidence.verified.name()));
    headers.insert(BLOCK, evidence.block.into());
}
