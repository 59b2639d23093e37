//! Links: names and objects as text that people exchange.
//!
//! - `meganet://NAME/PATH` is a file of a site, its path percent-encoded. The name is a label, or a label below one.
//! - `meganet://o/ID#KEY` is an object and the key that opens it. `ID` holds the object's id, its group and its
//!   length; `KEY` is in the fragment, which browsers never send. Both carry four check bytes, and those of the
//!   key also cover the object, so a mistyped link, or a key with another link's id, is refused. `http://HOST/o/ID#KEY`
//!   of a gateway is the same link.

use crate::{
    GroupId,
    content::{ContentRef, ReadKey},
    hash::{Tag, tagged},
    manifest::{PathError, check_path},
    name::{LabelError, split_name},
    object::{ObjectId, plain_len},
    text::{base32, from_base32, serde_as_text},
};
use alloc::{string::String, vec::Vec};
use core::{fmt, str::FromStr};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The beginning of every link.
pub const SCHEME: &str = "meganet://";
/// In place of a name: too short to be one.
const OBJECT_MARK: &str = "o/";
/// Check bytes of each part.
const CHECK_LEN: usize = 4;
/// Everything but RFC 3986's unreserved characters and `/` is percent-encoded in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// A name, and a file or folder of its site.
    Name {
        /// The name: `alice` or `blog.alice`.
        name: String,
        /// The path; empty for the site itself, with a `/` at the end where a folder is meant.
        path: String,
    },
    /// An object.
    Object {
        /// The object.
        object: ObjectId,
        /// The group that holds its shards.
        group: GroupId,
        /// Its sealed bytes.
        sealed_len: u64,
        /// Its key; `None` if it is passed on in another way.
        key: Option<ReadKey>,
    },
}

