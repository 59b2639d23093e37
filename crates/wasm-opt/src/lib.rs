#![doc = include_str!("../README.md")]

use std::{fs, io, ops::Range, path::Path};

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// A pass over the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Removes the custom sections with debugging information.
    StripDwarf,
    /// Refuses a module that uses sign extension; see the crate's documentation.
    SignextLowering,
}

/// The reason that a module was not written.
#[derive(Debug, thiserror::Error)]
pub enum OptimizationError {
    /// The input could not be read.
    #[error("cannot read the module")]
    Read(#[source] io::Error),
    /// The input is not a module, or uses features beyond those allowed.
    #[error("the module is invalid, or was not compiled for wasm32v1-none")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// The output could not be written.
    #[error("cannot write the module")]
    Write(#[source] io::Error),
}

/// The passes over a module, and the features that it may use.
#[derive(Clone, Debug, Default)]
pub struct OptimizationOptions {
    mvp: bool,
    passes: Vec<Pass>,
}

impl OptimizationOptions {
    /// No optimization, and all of WebAssembly's features allowed.
    #[must_use]
    pub fn new_opt_level_0() -> Self {
        Self::default()
    }

    /// Allows only the features of the first release of WebAssembly.
    pub fn mvp_features_only(&mut self) -> &mut Self {
        self.mvp = true;
        self
    }

    /// Has no effect: the section with function names is always kept.
    pub fn debug_info(&mut self, _keep: bool) -> &mut Self {
        self
    }

    /// Adds a pass.
    pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
        self.passes.push(pass);
        self
    }

    /// Reads the module at `from`, and writes it to `to`, which may be the same file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or written, and a module that is invalid.
    pub fn run(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), OptimizationError> {
        let module = fs::read(from).map_err(OptimizationError::Read)?;
        fs::write(to, self.apply(&module)?).map_err(OptimizationError::Write)
    }

    fn apply(&self, module: &[u8]) -> Result<Vec<u8>, OptimizationError> {
        Validator::new_with_features(self.features()).validate_all(module)?;
        if !self.passes.contains(&Pass::StripDwarf) {
            return Ok(module.to_vec());
        }
        let mut kept = Vec::with_capacity(module.len());
        let mut from = 0;
        for dropped in debugging_sections(module)? {
            kept.extend_from_slice(&module[from..dropped.start]);
            from = dropped.end;
        }
        kept.extend_from_slice(&module[from..]);
        Ok(kept)
    }

    fn features(&self) -> WasmFeatures {
        let mut allowed = if self.mvp { WasmFeatures::WASM1 } else { WasmFeatures::default() };
        allowed.set(WasmFeatures::SIGN_EXTENSION, !self.passes.contains(&Pass::SignextLowering));
        allowed
    }
}

/// Returns where the custom sections with debugging information are, headers included.
fn debugging_sections(module: &[u8]) -> Result<Vec<Range<usize>>, wasmparser::BinaryReaderError> {
    let mut sections = Vec::new();
    // The parser reports where a section's contents are; its header begins where the last section ended.
    let mut end = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::CustomSection(section) => {
                if section.name().starts_with(".debug") || section.name().starts_with("reloc..debug") {
                    sections.push(end..section.range().end);
                }
                end = section.range().end;
            }
            Payload::Version { range, .. } => end = range.end,
            Payload::CodeSectionEntry(_) => {}
            payload => {
                if let Some((_, range)) = payload.as_section() {
                    end = range.end;
                }
            }
        }
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";

    fn custom(name: &str, contents: &[u8]) -> Vec<u8> {
        let size = u8::try_from(1 + name.len() + contents.len()).expect("a short section");
        let length = u8::try_from(name.len()).expect("a short name");
        [&[0, size, length], name.as_bytes(), contents].concat()
    }

    /// A module with one function, whose body is the given one.
    fn function(body: &[u8]) -> Vec<u8> {
        let size = u8::try_from(body.len()).expect("a short body");
        let types: &[u8] = &[1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f];
        let functions: &[u8] = &[3, 2, 1, 0];
        [HEADER, types, functions, &[10, size + 2, 1, size], body].concat()
    }

    fn compacting() -> OptimizationOptions {
        let mut options = OptimizationOptions::new_opt_level_0();
        options.mvp_features_only().debug_info(true).add_pass(Pass::StripDwarf).add_pass(Pass::SignextLowering);
        options
    }

    #[test]
    fn debugging_sections_are_dropped_and_everything_else_is_kept() {
        let module = function(&[0, 0x20, 0, 0x0b]);
        let with =
            [&module[..], &custom(".debug_info", b"abc"), &custom("name", b""), &custom(".debug_str", b"")].concat();
        let without = [&module[..], &custom("name", b"")].concat();
        assert_eq!(compacting().apply(&with).expect("a valid module"), without);
        assert_eq!(compacting().apply(&without).expect("a valid module"), without);
    }

    #[test]
    fn a_module_with_sign_extension_is_refused_and_not_lowered() {
        let extending = function(&[0, 0x20, 0, 0xc0, 0x0b]);
        assert!(matches!(compacting().apply(&extending), Err(OptimizationError::Invalid(_))));
        assert!(OptimizationOptions::new_opt_level_0().apply(&extending).is_ok());
    }

    #[test]
    fn a_file_that_is_not_a_module_is_refused() {
        assert!(matches!(compacting().apply(b"not a module"), Err(OptimizationError::Invalid(_))));
        let gone = compacting().run("/nonexistent/module.wasm", "/nonexistent/out.wasm");
        assert!(matches!(gone, Err(OptimizationError::Read(_))));
    }
}
