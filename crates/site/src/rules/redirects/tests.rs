#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn apply(rules: &str, path: &str) -> Option<MatchedRule> {
    Redirects::parse(rules.as_bytes()).unwrap().apply(path, None)
}

fn page(status: u16, path: &str) -> Option<MatchedRule> {
    Some(MatchedRule::Rewrite { path: path.into(), status: StatusCode::from_u16(status).unwrap() })
}

fn redirect(status: u16, location: &str) -> Option<MatchedRule> {
    Some(MatchedRule::Redirect { location: location.into(), status: StatusCode::from_u16(status).unwrap() })
}

fn problem(rules: &str) -> String {
    Redirects::parse(rules.as_bytes()).unwrap_err().to_string()
}

/// The example of the IPFS gateways' specification.
const EXAMPLE: &str = "\
/redirect-one /one.html
/301-redirect-one /one.html 301
/302-redirect-two /two.html 302
/200-index /index.html 200
/posts/:year/:month/:day/:title /articles/:year/:month/:day/:title 301
/splat/* /redirected-splat/:splat 301
/not-found/* /404.html 404
/gone/* /410.html 410
/unavail/* /451.html 451
/* /index.html 200
";

#[test]
fn the_example_of_the_specification_works() {
    assert_eq!(apply(EXAMPLE, "redirect-one"), redirect(301, "/one.html"));
    assert_eq!(apply(EXAMPLE, "301-redirect-one"), redirect(301, "/one.html"));
    assert_eq!(apply(EXAMPLE, "302-redirect-two"), redirect(302, "/two.html"));
    assert_eq!(apply(EXAMPLE, "200-index"), page(200, "/index.html"));
    assert_eq!(apply(EXAMPLE, "posts/2022/01/01/hi"), redirect(301, "/articles/2022/01/01/hi"));
    assert_eq!(apply(EXAMPLE, "splat/one.html"), redirect(301, "/redirected-splat/one.html"));
    assert_eq!(apply(EXAMPLE, "not-found/has-no-redirects"), page(404, "/404.html"));
    assert_eq!(apply(EXAMPLE, "gone/has-no-redirects"), page(410, "/410.html"));
    assert_eq!(apply(EXAMPLE, "unavail/has-no-redirects"), page(451, "/451.html"));
    assert_eq!(apply(EXAMPLE, "catch/all"), page(200, "/index.html"));
    assert_eq!(apply(&EXAMPLE.replace('\n', "\r\n"), "redirect-one"), redirect(301, "/one.html"));
}

#[test]
fn every_status_and_comments_are_understood() {
    for status in [200, 301, 302, 303, 307, 308, 404, 410, 451] {
        let outcome = apply(&format!("\u{feff}# a\n\n  /a \t /b {status} # why\n"), "a");
        assert!(outcome == page(status, "/b") || outcome == redirect(status, "/b"), "{status}: {outcome:?}");
    }
    assert_eq!(apply("/a /b\n/a /c\n", "a"), redirect(301, "/b"), "the first one is taken");
    assert_eq!(apply("/a /b", "c"), None);
    assert_eq!(apply("", "a"), None);
}

#[test]
fn the_query_is_kept_unless_the_target_has_one() {
    let ask = |rule: &str| match Redirects::parse(rule.as_bytes()).unwrap().apply("a", Some("x=1&y")) {
        Some(MatchedRule::Redirect { location, .. }) => location,
        other => panic!("{other:?}"),
    };
    assert_eq!(ask("/a /b"), "/b?x=1&y");
    assert_eq!(ask("/a /b#c"), "/b?x=1&y#c");
    assert_eq!(ask("/a /b?z"), "/b?z");
    assert_eq!(ask("/a /b?to=https://example.com"), "/b?to=https://example.com");
    assert_eq!(ask("/:p https://example.com?q=:p#:p"), "https://example.com?q=a#a");
    let page = Redirects::parse(b"/a /b 200").unwrap().apply("a", Some("x"));
    assert_eq!(page, super::tests::page(200, "/b"));
}

#[test]
fn what_a_path_says_stays_a_path() {
    // Without escaping, each of these would lead to another host.
    assert_eq!(apply("/* /:splat", "/evil.example"), redirect(301, "/evil.example"));
    assert_eq!(apply("/* /:splat", "\\evil.example"), redirect(301, "/%5Cevil.example"));
    assert_eq!(apply("/x/* https://a.example/:splat", "x//@evil"), redirect(301, "https://a.example//%40evil"));
    assert_eq!(apply("/* https://a.example/:splat", "a?b#c\r\nd"), redirect(301, "https://a.example/a%3Fb%23c%0D%0Ad"));
    assert_eq!(apply("/:p /q?a=:p", "b&c=d"), redirect(301, "/q?a=b%26c%3Dd"));
    assert_eq!(apply("/Grüße /Grüße/%C3%BC", "Grüße"), redirect(301, "/Gr%C3%BC%C3%9Fe/%C3%BC"));
}

#[test]
fn colons_that_name_nothing_are_text() {
    assert_eq!(
        apply("/w/* https://w.example:8080/Special::splat", "w/x"),
        redirect(301, "https://w.example:8080/Special:x")
    );
    assert_eq!(apply("/w https://w.example/Special:Search", "w"), redirect(301, "https://w.example/Special:Search"));
    assert_eq!(apply("/:a/:b /:a-:b.html 302", "x/y"), redirect(302, "/x-y.html"));
    assert_eq!(apply("/a /b/%3Ac", "a"), redirect(301, "/b/%3Ac"));
}

#[test]
fn a_broken_line_is_told() {
    for (line, why) in [
        ("/a", "FROM TO [STATUS]"),
        ("/a /b 418", "'418' is not a supported status"),
        ("/a # b", "FROM TO [STATUS]"),
        ("/a /b 418!", "'418' is not a supported status"),
        ("/a /b Role=admin", "remove the rule"),
        ("/a /b 200! Language=de Role=admin,editor", "remove the rule"),
        ("/a /b 301 302", "'302' is one field too many"),
        ("/a /b 301 Colour=red", "'Colour=red' is one field too many"),
        ("/a x=1 /b 301", "remove 'x=1'"),
        ("/store id=:id  /blog/:id  301", "remove 'id=:id'"),
        ("/a/* https://api.example.com/:splat 200", "gateways forward no requests"),
        ("a /b", "begin it with '/'"),
        ("/a b", "is not a valid target"),
        ("/a javascript:alert(1)", "is not a valid target"),
        ("/a javascript://x/%0Aalert(1)", "not an http or https"),
        ("/a ftp://example.com/", "not an http or https"),
        ("/a https://", "not an http or https"),
        ("/a https:///x", "not an http or https"),
        ("/a https://user@example.com/", "not an http or https"),
        ("/* https://:splat/", "not an http or https"),
        ("/* https://:splat.example.com/", "not an http or https"),
        ("/a https://example.com:x/", "not an http or https"),
        ("/a //example.com/", "https://example.com/"),
        ("/a https://example.com/ 200", "a path of this site"),
        ("/a https://example.com/ 404", "a path of this site"),
        ("/a /b?c 200", "without a query"),
        ("/a /b/../c", "'..'"),
        ("/a /:b", "is not captured"),
        ("/a /:splat", "end the path with '/*'"),
    ] {
        let problem = problem(&format!("# rules\n/ok /fine\n{line}\n"));
        assert!(problem.starts_with("line 3 of _redirects: ") && problem.contains(why), "{line}: {problem}");
    }
}

#[test]
fn a_rule_that_cannot_apply_is_ignored_with_a_note() {
    for (line, why) in [
        ("/a /de/a 302 Language=de", "'Language=de'"),
        ("/a /au/a 302! Country=au,nz", "'Country=au,nz'"),
        ("/a /b 301 Country=de Language=de # why", "'Language=de'"),
        ("/a /b Cookie=beta", "'Cookie=beta'"),
        ("http://old.example/* https://new.example/:splat 301!", "another host"),
        ("https://www.example/a /b", "another host"),
    ] {
        let mut rules = Redirects::default();
        let note = rules.parse_line(1, line).unwrap().unwrap();
        assert!(note.contains(why) && rules.rules.is_empty(), "{line}: {note}");
    }
}

#[test]
fn a_slash_at_the_end_makes_no_difference_to_a_rule() {
    for (rule, path) in [("/a /b", "a"), ("/a /b", "a/"), ("/a/ /b", "a"), ("/a/ /b", "a/"), ("/x/:y /b", "x/z/")] {
        assert_eq!(apply(rule, path), redirect(301, "/b"), "{rule} {path}");
    }
    assert_eq!(apply("/a /b", "a//"), None);
    assert_eq!(apply("/a/* /b/:splat", "a/c/"), redirect(301, "/b/c/"));
}

#[test]
fn a_rule_covers_what_it_hides() {
    let covers = |first: &str, second: &str| {
        let rules = Redirects::parse(format!("{first} /t\n{second} /u\n").as_bytes()).unwrap();
        rules.rules[0].covers(&rules.rules[1])
    };
    for (first, second) in
        [("/a", "/a"), ("/a", "/a/"), ("/:x", "/a"), ("/:x", "/:y"), ("/*", "/"), ("/*", "/a/:b"), ("/a/*", "/a/b/*")]
    {
        assert!(covers(first, second), "{first} {second}");
    }
    for (first, second) in
        [("/a", "/b"), ("/a", "/:x"), ("/:x", "/"), ("/a", "/a/*"), ("/a/*", "/*"), ("/a/:x", "/a/*")]
    {
        assert!(!covers(first, second), "{first} {second}");
    }
}

#[test]
fn rules_and_targets_are_bounded() {
    let many = "/a /b\n".repeat(MAX_RULES);
    assert_eq!(Redirects::parse(many.as_bytes()).unwrap().rule_count(), MAX_RULES);
    assert!(problem(&format!("{many}/a /b")).contains("line 1001 of _redirects: a site can have at most 1000 rules"));
    let long = "x".repeat(MAX_LOCATION);
    assert_eq!(apply("/* /:splat", &long), Some(MatchedRule::TooLong));
    assert_eq!(apply("/* /a", &long), redirect(301, "/a"));
    // Short lines make long locations where every placeholder stands for much.
    let bomb = format!("/* /{}", ":splat".repeat(100));
    let part = "x".repeat(MAX_LOCATION / 100 + 1);
    assert_eq!(apply(&bomb, &part), Some(MatchedRule::TooLong));
    let parts = format!("/* /{}", ":splat".repeat(10_000));
    assert!(problem(&parts).contains("a line can have at most 128 folders and placeholders"));
}

proptest! {
    #[test]
    fn examples_match_their_rule(from in "/[a:bx*/]{0,8}") {
        if let Ok(rules) = Redirects::parse(format!("{from} /t").as_bytes()) {
            for example in rules.rules.iter().flat_map(Rule::examples) {
                prop_assert!(rules.rules[0].matches(&example), "{}", example);
            }
        }
    }

    #[test]
    fn a_target_is_this_site_or_the_rules_own_host(
        line in "/[a:*/]{0,6} (https://h\\.example)?/[a:/%?#splat]{0,12}( 30[1278]| 200)?",
        path in "(/|\\\\|%|:|@|a|\\.|\n){0,8}",
        query in "[a=&?/]{0,4}",
    ) {
        if let Ok(rules) = Redirects::parse(line.as_bytes()) {
            match rules.apply(&path, Some(&query)) {
                Some(MatchedRule::Redirect { location, .. }) => {
                    prop_assert!(location.is_ascii() && !location.contains(['\n', '\\', ' ']), "{}", location);
                    let own = location.starts_with('/') && !location.starts_with("//");
                    let rest = location.strip_prefix("https://h.example");
                    let there = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
                    prop_assert!(own || there, "{}", location);
                }
                Some(MatchedRule::Rewrite { path, .. }) => prop_assert!(path.starts_with('/')),
                Some(MatchedRule::TooLong) | None => {}
            }
        }
    }
}
