//! Reading and printing names, their content, prices and times.

use anyhow::Result;
use indicatif::HumanDuration;
use meganet_chain_client::Mega;
use meganet_client::names::{BLOCK_SECONDS, Input, foreign, input};
use meganet_primitives::{BlockNumber, content::NameContent, name::Quote};
use meganet_terminal::{print_note, shown};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// Normalizes a name that the user typed, and prints a note if that changed it.
///
/// # Errors
/// The text is not a name.
pub fn read_name(typed: &str) -> Result<String> {
    Ok(note_difference(input::read(typed)?))
}

/// Normalizes a name without dots that the user typed, and prints a note if that changed it.
///
/// # Errors
/// The text is not such a name.
pub fn read_label(typed: &str) -> Result<String> {
    Ok(note_difference(input::read_label(typed)?))
}

fn note_difference(input: Input) -> String {
    if input.differs() {
        print_note(&format!("'{}' is read as the name '{}'", input.typed, input.name));
    }
    input.name
}

/// The content of a name, as text.
pub fn content_text(content: Option<&NameContent>) -> String {
    match content {
        None => "nothing".to_owned(),
        Some(NameContent::Object(content)) => {
            format!("object {} in group {} ({} sealed bytes)", content.object, content.group, content.sealed_len)
        }
        Some(NameContent::Foreign(reference)) => shown(&foreign::uri(reference)).into_owned(),
    }
}

/// The content of a name, as JSON.
pub fn content_json(content: Option<&NameContent>) -> Value {
    match content {
        None => Value::Null,
        Some(NameContent::Object(content)) => json!({
            "object": content.object.to_string(),
            "group": content.group,
            "sealed_len": content.sealed_len,
            "public": content.key.is_some(),
        }),
        Some(NameContent::Foreign(reference)) => json!({
            "network": reference.parts().map(|(network, _)| network),
            "uri": foreign::uri(reference),
        }),
    }
}

/// The estimated time of a block: `in about 3 days, 28 Nov 2026`.
pub fn when(now: BlockNumber, block: BlockNumber) -> String {
    let away = HumanDuration(between(now, block));
    let words = if block >= now { format!("in about {away}") } else { format!("about {away} ago") };
    format!("{words}, {}", day(now, block))
}

/// The estimated day of a block: `28 Nov 2026`.
pub fn day(now: BlockNumber, block: BlockNumber) -> String {
    let (today, away) = (SystemTime::now(), between(now, block));
    let time = if block >= now { today.checked_add(away) } else { today.checked_sub(away) };
    time.and_then(date).unwrap_or_else(|| format!("block {block}"))
}

fn between(one: BlockNumber, other: BlockNumber) -> Duration {
    Duration::from_secs(u64::from(one.abs_diff(other)).saturating_mul(BLOCK_SECONDS))
}

/// The day of a time: `25 Nov 2026`.
fn date(time: SystemTime) -> Option<String> {
    // The format ends with the year 9999.
    time.duration_since(SystemTime::UNIX_EPOCH).ok().filter(|since| since.as_secs() < 253_402_300_800)?;
    let text = httpdate::fmt_http_date(time);
    let words: Vec<&str> = text.split_whitespace().skip(1).take(3).collect();
    Some(words.join(" "))
}

/// The price of a registration, as text.
pub fn quote_text(quote: &Quote) -> String {
    let premium = match quote.premium {
        0 => String::new(),
        premium => format!(", a premium of {}", Mega(premium)),
    };
    format!("{} rent{premium}, plus a refundable deposit of {}", Mega(quote.rent), Mega(quote.deposit))
}

/// The price of a registration, as JSON: amounts in planck, as decimal strings.
pub fn quote_json(quote: &Quote) -> Value {
    json!({
        "rent": quote.rent.to_string(),
        "premium": quote.premium.to_string(),
        "deposit": quote.deposit.to_string(),
        "total": quote.total().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_shown_as_times() {
        assert!(when(100, 100 + 2400).starts_with("in about 2 hours, "), "{}", when(100, 2500));
        assert!(when(200_000, 200_000 - 28_800 * 3).starts_with("about 3 days ago, "));
        assert!(when(0, u32::MAX).contains("years"));
        assert_eq!(date(SystemTime::UNIX_EPOCH).as_deref(), Some("01 Jan 1970"));
        assert_eq!(date(SystemTime::UNIX_EPOCH + Duration::from_secs(300_000_000_000)), None);
    }
}
