//! Vectors of links and names.

use crate::{filler, hex};
use meganet_primitives::{
    content::ReadKey,
    link::Link,
    name::{check_label, skeleton},
    object::ObjectId,
};
use serde_json::{Value, json};

pub fn links() -> Value {
    let names =
        [("my-site", ""), ("my-site", "docs/"), ("abc", "a b/ü?#%/日本.txt"), ("o.my-site", ""), ("b.abc", "x")];
    let names: Vec<Value> = names
        .map(|(name, path)| {
            let link = Link::name(name, path).unwrap();
            assert_eq!(link.to_string().parse(), Ok(link.clone()));
            json!({ "name": name, "path": path, "link": link.to_string() })
        })
        .to_vec();
    let objects: Vec<Value> = [(0u64, true), (1, false)]
        .map(|(number, with_key)| {
            let object = ObjectId(filler("object", number));
            let key = with_key.then(|| ReadKey(filler("key", number)));
            let link = Link::Object { object, group: 7, sealed_len: 123_456, key };
            assert_eq!(link.to_string().parse(), Ok(link.clone()));
            json!({
                "object": hex(object.0), "group": 7, "sealed_len": 123_456, "key": key.map(|key| hex(key.0)),
                "link": link.to_string(),
            })
        })
        .to_vec();
    let good = objects[0]["link"].as_str().unwrap();
    let other = objects[1]["link"].as_str().unwrap();
    let (id, key) = good.split_once('#').unwrap();
    let refused: Vec<Value> = [
        format!("{id}#"),
        format!("{other}#{key}"),
        good.to_uppercase().replace("MEGANET://O/", "meganet://o/"),
        good.replacen("/o/", "/o/a", 1),
        good[..good.len() - 1].into(),
        good.replace('#', ""),
        format!("{good}a"),
        "meganet://o/".into(),
        "meganet://site/../x".into(),
        "meganet://site/%2E%2E/x".into(),
        "meganet://site/%ff".into(),
        "meganet://site/a%".into(),
        "meganet://Site/".into(),
        "meganet://a.b.site/".into(),
        "meganet://.site/".into(),
        "https://site/index.html".into(),
    ]
    .into_iter()
    .map(|text: String| {
        let error = format!("{:?}", text.parse::<Link>().expect_err(&text));
        json!({ "link": text, "error": error })
    })
    .collect();
    json!({ "about": "Links. `refused` are not links.", "names": names, "objects": objects, "refused": refused })
}

pub fn names() -> Value {
    let labels = [
        "abc", "my-site", "a--b", "123", "google", "g00g1e", "modern", "rnodem", "wow", "vvovv", "vvv", "mwmw",
        "n-r-n", "2580",
    ];
    let valid: Vec<Value> = labels
        .map(|label| {
            check_label(label.as_bytes()).unwrap();
            json!({ "label": label, "skeleton": String::from_utf8(skeleton(label.as_bytes())).unwrap() })
        })
        .to_vec();
    let long = "x".repeat(64);
    let refused: Vec<Value> = ["", "ab", &long, "Abc", "a_b", "a.b", "-abc", "abc-", "xn--abc", "köln", "ab c"]
        .map(|label| json!({ "label": label, "error": format!("{:?}", check_label(label.as_bytes()).expect_err(label)) }))
        .to_vec();
    json!({ "about": "Labels with their skeletons. `refused` are no names.", "valid": valid, "refused": refused })
}
