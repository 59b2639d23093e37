//! Whether the signer may change what the name points to, and what it points to now.

use super::error::PublishError;
use crate::{
    client::Client,
    names::{
        NameError,
        access::{Role, WriteAccess},
    },
    resolve::Resolved,
    site::Site,
};
use backon::{ConstantBuilder, Retryable};
use meganet_chain_client::{At, Call, NameCall, Signer};
use meganet_primitives::{
    Balance,
    content::{ContentRef, NameContent},
    name::split_name,
};
use meganet_transfer::progress::Progress;
use std::time::Duration;

/// How often, and for how long, the newest final block is checked until it has the content of the best block: half a minute.
const FINALITY: ConstantBuilder = ConstantBuilder::new().with_delay(Duration::from_millis(500)).with_max_times(60);

/// The name that is published under.
pub(super) struct Target {
    /// The whole name.
    name: String,
    label: String,
    /// The part before the dot.
    sub: Option<String>,
    /// Whether the label is to be registered first.
    new: bool,
    content: Option<NameContent>,
    version: u32,
    /// Whether a name below the label begins to exist, and its deposit is the signer's.
    opens: bool,
}

impl Target {
    /// Looks the name up in the best block, whose state an extrinsic will find.
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
            // Only a label is registered on the way.
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
        // A delegate writes at the owner's expense.
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

    /// Returns the content that the name points to now.
    pub(super) fn points_at(&self) -> Option<&NameContent> {
        self.content.as_ref()
    }

    /// The deposit, in planck, for creating the name below its label; 0 if it exists, or its owner has to pay.
    pub(super) async fn deposit(&self, client: &Client) -> Result<Balance, PublishError> {
        if !self.opens {
            return Ok(0);
        }
        Ok(client.chain().name_params(At::Best).await?.record_deposit)
    }

    /// Returns the reference that the name points to now, if it is to this network.
    pub(super) fn content(&self) -> Option<ContentRef> {
        self.content.as_ref().and_then(NameContent::object).copied()
    }

    /// Returns how often the content has changed.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// The call that points it at something else.
    pub(super) fn point_at(&self, content: ContentRef) -> Call {
        let (label, content) = (self.label.clone(), Some(NameContent::Object(content)));
        match &self.sub {
            None => Call::Name(NameCall::SetContent { label, content }),
            Some(sub) => Call::Name(NameCall::SetSubname { label, sub: sub.clone(), content }),
        }
    }

    /// Opens the version that is published now; `None` if there is none, or its manifest cannot be read, so that everything has to
    /// be uploaded.
    ///
    /// # Errors
    /// [`PublishError::Resolve`] and [`PublishError::NotFinal`].
    pub(super) async fn current(&self, client: &Client, progress: &dyn Progress) -> Result<Option<Site>, PublishError> {
        let Some(content) = self.content() else { return Ok(None) };
        match client.open(&self.resolve(client, content).await?).await {
            Ok(site) => Ok(Some(site)),
            Err(error) => {
                progress.note(&format!("the published version cannot be read, so all files are uploaded: {error}"));
                Ok(None)
            }
        }
    }

    /// Resolves that version like every reader does: a node that has to prove its answers could otherwise make the new manifest
    /// refer to objects of its choice. Answers are from final blocks, so a version that was just published takes a while.
    async fn resolve(&self, client: &Client, content: ContentRef) -> Result<Resolved, PublishError> {
        let ask = || async {
            let resolved = client.resolver().resolve(&self.name).await?;
            match resolved.content() {
                Ok(proven) if proven == content => Ok(resolved),
                _ => Err(PublishError::NotFinal { name: self.name.clone() }),
            }
        };
        ask.retry(FINALITY).when(|error| matches!(error, PublishError::NotFinal { .. })).await
    }
}
