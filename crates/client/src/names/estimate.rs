//! The cost of registering a name, worked out without beginning it.

use super::{
    NameError, NameTerms, PendingStore,
    registrar::{agree, needed, obstacle, quote},
    secret::NameKey,
};
use meganet_chain_client::{ChainClient, Signer};
use meganet_primitives::{Balance, name::Quote};
use std::path::Path;

/// The cost of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The price of the name.
    pub quote: Quote,
    /// The amount that the account still needs in addition to fees, in planck: as [`super::NameRegistration::needed`].
    pub needed: Balance,
}

impl Estimate {
    /// Checks what [`super::NameRegistration::open`] checks, except that the account can pay. Nothing is kept, locked or sent.
    ///
    /// # Errors
    /// [`NameError`] if the name cannot be registered on these terms.
    pub async fn of(
        chain: &dyn ChainClient,
        signer: &Signer,
        root: &Path,
        label: &str,
        terms: NameTerms,
    ) -> Result<Self, NameError> {
        let quote = quote(chain, label, terms.years).await?;
        if let Some(obstacle) = obstacle(chain, label, &signer.account()).await? {
            return Err(obstacle);
        }
        agree(label, &quote, terms)?;
        let genesis = chain.genesis();
        let began = PendingStore::at(root, &genesis, NameKey::new(signer, &genesis)).load(label)?.is_some();
        Ok(Self { quote, needed: needed(chain, &quote, began).await? })
    }
}
