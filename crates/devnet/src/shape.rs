//! The composition of a new devnet.

use anyhow::{Context, Result, anyhow};
use meganet_primitives::country::Country;

/// Number and kind of the processes of a devnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// 1 (chain `dev`) or 3 (chain `local`, which finalizes by majority).
    pub validators: usize,
    /// Chain id to use instead of `dev` or `local`, with the same number of validators: one with shorter audit periods, say.
    pub chain: Option<String>,
    /// Workers by country: ISO 3166-1 code and how many.
    pub workers: Vec<(String, usize)>,
    /// Storage that each worker offers, in bytes.
    pub capacity: u64,
    /// The gateway's preferred port, 0 for any; `None` for no gateway.
    pub gateway_port: Option<u16>,
}

impl Shape {
    /// Three validators, two workers in each of three countries (the fewest that profile `compact` can use), a gateway.
    pub fn small() -> Self {
        let workers = ["DE", "FR", "JP"].map(|country| (country.to_string(), 2)).to_vec();
        Shape { validators: 3, chain: None, workers, capacity: 8 << 30, gateway_port: Some(8080) }
    }

    /// Parses `DE:2,FR:2,JP:2`; a country without a number has one worker.
    ///
    /// # Errors
    /// A country code is unknown, or a number is not one.
    pub fn parse_workers(text: &str) -> Result<Vec<(String, usize)>> {
        text.split(',')
            .map(|part| {
                let (country, count) = part.split_once(':').unwrap_or((part, "1"));
                let country: Country = country.trim().to_uppercase().parse().map_err(|_| {
                    anyhow!("'{country}' is not an ISO 3166-1 country code; write for example DE:2,FR:2,JP:2")
                })?;
                let count = count.trim().parse().with_context(|| format!("'{count}' is not a number of workers"))?;
                Ok((country.to_string(), count))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn workers_are_given_by_country() {
        assert_eq!(Shape::parse_workers("de:2, FR").unwrap(), vec![("DE".into(), 2), ("FR".into(), 1)]);
        for bad in ["XX:1", "DE:x", "", "DE:-1"] {
            assert!(Shape::parse_workers(bad).is_err(), "{bad}");
        }
    }
}
