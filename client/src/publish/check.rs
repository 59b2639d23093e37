//! Whether the signer may point the name at something, and at what it points now.

use super::PublishError;
use crate::{network::Network, progress::Progress};
use meganet_chain::{account::format_account, At, Call, Signer};
use meganet_primitives::{
    chain::{Availability, NameInfo},
    content::ContentRef,
    manifest::Manifest,
    name::check_label,
};
use std::sync::Arc;

/// The name that is published under.
pub(super) struct Target {
    /// `None` where it is to be registered.
    info: Option<NameInfo>,
}

impl Target {
    /// Looks the name up. Asks the best block: the newest state is what an extrinsic will meet.
    pub(super) async fn check(
        network: &Network,
        signer: &Signer,
        label: &str,
        register: bool,
    ) -> Result<Self, PublishError> {
        let name = || label.to_owned();
        check_label(label.as_bytes()).map_err(|error| PublishError::Label { label: name(), error })?;
        if let Some(info) = network.chain().name(label, At::Best).await? {
            if info.owner != signer.account() {
                return Err(PublishError::NameTaken { label: name(), owner: format_account(&info.owner) });
            }
            return Ok(Self { info: Some(info) });
        }
        if !register {
            return Err(PublishError::NotRegistered { label: name() });
        }
        match network.chain().availability(label, &signer.account(), At::Best).await? {
            Availability::Free => Ok(Self { info: None }),
            Availability::LooksLikeAnother => Err(PublishError::LooksLikeAnother { label: name() }),
            Availability::Taken | Availability::Invalid => Err(PublishError::Unavailable { label: name() }),
        }
    }

    /// Whether the name has to be registered.
    pub(super) fn is_new(&self) -> bool {
        self.info.is_none()
    }

    /// What it points at now.
    pub(super) fn content(&self) -> Option<ContentRef> {
        self.info.as_ref().and_then(|info| info.content)
    }

    /// How often it was changed.
    pub(super) fn version(&self) -> u32 {
        self.info.as_ref().map_or(0, |info| info.version)
    }

    /// The call that makes the name the signer's.
    pub(super) fn call_before(&self, label: &str) -> Option<Call> {
        self.is_new().then(|| Call::RegisterName { label: label.to_owned() })
    }

    /// The manifest that is published now; `None` where there is none that can be read, so that all has to be uploaded.
    pub(super) async fn previous(&self, network: &Network, progress: &dyn Progress) -> Option<Arc<Manifest>> {
        let content = self.content()?;
        match network.manifest(&content).await {
            Ok(manifest) => Some(manifest),
            Err(error) => {
                progress.note(&format!("the published version cannot be read, so all files are uploaded: {error}"));
                None
            }
        }
    }
}
