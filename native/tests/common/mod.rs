//! What the tests of the command share: the golden files, and ways to run it.
#![allow(dead_code, reason = "every test program uses a part")]

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A file of the repository.
pub(crate) fn at_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A file or a folder of `tests/golden`.
pub(crate) fn golden(name: &str) -> PathBuf {
    at_root("tests/golden").join(name)
}

/// A path as an argument.
pub(crate) fn argument(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A golden model as an argument.
pub(crate) fn model(name: &str) -> String {
    argument(&golden(name))
}

/// Writes a file; its path as an argument.
pub(crate) fn write(directory: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    argument(&path)
}

/// Runs the command to its end.
pub(crate) fn cliprobe(arguments: &[&str]) -> Output {
    Command::cargo_bin("cliprobe")
        .unwrap()
        .args(arguments)
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs what ends with this exit code; returns standard output and standard error.
pub(crate) fn ends_with(code: i32, arguments: &[&str]) -> (String, String) {
    let output = cliprobe(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    (text(&output.stdout), said)
}

/// Runs what must succeed; returns what it prints.
pub(crate) fn succeeds(arguments: &[&str]) -> String {
    ends_with(0, arguments).0
}

/// Runs what must succeed and prints JSON.
pub(crate) fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeds(arguments)).unwrap()
}

/// Runs what must fail; returns its sentence, the last line of standard error.
pub(crate) fn refusal(arguments: &[&str]) -> String {
    let (_, said) = ends_with(1, arguments);
    assert!(!said.contains("panicked"), "{said}");
    let last = said.trim_end().lines().last().unwrap_or_default();
    assert!(last.starts_with("cliprobe: "), "{said}");
    last.to_owned()
}

/// As [`refusal`], of what says nothing else.
pub(crate) fn only_refusal(arguments: &[&str]) -> String {
    let (_, said) = ends_with(1, arguments);
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said
}
