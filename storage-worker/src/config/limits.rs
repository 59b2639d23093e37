//! Values with which a worker would not do its work, often for want of a unit, and what to write instead.

use crate::settings::WorkerSettings;
use meganet_net::Multiaddr;
use meganet_primitives::convert::to_u64;
use std::time::Duration;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const MINUTE: Duration = Duration::from_secs(60);

/// The most rebuilds at once: each has streams to a quorum of members, and buffers for them.
const MOST_REBUILDS: u64 = 64;

/// The settings that cannot be used, each with what to write instead.
pub(super) fn unusable(settings: &WorkerSettings) -> Vec<String> {
    let WorkerSettings { capacity, staging, .. } = *settings;
    let sizes = [
        ("--capacity", capacity, (MIB, "1MiB"), "500GiB"),
        // The default follows from a capacity, whose unit may be missing: that is one mistake, not two.
        ("--staging", staging, (MIB.min(capacity), "1MiB"), "50GiB"),
        ("--scrub-rate", settings.scrub_rate, (KIB, "1KiB"), "16MiB"),
        // With a byte per second, tests all but stop rebuilding.
        ("--rebuild-rate", settings.rebuild_rate, (1, "1B"), "32MiB"),
    ];
    let times = [
        // A client has to get to asking for its receipt, …
        ("--staged-for", settings.staged_for, (10 * MINUTE, "10m"), "24h"),
        // … and an operator to seeing that a node reports nonsense.
        ("--keep", settings.keep, (60 * MINUTE, "1h"), "3d"),
        ("--scrub-interval", settings.scrub_interval, (MINUTE, "1m"), "24h"),
    ];
    let counts = [
        ("--rebuilds", to_u64(settings.rebuilds), MOST_REBUILDS, "4"),
        ("--job-failures", u64::from(settings.supervision.give_up_at), u64::from(u32::MAX), "10"),
    ];
    let mut found = Vec::new();
    for (flag, value, (least, shown), example) in sizes {
        if value < least {
            let unit = if value == 0 { "" } else { ", with its unit" };
            found.push(format!("{flag} is {value} bytes. Write at least {shown}, such as {example}{unit}"));
        }
    }
    for (flag, value, (least, shown), example) in times {
        if value < least {
            found.push(format!("{flag} is {}s. Write at least {shown}, such as {example}", value.as_secs()));
        }
    }
    for (flag, value, most, example) in counts {
        if value == 0 || value > most {
            found.push(format!("{flag} is {value}. Write a number from 1 to {most}, such as {example}"));
        }
    }
    if staging > capacity {
        found.push(format!(
            "--staging is {staging} bytes, and is a part of --capacity, which is {capacity}. Write less, or leave it out"
        ));
    }
    found
}

