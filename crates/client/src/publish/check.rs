//! Whether the signer may point the name at something, and at what it points now.

use super::PublishError;
use crate::{
    client::Client,
    names::{
        NameError,
        standing::{Role, Standing},
    },
    progress::Progress,
};
use meganet_chain_client::{At, Call, Signer};
use meganet_primitives::{
    Balance,
    content::{ContentRef, NameContent},
    manifest::Manifest,
    name::split_name,
};
use std::sync::Arc;

/// The name that is published under.
pub(super) struct Target {
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
        let Some(standing) = Standing::of(chain, name, &signer.account(), At::Best).await? else {
            // Only a label is registered on the way: whose the name below it would be is not asked for here.
            if !register || sub.is_some() {
                return Err(PublishError::NotRegistered { name: owned(label) });
            }
            return Ok(Self { label: owned(label), sub: None, new: true, content: None, version: 0, opens: false });
        };
        standing.may_write()?;
        // Who writes for an owner writes at the owner's expense.
        let opens = sub.is_some() && standing.subname.is_none() && standing.role == Some(Role::Owner);
        let (content, version) = match (sub, standing.subname) {
            (None, _) => (standing.info.content, standing.info.version),
            (Some(_), Some(subname)) => (subname.content, subname.version),
            (Some(_), None) => (None, 0),
        };
        Ok(Self { label: owned(label), sub: sub.map(owned), new: false, content, version, opens })
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

    /// The manifest that is published now; `None` where there is none that can be read, so that all has to be uploaded.
    pub(super) async fn previous(&self, client: &Client, progress: &dyn Progress) -> Option<Arc<Manifest>> {
        let content = self.content()?;
        match client.manifest(&content).await {
            Ok(manifest) => Some(manifest),
            Err(error) => {
                progress.note(&format!("the published version cannot be read, so all files are uploaded: {error}"));
                None
            }
        }
    }
}
