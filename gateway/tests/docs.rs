//! The examples of docs/sites.md, request by request.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use reqwest::Method;
use support::{Files, Gateway, Shelf, header_of};

const PAGE: &str = include_str!("../../docs/sites.md");

/// The content of the block between ```KIND and ```.
fn block(kind: &str) -> &'static str {
    let begin = format!("```{kind}\n");
    let (_, rest) = PAGE.split_once(&begin).unwrap();
    rest.split_once("```").unwrap().0
}

/// Rows of the tables whose second column has this title, as their two cells.
fn rows(title: &str) -> Vec<(String, String)> {
    let head = format!("| request | {title} |");
    let mut rows = Vec::new();
    for table in PAGE.split(&head).skip(1) {
        for row in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            rows.push((cells[0].trim_matches('`').to_string(), cells[1].to_string()));
        }
    }
    rows
}

async fn start() -> Gateway {
    let files: Vec<(&str, &[u8])> = block("site")
        .lines()
        .map(|path| match path {
            "_redirects" | "_headers" => (path, block(path).as_bytes()),
            path => (path, path.as_bytes()),
        })
        .collect();
    Gateway::start(Shelf::default().with_site(Files::new("hello", &files))).await
}

#[tokio::test]
async fn every_request_has_the_answer_that_is_promised() {
    let gateway = start().await;
    let rows = rows("answer");
    assert_eq!(rows.len(), 22);
    for (path, promised) in rows {
        let answer = gateway.get("hello", &path).await;
        let (status, location) = (answer.status().as_u16(), header_of(&answer, "location"));
        let body = answer.text().await.unwrap();
        let got = if status / 100 == 3 {
            format!("{status} to `{location}`")
        } else if body.contains("<table>") {
            format!("{status}, a listing")
        } else {
            // A file of the example contains its own path.
            format!("{status} with `{body}`")
        };
        assert_eq!(got, promised, "{path}");
    }
}

#[tokio::test]
async fn every_request_has_the_header_that_is_promised() {
    let gateway = start().await;
    let rows = rows("header");
    assert_eq!(rows.len(), 6);
    for (path, promised) in rows {
        let answer = gateway.get("hello", &path).await;
        let (name, value) = promised.trim_matches('`').split_once(": ").unwrap();
        assert_eq!(header_of(&answer, name), value, "{path}");
    }
}

#[tokio::test]
async fn the_service_worker_of_the_example_is_allowed() {
    let gateway = start().await;
    for (path, is_allowed) in [("/sw.js", true), ("/assets/app.js", false)] {
        let answer = gateway.ask(Method::GET, "hello", path).header("service-worker", "script").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let ends = answer.text().await.unwrap().contains("registration.unregister()");
        assert_eq!(!ends, is_allowed, "{path}");
    }
}