/// Why a text is not a link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not begin like a link.
    #[error("this is not a link: a link is meganet://NAME/PATH or meganet://o/ID#KEY")]
    NotALink,
    /// The check bytes of the object's part do not fit.
    #[error("the link is mistyped or cut off: copy it again, whole")]
    Mistyped,
    /// The check bytes of the key do not fit, or it belongs to another link.
    #[error("the key after # is mistyped, cut off or from another link: copy the link again, whole")]
    MistypedKey,
    /// The name is invalid.
    #[error("the link's name is wrong: {0}")]
    Label(#[from] LabelError),
    /// The path is invalid.
    #[error("the link's path is wrong: {0}")]
    Path(#[from] PathError),
    /// The path's percent-encoding is not that of UTF-8.
    #[error("the link's path is not percent-encoded UTF-8: copy it again, whole")]
    Encoding,
}

impl Link {
    /// Makes the link to a name's site or to a file of it.
    ///
    /// # Errors
    /// [`LinkError::Label`] or [`LinkError::Path`].
    pub fn name(name: &str, path: &str) -> Result<Self, LinkError> {
        split_name(name)?;
        if !path.is_empty() {
            check_path(path.strip_suffix('/').unwrap_or(path))?;
        }
        Ok(Self::Name { name: name.into(), path: path.into() })
    }

    /// Returns the object that the link refers to; `None` for a name.
    pub fn content(&self) -> Option<ContentRef> {
        match *self {
            Self::Name { .. } => None,
            Self::Object { object, group, sealed_len, key } => Some(ContentRef { object, group, sealed_len, key }),
        }
    }

    /// Makes an object's link from its two parts, as a gateway's page has them.
    ///
    /// # Errors
    /// [`LinkError::Mistyped`] or [`LinkError::MistypedKey`].
    pub fn from_parts(id: &str, key: Option<&str>) -> Result<Self, LinkError> {
        let payload = unchecked(id).ok_or(LinkError::Mistyped)?;
        let (body, check) = payload.split_last_chunk::<CHECK_LEN>().ok_or(LinkError::Mistyped)?;
        let (object, rest) = body.split_first_chunk::<32>().ok_or(LinkError::Mistyped)?;
        let (group, rest) = rest.split_first_chunk::<4>().ok_or(LinkError::Mistyped)?;
        let sealed_len = u64::from_le_bytes(rest.try_into().map_err(|_| LinkError::Mistyped)?);
        if *check != check_of(&[b"id", body]) || plain_len(sealed_len).is_err() {
            return Err(LinkError::Mistyped);
        }
        let object = ObjectId(*object);
        let key = key.map(|part| read_key(&object, part)).transpose()?;
        Ok(Self::Object { object, group: GroupId::from_le_bytes(*group), sealed_len, key })
    }
}

impl From<ContentRef> for Link {
    fn from(content: ContentRef) -> Self {
        let ContentRef { object, group, sealed_len, key } = content;
        Self::Object { object, group, sealed_len, key }
    }
}

/// Returns the part of an object's link that identifies the object.
pub fn object_id_part(object: &ObjectId, group: GroupId, sealed_len: u64) -> String {
    let body = [object.0.as_slice(), &group.to_le_bytes(), &sealed_len.to_le_bytes()].concat();
    base32(&[body.as_slice(), &check_of(&[b"id", &body])].concat())
}

/// Returns the part of an object's link that opens it, the text after `#`.
pub fn key_part(object: &ObjectId, key: &ReadKey) -> String {
    base32(&[key.0.as_slice(), &check_of(&[b"key", &object.0, &key.0])].concat())
}

fn read_key(object: &ObjectId, part: &str) -> Result<ReadKey, LinkError> {
    let payload = unchecked(part).ok_or(LinkError::MistypedKey)?;
    let (key, check) = payload.split_first_chunk::<32>().ok_or(LinkError::MistypedKey)?;
    if check != check_of(&[b"key", &object.0, key]) {
        return Err(LinkError::MistypedKey);
    }
    Ok(ReadKey(*key))
}

/// Returns the bytes of a part, before its check bytes are compared. No part has more than 80 characters.
fn unchecked(part: &str) -> Option<Vec<u8>> {
    if part.len() > 80 {
        return None;
    }
    from_base32(part)
}

fn check_of(parts: &[&[u8]]) -> [u8; CHECK_LEN] {
    let [a, b, c, d, ..] = tagged(Tag::Link, parts);
    [a, b, c, d]
}

impl fmt::Display for Link {
    /// Includes the key of an object: a link is made to share it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, path } => write!(f, "{SCHEME}{name}/{}", utf8_percent_encode(path, IN_PATH)),
            Self::Object { object, group, sealed_len, key } => {
                write!(f, "{SCHEME}{OBJECT_MARK}{}", object_id_part(object, *group, *sealed_len))?;
                key.as_ref().map_or(Ok(()), |key| write!(f, "#{}", key_part(object, key)))
            }
        }
    }
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let rest = match text.strip_prefix(SCHEME) {
            Some(rest) => rest,
            // A gateway's form: any host, and the rest is checked as strictly.
            None => {
                let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
                let (_host, rest) = rest.and_then(|rest| rest.split_once('/')).ok_or(LinkError::NotALink)?;
                rest.starts_with(OBJECT_MARK).then_some(rest).ok_or(LinkError::NotALink)?
            }
        };
        if let Some(parts) = rest.strip_prefix(OBJECT_MARK) {
            return match parts.split_once('#') {
                Some((id, key)) => Self::from_parts(id, Some(key)),
                None => Self::from_parts(parts, None),
            };
        }
        let (name, encoded) = rest.split_once('/').unwrap_or((rest, ""));
        // Escapes are checked first, because the decoder lets a stray percent sign pass as itself.
        if encoded.contains(['?', '#']) || !escapes_are_whole(encoded) {
            return Err(LinkError::Encoding);
        }
        let path = percent_decode_str(encoded).decode_utf8().map_err(|_| LinkError::Encoding)?;
        Self::name(name, &path)
    }
}

fn escapes_are_whole(encoded: &str) -> bool {
    encoded
        .split('%')
        .skip(1)
        .all(|after| after.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

serde_as_text!(Link);

#[cfg(test)]
mod tests;
