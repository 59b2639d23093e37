//! Migrations from older versions of the storage.

use crate::{Config, CurrentParams, Label, Names, Pallet, RESERVED, SweepFrom, Version};
use core::marker::PhantomData;
use frame_support::{
    migrations::VersionedMigration,
    traits::{Get, UncheckedOnRuntimeUpgrade},
    weights::Weight,
};
use meganet_primitives::{
    content::NameContent,
    name::{NameParams, StoredName},
};

/// From version 1, in which names were registered for ever, to version 2: each name is paid for one year from now, at
/// the prices and times of a live chain. It migrates all names in one block; no network with version 1 had more than
/// fit.
pub type V1ToV2<T> = VersionedMigration<1, 2, FromV1<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// The types that version 1 stored.
pub mod v1 {
    use codec::{Decode, Encode};
    use meganet_primitives::{Balance, BlockNumber, content::ContentRef};
    use sp_runtime::AccountId32;

    /// A name.
    #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
    pub struct NameRecord {
        /// The owner.
        pub owner: AccountId32,
        /// The content.
        pub content: Option<ContentRef>,
        /// Counts the changes of `content`, from 0.
        pub version: u32,
        /// Block of registration.
        pub registered: BlockNumber,
        /// Block of the last change.
        pub updated: BlockNumber,
        /// The deposit held for it.
        pub deposit: Balance,
    }
}

/// The step of [`V1ToV2`], which ensures that it runs only once.
pub struct FromV1<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for FromV1<T> {
    fn on_runtime_upgrade() -> Weight {
        let params = NameParams::default();
        let now = Pallet::<T>::now();
        let expires = params.extended(now, 1);
        CurrentParams::<T>::put(params);
        SweepFrom::<T>::put(crate::expiry::bucket_of(now));
        for label in RESERVED {
            Pallet::<T>::reserve(label);
        }

        let mut names = 0u64;
        Names::<T>::translate(|label: Label, old: v1::NameRecord| {
            names = names.saturating_add(1);
            let content = old.content.map(NameContent::Object);
            if old.version > 0 {
                let version = Version { version: old.version, block: old.updated, content: content.clone() };
                Pallet::<T>::remember(&label, version);
            }
            Pallet::<T>::index_expiry(&label, expires);
            Some(StoredName {
                owner: old.owner.into(),
                content,
                version: old.version,
                registered: old.registered,
                updated: old.updated,
                expires,
                deposit: old.deposit,
                tenure: 0,
            })
        });
        let reserved = u64::try_from(RESERVED.len()).unwrap_or_default();
        T::DbWeight::get().reads_writes(names.saturating_mul(2), names.saturating_mul(3).saturating_add(reserved))
    }

    #[cfg(feature = "try-runtime")]
    fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
        use codec::Encode;
        Ok(u64::try_from(Names::<T>::iter_keys().count()).unwrap_or_default().encode())
    }

    #[cfg(feature = "try-runtime")]
    fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
        use codec::DecodeAll;
        let before = u64::decode_all(&mut before.as_slice()).map_err(|_| "names: the count before is unreadable")?;
        let after = u64::try_from(Names::<T>::iter().count()).unwrap_or_default();
        frame_support::ensure!(before == after, "names: some were lost");
        Pallet::<T>::do_try_state()
    }
}
