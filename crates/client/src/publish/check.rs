//! Whether the signer may point the name at something, and at what it points now.

use super::error::PublishError;
use crate::{
    client::Client,
    error::SiteError,
    names::{
        NameError,
        access::{Role, WriteAccess},
    },
    site::Site,
};
use backon::{ConstantBuilder, Retryable};
use meganet_chain_client::{At, Call, Signer};
use meganet_primitives::{
    Balance,
    content::{ContentRef, NameContent},
    name::split_name,
};
use meganet_transfer::progress::Progress;
use std::time::Duration;

/// How often, and for how long, the newest final block is looked at until it has what the best block has: half a minute.
const FINALITY: ConstantBuilder = ConstantBuilder::new().with_delay(Duration::from_millis(500)).with_max_times(60);

/// The name that is published under.
pub(super) struct Target {
    /// The whole name.
    name: String,
    label: String,
    /// What stands before the dot.
    sub: Option<String>,
    /// Whether the label is to be registered first.
    new: bool,
    content: Option<NameContent>,
    version: u32,
    /// Whether a name below the label begins to exist, and its deposit is the signer's.
    opens: bool,
}

impl Target {
    /// Looks the name up. Asks the best block: the newest state is what an extrinsic will meet.
    pub(super) async fn check(
        client: &Client,
        signer: &Signer,
        name: &str,
        register: bool,
    ) -> Result<Self, PublishError> {
        let bad = |error| NameError::Label { name: name.to_owned(), error };
        let (sub, label) = split_name(name).map_err(bad)?;
        let owned = |text: &str| text.to_owned();
        let chain = client.chain().as_ref();
        let Some(standing) = WriteAccess::of(chain, name, &signer.account(), At::Best).await? else {
            // Only a label is registered on the way: whose the name below it would be is not asked for here.
            if !register || sub.is_some() {
                return Err(PublishError::NotRegistered { name: owned(label) });
            }
            return Ok(Self {
                name: owned(name),
                label: owned(label),
                sub: None,
                new: true,
                content: None,
                version: 0,
                opens: false,
            });
        };
        standing.may_write()?;
        // Who writes for an owner writes at the owner's expense.
        let opens = sub.is_some() && standing.subname.is_none() && standing.role == Some(Role::Owner);
        let (content, version) = match (sub, standing.subname) {
            (None, _) => (standing.info.content, standing.info.version),
            (Some(_), Some(subname)) => (subname.content, subname.version),
            (Some(_), None) => (None, 0),
        };
        Ok(Self { name: owned(name), label: owned(label), sub: sub.map(owned), new: false, content, version, opens })
    }

    /// The label, if it is to be registered.
    pub(super) fn to_register(&self) -> Option<&str> {
        self.new.then_some(self.label.as_str())
    }

    /// The label.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// What it points at now.
    pub(super) fn points_at(&self) -> Option<&NameContent> {
        self.content.as_ref()
    }

    /// What the signer has to leave as a deposit so that the name can point at something, in planck; not for its label.
    pub(super) async fn deposit(&self, client: &Client) -> Result<Balance, PublishError> {
        if !self.opens {
            return Ok(0);
        }
        Ok(client.chain().name_params(At::Best).await?.record_deposit)
    }

    /// What it points at now, if that is a site of this network.
    pub(super) fn content(&self) -> Option<ContentRef> {
        self.content.as_ref().and_then(NameContent::object).copied()
    }

    /// How often it was changed.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// The call that points it at something else.
    pub(super) fn point_at(&self, content: ContentRef) -> Call {
        let (label, content) = (self.label.clone(), Some(NameContent::Object(content)));
        match &self.sub {
            None => Call::SetContent { label, content },
            Some(sub) => Call::SetSubname { label, sub: sub.clone(), content },
        }
    }

    /// Opens the version that is published now; `None` where there is none, or none that can be read, so that everything has to
    /// be uploaded.
    pub(super) async fn current(&self, client: &Client, progress: &dyn Progress) -> Option<Site> {
        let content = self.content()?;
        match self.open(client, content).await {
            Ok(site) => Some(site),
            Err(error) => {
                progress.note(&format!("the published version cannot be read, so all files are uploaded: {error}"));
                None
            }
        }
    }

    /// Opens that version by the resolver's answer: a node that has to prove its answers could otherwise make the new manifest
    /// refer to objects of its choice. The answer is from a final block, so a version that was just published takes a while.
    async fn open(&self, client: &Client, content: ContentRef) -> Result<Site, CurrentError> {
        let ask = || async {
            let resolved = client.resolver().resolve(&self.name).await.map_err(SiteError::from)?;
            match resolved.content() {
                Ok(proven) if proven == content => Ok(resolved),
                _ => Err(CurrentError::NotFinal),
            }
        };
        let resolved = ask.retry(FINALITY).when(|error| matches!(error, CurrentError::NotFinal)).await?;
        Ok(client.open(&resolved).await?)
    }
}

/// Why the published version cannot be read.
#[derive(Debug, thiserror::Error)]
enum CurrentError {
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error("the name points elsewhere in the newest final block")]
    NotFinal,
}
