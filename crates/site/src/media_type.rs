//! Media types of files.

/// Returns the media type of a path by its extension. Text is declared as UTF-8.
pub(crate) fn media_type(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = mime.type_() == mime_guess::mime::TEXT
        || matches!(mime.subtype().as_str(), "javascript" | "json" | "xml")
        || mime.suffix().is_some_and(|suffix| suffix == "xml" || suffix == "json");
    if is_text && mime.get_param("charset").is_none() { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_extension() {
        assert_eq!(media_type("a/index.html"), "text/html; charset=utf-8");
        assert_eq!(media_type("x.svg"), "image/svg+xml; charset=utf-8");
        assert_eq!(media_type("x.png"), "image/png");
        assert_eq!(media_type("x.wasm"), "application/wasm");
        assert_eq!(media_type("x.json"), "application/json; charset=utf-8");
        assert_eq!(media_type("unknown"), "application/octet-stream");
    }
}
