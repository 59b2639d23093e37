//! Keystores of other wallets: whatever a file holds, it is read or refused with a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meganet_wallet::KeystoreInfo;

fuzz_target!(|text: &str| {
    let _ = KeystoreInfo::read(text);
});
