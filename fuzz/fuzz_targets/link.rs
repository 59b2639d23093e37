//! Links: every link that parses is written as a link that parses to the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meganet_primitives::link::Link;

fuzz_target!(|text: &str| {
    for text in [text.to_owned(), format!("meganet://{text}"), format!("meganet://site/{text}")] {
        if let Ok(link) = text.parse::<Link>() {
            assert_eq!(link.to_string().parse(), Ok(link));
        }
    }
});
