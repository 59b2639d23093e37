//! Pages that are generated, not published.

use crate::answer::{Answer, AnswerBody};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use meganet_text::shown;

/// Returns a small page with one sentence, for example an error.
pub fn message_page(status: StatusCode, text: &str) -> Answer<'static> {
    let title = status.canonical_reason().unwrap_or("Meganet");
    let body = format!("<!doctype html><meta charset=\"utf-8\"><title>{title}</title><p>{}</p>\n", escape(text));
    generated(status, "text/html; charset=utf-8", body)
}

/// Returns a redirect, with a small page for clients that do not follow it.
pub fn redirect_page(status: StatusCode, location: &HeaderValue) -> Answer<'static> {
    let mut answer = message_page(status, &format!("Moved to {}", location.to_str().unwrap_or_default()));
    answer.headers.insert(header::LOCATION, location.clone());
    answer
}

/// A service worker that removes itself and what it has cached, and reloads the pages that it controlled.
const END_SERVICE_WORKER: &str = "\
// This site has no service worker, or not yet: its _headers file lacks the line 'Service-Worker-Allowed: /' for this path, or
// the name has a new owner. This one replaces any that was installed before, perhaps by a former owner, and removes itself.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const key of await caches.keys()) await caches.delete(key);
  await self.registration.unregister();
  for (const page of await self.clients.matchAll({ type: 'window' })) page.navigate(page.url);
})()));
";

/// Returns the script of a service worker that ends the one that a browser has. A refusal would not: browsers then keep the
/// old one.
pub fn end_service_worker() -> Answer<'static> {
    generated(StatusCode::OK, "text/javascript; charset=utf-8", END_SERVICE_WORKER.to_owned())
}

/// Returns generated text that browsers neither cache nor run scripts in.
pub fn generated(status: StatusCode, media_type: &'static str, text: String) -> Answer<'static> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    forbid_scripts(&mut headers);
    Answer { status, headers, body: AnswerBody::Text(text) }
}

/// Forbids a generated page to run or load anything, so that a name or path repeated in it cannot either.
pub(crate) fn forbid_scripts(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let nothing = "default-src 'none'; base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(nothing));
}

/// Escapes text of one line for HTML. Control characters, and those that change the direction of text, are shown as on a terminal.
pub fn escape(text: &str) -> String {
    shown(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_cannot_pose_as_other_text() {
        for (text, expected) in [
            ("Grüße, 日本語, 👍, שלום", "Grüße, 日本語, 👍, שלום"),
            ("<b title=\"x\">&amp;", "&lt;b title=&quot;x&quot;&gt;&amp;amp;"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{1b}[31m\0\r\n\tb\u{85}\u{7f}", "a\\u{1b}[31m\\u{0}\\u{d}\\u{a}\\u{9}b\\u{85}\\u{7f}"),
            ("\u{2066}<\u{2069}\u{2028}\u{200f}", "\\u{2066}&lt;\\u{2069}\\u{2028}\\u{200f}"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
            let AnswerBody::Text(page) = message_page(StatusCode::NOT_FOUND, text).body else { panic!("no text") };
            assert!(page.contains(&format!("<p>{expected}</p>")), "{page}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left_that_is_markup_or_a_command(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(|c: char| c.is_control() || matches!(c, '<' | '>' | '"')));
            let turns = escaped.contains(['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}']);
            prop_assert!(!turns);
        }
    }
}
