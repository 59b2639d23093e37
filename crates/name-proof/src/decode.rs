//! Messages of SCALE's decoder.

/// Returns a decoder's message, which has a line for each level, in one line.
pub(crate) fn one_line(error: &codec::Error) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