/// The lists that have an empty address, each with what to write instead.
pub(super) fn empty_addresses(lists: [(&str, &[Multiaddr]); 3]) -> Vec<String> {
    let with_empty = lists.into_iter().filter(|(_, list)| list.iter().any(Multiaddr::is_empty));
    with_empty
        .map(|(flag, _)| format!("{flag} has an empty address. Write one like /ip4/203.0.113.7/udp/4001/quic-v1"))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{WorkerOptions, default_listen};
    use super::unusable;
    use crate::settings::WorkerSettings;
    use meganet_primitives::country::Country;

    /// The reason why a configuration with these lines is refused; `None` if it is used.
    fn refusal(lines: &str) -> Option<String> {
        let capacity = if lines.contains("capacity =") { "" } else { "capacity = '100GiB'" };
        let text = format!("base-path = 'base'\ncountry = 'DE'\noperator-suri = '//Alice'\n{capacity}\n{lines}");
        match toml::from_str::<WorkerOptions>(&text) {
            Ok(options) => options.complete().err().map(|error| error.to_string()),
            Err(error) => Some(error.message().to_owned()),
        }
    }

    #[test]
    fn a_value_with_which_the_worker_would_not_work_is_refused_with_what_to_write() {
        const ADDRESS: &str = "--NAME has an empty address. Write one like /ip4/";
        const EMPTY: &str = "an empty list: leave it out for the default";
        const SIZE: &str = "--NAME is VALUE bytes. Write at least ";
        const TIME: &str = "--NAME is VALUE. Write at least ";
        const COUNT: &str = "--NAME is VALUE. Write a number from 1 to ";
        for (name, refused, text, used) in [
            ("capacity", &["0", "500", "'500kB'", "1048575"][..], SIZE, &["1048576", "'500GiB'", "'2TB'"][..]),
            ("staging", &["0", "50", "1048575"], SIZE, &["1048576", "'50GiB'", "'100GiB'"]),
            ("staging", &["'101GiB'", "107374182401"], "is a part of --capacity, which is 107374182400. ", &[]),
            ("scrub-rate", &["0", "16", "1023"], SIZE, &["1024", "'16MiB'"]),
            ("rebuild-rate", &["0"], SIZE, &["1", "'32MiB'"]),
            ("staged-for", &["'0s'", "'599s'"], TIME, &["'10m'", "'30d'"]),
            ("keep", &["'0s'", "'3599s'"], TIME, &["'1h'", "'3d'"]),
            ("scrub-interval", &["'0s'", "'59s'"], TIME, &["'60s'", "'24h'"]),
            ("rebuilds", &["0", "65", "4000000000"], COUNT, &["1", "4", "64"]),
            ("job-failures", &["0"], COUNT, &["1", "10", "4294967295"]),
            ("listen", &["[]"], EMPTY, &["['/ip4/0.0.0.0/tcp/4001']"]),
            ("rpc", &["[]"], EMPTY, &["'ws://a:1'", "['ws://a:1', 'ws://b:1']"]),
            ("listen", &["['']", "['/ip4/0.0.0.0/tcp/4001', '']"], ADDRESS, &[]),
            ("external", &["['']"], ADDRESS, &["[]", "['/ip4/203.0.113.7/tcp/4001']"]),
            ("bootnodes", &["['']"], "--bootnode has an empty address", &["[]", "['/ip4/203.0.113.7/tcp/4001']"]),
        ] {
            for value in refused {
                let line = format!("{name} = {value}");
                let bytes = if *value == "'500kB'" { "500000" } else { value.trim_matches('\'') };
                let expected = text.replace("NAME", name).replace("VALUE", bytes);
                let refusal = refusal(&line).unwrap_or_else(|| panic!("{line} is used"));
                assert!(refusal.contains(&expected), "{line}: {refusal}");
            }
            for value in used {
                let line = format!("{name} = {value}");
                assert_eq!(refusal(&line), None, "{line}");
            }
        }
    }

    #[test]
    fn the_example_of_the_manual_shows_the_defaults() {
        let manual = include_str!("../../../docs/worker.md");
        let example = manual.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let is_setting = |line: &str| {
            let key = line.split(" = ").next().unwrap_or_default();
            line.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        };
        // All of them, also those that stand there as comments; a bootnode's peer id is cut off.
        let lines = example.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
        let lines: Vec<&str> = lines.filter(|line| is_setting(line) && !line.starts_with("bootnodes")).collect();
        let shown: WorkerOptions = toml::from_str(&lines.join("\n")).unwrap();
        let capacity = shown.capacity.unwrap().0;
        let default = WorkerSettings::new(Country::new(*b"DE").unwrap(), capacity);
        assert_eq!(shown.listen, default_listen());
        assert_eq!(shown.http, Some(WorkerOptions::default().http_address()));
        assert_eq!(shown.staging.unwrap().0, default.staging);
        assert_eq!(shown.staged_for.unwrap().0, default.staged_for);
        assert_eq!(shown.keep.unwrap().0, default.keep);
        assert_eq!(shown.scrub_rate.unwrap().0, default.scrub_rate);
        assert_eq!(shown.scrub_interval.unwrap().0, default.scrub_interval);
        assert_eq!(shown.rebuild_rate.unwrap().0, default.rebuild_rate);
        assert_eq!(shown.rebuilds, Some(default.rebuilds));
        assert_eq!(shown.job_failures, Some(default.supervision.give_up_at));
        assert!(unusable(&default).is_empty());
    }

    #[test]
    fn all_that_cannot_be_used_is_told_at_once_and_one_mistake_once() {
        let several = refusal("rebuilds = 0\nkeep = '1s'\nscrub-rate = 0").unwrap();
        for flag in ["--rebuilds", "--keep", "--scrub-rate"] {
            assert!(several.contains(flag), "{several}");
        }
        let one = refusal("capacity = 500").unwrap();
        assert!(one.contains("such as 500GiB, with its unit") && !one.contains("--staging"), "{one}");
    }
}
