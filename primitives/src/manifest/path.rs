//! Paths of files in a site.

/// Bytes of the longest path.
pub const MAX_PATH: usize = 4096;
/// Bytes of the longest segment: file systems refuse longer ones.
pub const MAX_PATH_SEGMENT: usize = 255;

/// The rule that a path breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is empty.
    #[error("the path is empty: name a file")]
    Empty,
    /// Longer than [`MAX_PATH`], or a segment longer than [`MAX_PATH_SEGMENT`].
    #[error("a path has at most {MAX_PATH} bytes, and each segment at most {MAX_PATH_SEGMENT}: shorten it")]
    TooLong,
    /// It begins with `/`.
    #[error("a path is relative to the site: remove the leading slash")]
    Absolute,
    /// `//`, or `/` at the end.
    #[error("a path can't have an empty segment: remove the extra slash")]
    EmptySegment,
    /// A segment is `.` or `..`.
    #[error("a path can't have . or .. in it, because it could lead out of its folder: remove them")]
    DotSegment,
    /// It has a zero byte.
    #[error("a path can't have a zero byte: remove it")]
    Nul,
}

/// Checks that a path stays within the folder it is written to: relative, segments separated by `/`, none of them
/// empty, `.` or `..`, no zero byte, at most [`MAX_PATH`] bytes. Everything else is allowed, as on Linux: any Unicode,
/// spaces, line ends, backslashes. On systems where a backslash separates folders, programs that write files must refuse it too.
///
/// # Errors
/// [`PathError`] about the first rule that it breaks.
pub fn check_path(path: &str) -> Result<(), PathError> {
    if path.is_empty() {
        return Err(PathError::Empty);
    }
    if path.len() > MAX_PATH {
        return Err(PathError::TooLong);
    }
    if path.starts_with('/') {
        return Err(PathError::Absolute);
    }
    if path.contains('\0') {
        return Err(PathError::Nul);
    }
    for segment in path.split('/') {
        match segment {
            "" => return Err(PathError::EmptySegment),
            "." | ".." => return Err(PathError::DotSegment),
            long if long.len() > MAX_PATH_SEGMENT => return Err(PathError::TooLong),
            _ => {}
        }
    }
    Ok(())
}
