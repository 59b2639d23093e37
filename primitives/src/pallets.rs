//! The errors and events of our pallets, as clients see them.
//!
//! A client gets an error as the names of a pallet and of a variant, and an event as these names and its SCALE-encoded
//! fields. [`PalletError`] and [`PalletEvent`] turn both into values, so that a caller matches on
//! [`StorageError::AlreadyProven`] or reads [`storage::Proven::paid`], and a misspelled name does not compile. A test of
//! the runtime compares all of it with the runtime's metadata.
//!
//! ```
//! use codec::Encode;
//! use meganet_primitives::pallets::{PalletError, PalletEvent, StorageError, storage};
//!
//! // As they come from a node: the pallet, the variant, the fields.
//! assert_eq!(StorageError::parse("Storage", "AlreadyProven"), Some(StorageError::AlreadyProven));
//! let fields = (7u32, 3u32, 5u128, 1u128).encode();
//! let event = storage::Proven::parse("Storage", "Proven", &fields).expect("it is this event")?;
//! assert_eq!((event.worker, event.paid), (7, 5));
//! # Ok::<(), codec::Error>(())
//! ```

pub mod names;
pub mod storage;

pub use names::NamesError;
pub use storage::StorageError;

use codec::DecodeAll;

/// The errors of one pallet.
pub trait PalletError: Copy + Eq + core::fmt::Debug + 'static {
    /// The pallet's name in the runtime.
    const PALLET: &'static str;
    /// All errors, in the order of their indices, which count from 0.
    const ALL: &'static [Self];

    /// The error's name in the metadata.
    fn name(self) -> &'static str;

    /// The error of this pallet with this name; `None` for another pallet's, and for one that this version does not know.
    fn parse(pallet: &str, name: &str) -> Option<Self> {
        if pallet != Self::PALLET {
            return None;
        }
        Self::ALL.iter().copied().find(|error| error.name() == name)
    }

    /// Whether the names are those of this error.
    fn is(self, pallet: &str, name: &str) -> bool {
        pallet == Self::PALLET && name == self.name()
    }
}

/// The fields of one event.
pub trait PalletEvent: DecodeAll {
    /// The pallet's name in the runtime.
    const PALLET: &'static str;
    /// The event's name in the metadata.
    const NAME: &'static str;

    /// Whether the names are those of this event.
    fn is(pallet: &str, name: &str) -> bool {
        pallet == Self::PALLET && name == Self::NAME
    }

    /// The event, if the names are its own. Fails if `fields` do not decode or go on after the last field: then the
    /// runtime is of another version.
    fn parse(pallet: &str, name: &str, fields: &[u8]) -> Option<Result<Self, codec::Error>> {
        Self::is(pallet, name).then(|| Self::decode_all(&mut &*fields))
    }
}

/// The name and the fields of an event, for comparison with the runtime's metadata.
#[derive(Clone, Copy, Debug)]
pub struct EventShape {
    /// The event's name.
    pub name: &'static str,
    /// The type information of the struct with its fields.
    pub type_info: fn() -> scale_info::Type,
}

/// Declares an error enum and its [`PalletError`].
macro_rules! pallet_errors {
    ($(#[$doc:meta])* $enum:ident of $pallet:literal { $($error:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $enum {
            $(
                #[doc = concat!("`", $pallet, ".", stringify!($error), "`; the metadata explains it.")]
                $error,
            )*
        }

        impl $crate::pallets::PalletError for $enum {
            const PALLET: &'static str = $pallet;
            const ALL: &'static [Self] = &[$(Self::$error,)*];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$error => stringify!($error),)*
                }
            }
        }

        impl core::fmt::Display for $enum {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}.{}", $pallet, $crate::pallets::PalletError::name(*self))
            }
        }
    };
}
use pallet_errors;

/// Declares a struct for each event, its [`PalletEvent`], and the list `EVENTS` of all.
macro_rules! pallet_events {
    ($pallet:literal { $($(#[$doc:meta])* $event:ident { $($field:ident: $type:ty),* $(,)? })* }) => {
        $(
            $(#[$doc])*
            // The fields are those of the pallet's event, which has no docs on them either.
            #[allow(missing_docs)]
            #[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode, scale_info::TypeInfo)]
            pub struct $event {
                $(pub $field: $type,)*
            }

            impl $crate::pallets::PalletEvent for $event {
                const PALLET: &'static str = $pallet;
                const NAME: &'static str = stringify!($event);
            }
        )*

        /// The events above.
        pub const EVENTS: &[$crate::pallets::EventShape] = &[
            $($crate::pallets::EventShape {
                name: stringify!($event),
                type_info: <$event as scale_info::TypeInfo>::type_info,
            },)*
        ];
    };
}
use pallet_events;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use codec::Encode;

    #[test]
    fn an_error_is_found_by_its_two_names_only() {
        for &error in StorageError::ALL {
            assert_eq!(StorageError::parse("Storage", error.name()), Some(error));
            assert!(error.is("Storage", error.name()) && !error.is("Names", error.name()));
        }
        assert_eq!(NamesError::parse("Storage", "NotOwner"), None);
        assert_eq!(NamesError::parse("Names", "notOwner"), None);
        assert_eq!(alloc::format!("{}", NamesError::NotOwner), "Names.NotOwner");
    }

    #[test]
    fn an_event_is_read_whole_or_not_at_all() {
        let renewed = storage::AutoRenewed { id: 1, until: 2, price: 3, fee: 4, balance: 5 };
        let bytes = renewed.encode();
        assert_eq!(bytes, (1u64, 2u32, 3u128, 4u128, 5u128).encode());
        let read = |pallet, name, fields: &[u8]| storage::AutoRenewed::parse(pallet, name, fields);
        assert_eq!(read("Storage", "AutoRenewed", &bytes).unwrap().unwrap(), renewed);
        assert!(read("Names", "AutoRenewed", &bytes).is_none() && read("Storage", "Renewed", &bytes).is_none());
        assert!(read("Storage", "AutoRenewed", &bytes[1..]).unwrap().is_err());
        assert!(read("Storage", "AutoRenewed", &[bytes, alloc::vec![0]].concat()).unwrap().is_err());
    }
}
