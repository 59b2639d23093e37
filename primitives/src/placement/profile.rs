//! Profiles: the number of shards of an object, and how many of them it can lose.

use crate::{
    object::{FRAME_LEN, LEAF_LEN, MAX_PLAIN_LEN, TAG_LEN},
    text::serde_as_text,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::{fmt, str::FromStr};
use scale_info::TypeInfo;

/// The profiles that a group can have. As text they are in kebab-case.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ProfileId {
    /// 2 of 6: for networks of a few workers.
    #[codec(index = 0)]
    Compact,
    /// 4 of 12.
    #[default]
    #[codec(index = 1)]
    Standard,
    /// 20 of 40: cheap redundancy, for workers that are rarely away.
    #[codec(index = 2)]
    AlwaysOn,
    /// 16 of 48: for workers at home, which come and go.
    #[codec(index = 3)]
    Home,
}

/// The text is not the name of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such profile: choose compact, standard, always-on or home")]
pub struct UnknownProfile;

impl ProfileId {
    /// All profiles, in the order of their ids.
    pub const ALL: [Self; 4] = [Self::Compact, Self::Standard, Self::AlwaysOn, Self::Home];

    /// Its shard counts.
    pub const fn profile(self) -> Profile {
        match self {
            Self::Compact => Profile { k: 2, n: 6 },
            Self::Standard => Profile { k: 4, n: 12 },
            Self::AlwaysOn => Profile { k: 20, n: 40 },
            Self::Home => Profile { k: 16, n: 48 },
        }
    }

    /// Its id, which is also its index in [`ProfileId::ALL`] and in lists by profile.
    pub const fn id(self) -> u8 {
        match self {
            Self::Compact => 0,
            Self::Standard => 1,
            Self::AlwaysOn => 2,
            Self::Home => 3,
        }
    }

    /// Its index in [`ProfileId::ALL`] and in lists by profile.
    pub fn index(self) -> usize {
        usize::from(self.id())
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compact => "compact",
            Self::Standard => "standard",
            Self::AlwaysOn => "always-on",
            Self::Home => "home",
        })
    }
}

impl FromStr for ProfileId {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        match text {
            "compact" => Ok(Self::Compact),
            "standard" => Ok(Self::Standard),
            "always-on" => Ok(Self::AlwaysOn),
            "home" => Ok(Self::Home),
            _ => Err(UnknownProfile),
        }
    }
}

serde_as_text!(ProfileId);

/// Shard counts. Any `k` of the `n` shards are enough to recover the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Profile {
    /// Data shards, at least 1.
    pub k: u8,
    /// All shards, one for each slot: `k` to [`super::MAX_SLOTS`].
    pub n: u8,
}

impl Profile {
    /// The most slots that one country may hold: two countries at this limit leave `k`.
    pub const fn max_per_country(self) -> u8 {
        self.n.saturating_sub(self.k) / 2
    }

    /// The fewest receipts with which a batch may be registered. Any one country may vanish at once right after and
    /// `k` signers are left; any two, once the members that did not sign have rebuilt their shards.
    pub const fn quorum(self) -> u8 {
        self.k.saturating_add(self.max_per_country())
    }

    /// Plaintext bytes of the longest object that fits an empty slot of `slot_capacity` bytes; 0 if none does.
    pub fn max_object_len(self, slot_capacity: u64) -> u64 {
        let shard_len = slot_capacity - slot_capacity % LEAF_LEN;
        let sealed_len = shard_len.saturating_mul(u64::from(self.k));
        // A last frame of no more than its tag would hold nothing.
        let tags = (sealed_len / FRAME_LEN).saturating_mul(TAG_LEN);
        let plain_len = sealed_len - tags - (sealed_len % FRAME_LEN).min(TAG_LEN);
        plain_len.min(MAX_PLAIN_LEN)
    }
}
