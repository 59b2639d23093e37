//! The runtime API.

use super::*;
use crate::{CurrentParams, Names as NamesMap, Subnames};
use codec::{Decode, Encode};
use meganet_primitives::name::{NameParams, StoredName, StoredSubname};
use sp_io::hashing::{blake2_128, twox_128};

#[test]
fn names_of_an_owner_come_in_pages() {
    run(|| {
        for n in 0..25 {
            assert_ok!(register(1, &format!("site-{}", char::from(b'a' + n))));
        }
        assert_ok!(register(2, "another"));
        let mut seen = Vec::new();
        loop {
            let after = seen.last().cloned();
            let page = Names::api_names_of([1; 32], after, 10);
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 10);
            seen.extend(page.into_iter().map(|info| info.label));
        }
        assert_eq!(seen.len(), 25);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 25);
        assert_eq!(Names::api_names_of([1; 32], Some(vec![b'a'; 64]), 10), vec![]);
        assert_eq!(Names::api_names_of([1; 32], None, 0), vec![]);
        assert_eq!(Names::api_name(vec![b'a'; 100]), None);
    });
}

#[test]
fn what_cannot_be_a_name_leads_nowhere() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert!(resolve("site").is_some());
        for none in ["", "none", "blog.site", "a.b.site", ".site", "site.", "SITE", "x.none"] {
            assert_eq!(resolve(none), None, "{none}");
        }
        assert_eq!(Names::api_resolve(vec![0xff, 0xfe]), None);
        let long = vec![b'a'; 100];
        assert_eq!(Names::api_record(long.clone(), text("url")), None);
        assert_eq!(Names::api_history(long.clone()), vec![]);
        assert_eq!(Names::api_quote(long, 1).rent, PARAMS.rent[3]);
    });
}

fn hashed(bytes: &[u8]) -> Vec<u8> {
    [blake2_128(bytes).as_slice(), bytes].concat()
}

fn stored(item: &[u8], keys: &[&[u8]]) -> Option<Vec<u8>> {
    let mut key = [twox_128(b"Names"), twox_128(item)].concat();
    keys.iter().for_each(|one| key.extend(hashed(one)));
    sp_io::storage::get(&key).map(Into::into)
}

#[test]
fn a_light_client_computes_keys_and_reads_values() {
    run(|| {
        assert_ok!(register(1, "site"));
        assert_ok!(Names::set_content(signed(1), label("site"), Some(content(1))));
        assert_ok!(Names::set_subname(signed(1), label("site"), label("blog"), Some(foreign())));
        let (site, blog) = (label("site").encode(), label("blog").encode());
        let name = StoredName::decode(&mut stored(b"Names", &[&site]).unwrap().as_slice()).unwrap();
        assert_eq!((name.owner, name.content.clone()), ([1; 32], Some(content(1))));
        assert_eq!(NamesMap::<Test>::get(label("site")), Some(name));
        let sub = StoredSubname::decode(&mut stored(b"Subnames", &[&site, &blog]).unwrap().as_slice()).unwrap();
        assert_eq!(Subnames::<Test>::get(label("site"), label("blog")), Some(sub));
        let params = NameParams::decode(&mut stored(b"CurrentParams", &[]).unwrap().as_slice()).unwrap();
        assert_eq!(CurrentParams::<Test>::get(), params);
    });
}
