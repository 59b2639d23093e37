#![allow(clippy::unwrap_used)]

use super::*;
use alloc::{format, string::ToString};
use proptest::prelude::*;

fn object() -> Link {
    let object = ObjectId(core::array::from_fn(|byte| u8::try_from(byte * 7).unwrap_or(1)));
    Link::Object { object, group: 5, sealed_len: 123_456, key: Some(ReadKey([0xab; 32])) }
}

#[test]
fn names_are_written_and_read() {
    let cases = [
        ("", "meganet://my-site/"),
        ("index.html", "meganet://my-site/index.html"),
        ("docs/", "meganet://my-site/docs/"),
        ("a b/ü?#%", "meganet://my-site/a%20b/%C3%BC%3F%23%25"),
    ];
    for (path, text) in cases {
        let link = Link::name("my-site", path).unwrap();
        assert_eq!(link.to_string(), text);
        assert_eq!(text.parse(), Ok(link));
    }
    let below = Link::name("blog.my-site", "a").unwrap();
    assert_eq!(below.to_string(), "meganet://blog.my-site/a");
    assert_eq!(below.to_string().parse(), Ok(below));
    assert_eq!("meganet://o.my-site/".parse(), Link::name("o.my-site", ""));
    assert_eq!("meganet://my-site".parse(), Link::name("my-site", ""));
    assert_eq!("meganet://my-site/ü".parse(), Link::name("my-site", "ü"));
}

#[test]
fn names_and_paths_that_break_a_rule_are_refused() {
    let error = |text: &str| text.parse::<Link>().unwrap_err();
    assert_eq!(error("meganet://My-site/"), LinkError::Label(LabelError::BadCharacter { position: 1 }));
    assert_eq!(error("meganet://"), LinkError::Label(LabelError::Empty));
    assert_eq!(error("meganet://.site/"), LinkError::Label(LabelError::Empty));
    assert_eq!(error("meganet://blog.ab/"), LinkError::Label(LabelError::TooShort));
    assert_eq!(error("meganet://a.b.site/"), LinkError::Label(LabelError::TooDeep));
    assert_eq!(error("meganet://site/../x"), LinkError::Path(PathError::DotSegment));
    assert_eq!(error("meganet://site/%2e%2e/x"), LinkError::Path(PathError::DotSegment));
    assert_eq!(error("meganet://site//x"), LinkError::Path(PathError::Absolute));
    assert_eq!(error("meganet://site/a%00"), LinkError::Path(PathError::Nul));
    assert_eq!(error("meganet://site/a//"), LinkError::Path(PathError::EmptySegment));
    for text in
        ["meganet://site/%", "meganet://site/%zz", "meganet://site/%ff", "meganet://site/a?b", "meganet://site/a#b"]
    {
        assert_eq!(error(text), LinkError::Encoding, "{text}");
    }
    for text in ["", "site", "megane://site", "http://host", "http://host/x/y", "ftp://host/o/x"] {
        assert_eq!(error(text), LinkError::NotALink, "{text}");
    }
}

#[test]
fn objects_are_written_and_read() {
    let text = object().to_string();
    assert!(text.starts_with("meganet://o/") && text.contains('#'));
    assert_eq!(text.parse(), Ok(object()));
    let (without_key, _) = text.split_once('#').unwrap();
    let content = object().content().unwrap();
    let keyless = Link::from(ContentRef { key: None, ..content });
    assert_eq!(without_key.parse(), Ok(keyless.clone()));
    assert_eq!(keyless.to_string(), without_key);
    assert_eq!(Link::from(content), object());
}

#[test]
fn the_gateway_form_is_the_same_link() {
    let text = object().to_string();
    for host in ["http://127.0.0.1:8080", "https://gateway.example"] {
        assert_eq!(text.replace("meganet:/", host).parse(), Ok(object()));
    }
}

#[test]
fn keys_open_only_their_own_object() {
    let Link::Object { object, group, sealed_len, key } = object() else { unreachable!() };
    let key = key_part(&object, &key.unwrap());
    let other = object_id_part(&ObjectId([9; 32]), group, sealed_len);
    assert!(Link::from_parts(&object_id_part(&object, group, sealed_len), Some(&key)).is_ok());
    assert_eq!(Link::from_parts(&other, Some(&key)), Err(LinkError::MistypedKey));
}

#[test]
fn impossible_lengths_are_refused_even_with_a_right_check() {
    let id = object_id_part(&ObjectId([9; 32]), 0, 16);
    assert_eq!(Link::from_parts(&id, None), Err(LinkError::Mistyped));
}

#[test]
fn debug_hides_the_key() {
    assert!(format!("{:?}", object()).contains("ReadKey(hidden)"));
}

#[test]
fn any_single_mistyped_character_is_refused() {
    let text = object().to_string();
    for at in 0..text.len() {
        for typed in (0x20u8..0x7f).map(char::from).filter(|typed| !text[at..].starts_with(*typed)) {
            let mistyped = format!("{}{typed}{}", &text[..at], &text[at + 1..]);
            assert!(mistyped.parse::<Link>().is_err(), "{mistyped}");
        }
        let missing = format!("{}{}", &text[..at], &text[at + 1..]);
        assert!(missing.parse::<Link>().is_err(), "{missing}");
        let doubled = format!("{}{}", &text[..=at], &text[at..]);
        assert!(doubled.parse::<Link>().is_err(), "{doubled}");
        if let Some(next) = text.get(at + 1..at + 2).filter(|next| !text[at..].starts_with(*next)) {
            let swapped = format!("{}{next}{}{}", &text[..at], &text[at..=at], &text[at + 2..]);
            assert!(swapped.parse::<Link>().is_err(), "{swapped}");
        }
    }
}

#[test]
fn only_the_whole_key_may_be_missing() {
    let text = object().to_string();
    let id_end = text.find('#').unwrap();
    for len in (0..text.len()).filter(|len| *len != id_end) {
        assert!(text[..len].parse::<Link>().is_err(), "{}", &text[..len]);
    }
}

proptest! {
    #[test]
    fn any_path_comes_back(path in "[^/\0]{1,12}(/[^/\0]{1,12}){0,3}") {
        if let Ok(link) = Link::name("site", &path) {
            let text = link.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(text.parse(), Ok(link));
        }
    }

    #[test]
    fn any_object_comes_back(id in any::<[u8; 32]>(), group in any::<u32>(), sealed_len in 17u64..65_536, key in any::<[u8; 32]>()) {
        let link = Link::Object { object: ObjectId(id), group, sealed_len, key: Some(ReadKey(key)) };
        prop_assert_eq!(link.to_string().parse(), Ok(link));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "(meganet://|http://h/)?(o/)?.{0,100}") {
        if let Ok(link) = text.parse::<Link>() {
            prop_assert_eq!(link.to_string().parse(), Ok(link));
        }
    }
}
