//! `meganet name search|available|price`.

use crate::{
    commands::Session,
    names::{quote_json, quote_text, read_label},
    output::counted,
};
use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use meganet_chain_client::{At, ChainClient, Mega, account::format_account};
use meganet_client::names::{NameError, check_years, lookalikes, obstacle};
use meganet_primitives::{AccountId, name::Quote};
use serde_json::{Value, json};

/// Concurrent requests to the chain.
const AT_ONCE: usize = 8;

/// A name with its price, and the reason why it cannot be registered, if any.
struct Offer {
    label: String,
    quote: Quote,
    obstacle: Option<NameError>,
}

impl Offer {
    async fn look(chain: &dyn ChainClient, label: String, years: u32, who: &AccountId) -> Result<Self> {
        let obstacle = obstacle(chain, &label, who).await?;
        let quote = chain.name_quote(&label, years, At::Best).await?;
        Ok(Self { label, quote, obstacle })
    }

    fn json(&self) -> Value {
        json!({
            "name": self.label,
            "available": self.obstacle.is_none(),
            "reason": self.obstacle.as_ref().map(reason),
            "price": quote_json(&self.quote),
        })
    }

    fn text(&self) -> String {
        let offer = match &self.obstacle {
            None if self.quote.premium > 0 => {
                format!("free: {} a year, plus a premium of {}", Mega(self.quote.rent), Mega(self.quote.premium))
            }
            None => format!("free: {} a year", Mega(self.quote.rent)),
            Some(obstacle) => reason(obstacle),
        };
        format!("{:<24} {offer}", self.label)
    }
}

/// The reason why a name cannot be registered, in a few words.
fn reason(obstacle: &NameError) -> String {
    match obstacle {
        NameError::AlreadyYours { .. } => "yours".to_owned(),
        NameError::Taken { owner, .. } => format!("taken by {owner}"),
        NameError::LooksLikeAnother { like: Some(like), .. } => format!("looks like {like}, which is taken"),
        NameError::LooksLikeAnother { like: None, .. } => "looks like a name that is taken".to_owned(),
        NameError::Reserved { .. } => "reserved".to_owned(),
        other => other.to_string(),
    }
}

/// The signing account; without one, an account that owns nothing.
fn asker(session: &Session) -> AccountId {
    session.account_id(None).unwrap_or_default()
}

/// `meganet name search WORD`
pub async fn search(session: &Session, word: &str) -> Result<()> {
    let word = read_label(word)?;
    let who = asker(session);
    let chain = session.chain().await?;
    let looking = lookalikes::variants(&word).into_iter().map(|label| Offer::look(chain.as_ref(), label, 1, &who));
    let found: Vec<Offer> = stream::iter(looking).buffered(AT_ONCE).try_collect().await?;
    let value: Vec<Value> = found.iter().map(Offer::json).collect();
    session.output.result(&value, |_| found.iter().map(Offer::text).collect::<Vec<_>>().join("\n"))
}

/// `meganet name available NAME`
pub async fn available(session: &Session, name: &str) -> Result<()> {
    let label = read_label(name)?;
    let chain = session.chain().await?;
    let found = Offer::look(chain.as_ref(), label, 1, &asker(session)).await?;
    session.output.result(&found.json(), |_| match &found.obstacle {
        None => format!("{} is free; a year costs {}", found.label, quote_text(&found.quote)),
        Some(obstacle) => obstacle.to_string(),
    })
}

/// `meganet name price NAME`
pub async fn price(session: &Session, name: &str, years: u32) -> Result<()> {
    let label = read_label(name)?;
    check_years(years)?;
    let chain = session.chain().await?;
    let quote = chain.name_quote(&label, years, At::Best).await?;
    let owner = chain.name(&label, At::Best).await?.filter(|info| info.status.works()).map(|info| info.owner);
    let mut value = quote_json(&quote);
    value["name"] = json!(label);
    value["years"] = json!(years);
    value["owner"] = json!(owner.as_ref().map(format_account));
    session.output.result(&value, |_| {
        let years = counted(years, "year", "years");
        match &owner {
            None => {
                format!(
                    "registering {label} for {years} costs {}: {} in total",
                    quote_text(&quote),
                    Mega(quote.total())
                )
            }
            Some(owner) => format!(
                "{label} belongs to {}; renewing it for {years} costs {}, and anyone may pay for it",
                format_account(owner),
                Mega(quote.rent)
            ),
        }
    })
}
