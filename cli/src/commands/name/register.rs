//! `meganet name register|renew|sweep`.

use super::{now, report};
use crate::{
    args::RegisterArgs,
    commands::{
        Session,
        session::{payments_dir, registrations_dir},
    },
    names::{quote_json, quote_text, read_label, when},
    output::counted,
    progress::Bars,
};
use anyhow::Result;
use meganet_chain_client::{At, Call, Mega, NameCall, Until};
use meganet_client::{
    names::{NameRegistration, NameTerms, access::WriteAccess, check_years, price},
    payments::{Payments, Subject, Term},
};
use meganet_primitives::{Balance, name::Quote};
use meganet_terminal::{print_aside, print_note};
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// `meganet name register NAME`
pub async fn register(session: &Session, args: RegisterArgs) -> Result<()> {
    let label = read_label(&args.name)?;
    let signer = session.signer()?;
    let chain = session.chain().await?;
    let quote = chain.name_quote(&label, args.terms.years, At::Best).await?;
    let max_price = confirmed_price(&label, &quote, args.terms.max_price.map(|price| price.0), args.dry_run)?;
    let terms = NameTerms { years: args.terms.years, max_price };
    let bars = Bars::default();
    let registration =
        NameRegistration::open(chain.as_ref(), &signer, &registrations_dir()?, &label, terms, &bars).await?;
    let quote = registration.quote();
    if args.dry_run {
        let value =
            json!({ "name": label, "years": args.terms.years, "price": quote_json(&quote), "registered": false });
        let text = format!(
            "registering {label} for {} would cost {}: {} in total, plus fees",
            counted(args.terms.years, "year", "years"),
            quote_text(&quote),
            Mega(quote.total())
        );
        return session.output.result(&value, |_| text);
    }
    print_note(&format!("{label} costs {}", quote_text(&quote)));
    let registered = registration.register(Until::Finalized).await;
    bars.clear();
    let registered = registered?;
    let info = chain.name(&label, At::Best).await?;
    let expires = info.as_ref().map_or(0, |info| info.expires);
    let now = now(chain.as_ref()).await?;
    let value = json!({
        "name": label,
        "owner": signer.address(),
        "years": args.terms.years,
        "expires": expires,
        "price": quote_json(&quote),
        "deposit": quote.deposit.to_string(),
        "fee": registered.fee.to_string(),
        "block": registered.block.map(|block| block.number),
        "registered": true,
    });
    session.output.result(&value, |_| {
        format!(
            "registered {label} for {}: paid {} until block {expires} ({}), plus a refundable deposit of {}",
            signer.address(),
            Mega(price(&quote)),
            when(now, expires),
            Mega(quote.deposit)
        )
    })
}

/// The highest price to pay: the one given on the command line, or, if a premium is due, the one that the user confirms at the
/// terminal. `None` pays no premium.
pub(crate) fn confirmed_price(
    label: &str,
    quote: &Quote,
    given: Option<Balance>,
    dry_run: bool,
) -> Result<Option<Balance>> {
    if given.is_some() || quote.premium == 0 {
        return Ok(given);
    }
    if dry_run {
        return Ok(Some(price(quote)));
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    // On a line of its own: without a question that can be seen, no answer means yes.
    print_aside(&format!("{label} has lapsed recently and costs {}. Pay this? [y/N]", quote_text(quote)));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes").then(|| price(quote)))
}

/// `meganet name renew NAME`: any account may pay for any name.
pub async fn renew(session: &Session, name: &str, years: u32, dry_run: bool) -> Result<()> {
    let label = read_label(name)?;
    check_years(years)?;
    let chain = session.chain().await?;
    let signer = if dry_run { None } else { Some(session.signer()?) };
    let payments = match &signer {
        Some(signer) => {
            let (subject, bars) = (Subject::Name(&label), Bars::default());
            Some(Payments::begin(chain.as_ref(), signer, &payments_dir()?, subject, &bars).await?)
        }
        None => None,
    };
    let at = chain.pin(At::Best).await?;
    let params = chain.name_params(at).await?;
    let rent = params.rent(label.len(), years);
    let standing = WriteAccess::find(chain.as_ref(), &label, &session.account_id(None).unwrap_or_default(), at).await?;
    let expires = params.extended(standing.info.expires, years);
    let now = now(chain.as_ref()).await?;
    let mut value =
        json!({ "name": label, "years": years, "rent": rent.to_string(), "expires": expires, "renewed": !dry_run });
    let Some(payments) = payments else {
        return session.output.result(&value, |_| {
            format!(
                "renewing {label} for {} would cost {} and pay for it until block {expires} ({})",
                counted(years, "year", "years"),
                Mega(rent),
                when(now, expires)
            )
        });
    };
    let earlier = payments.interrupted().filter(|term| term.asked == years && term.until <= standing.info.expires);
    value["by_earlier_run"] = json!(earlier.is_some());
    if earlier.is_some() {
        payments.end();
        let expires = standing.info.expires;
        value["expires"] = json!(expires);
        return session.output.result(&value, |_| {
            format!(
                "an earlier run, which was interrupted, has renewed {label}: paid until block {expires} ({}). Nothing was paid now",
                when(now, expires)
            )
        });
    }
    let call = Call::Name(NameCall::Renew { label: label.clone(), years });
    let outcome = payments.submit(Term { asked: years, until: expires }, vec![call]).await?;
    value["block"] = json!(outcome.block.number);
    value["fee"] = json!(outcome.fee.to_string());
    session.output.result(&value, |_| {
        format!("renewed {label} for {}: paid until block {expires} ({})", Mega(rent), when(now, expires))
    })
}

/// `meganet name sweep NAME`
pub async fn sweep(session: &Session, name: &str) -> Result<()> {
    let label = read_label(name)?;
    let signer = session.signer()?;
    let chain = session.chain().await?;
    let call = Call::Name(NameCall::Sweep { label: label.clone() });
    let outcome = chain.submit(&signer, vec![call], Until::Finalized).await?;
    session.output.result(&report(&label, &outcome), |_| {
        format!("removed the lapsed name {label} from the chain's state and refunded its deposit to its last owner")
    })
}
