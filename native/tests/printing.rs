//! What the command prints, where nobody can take it: a closed pipe (`cliprobe … | head`) ends it
//! quietly, a full disk with one sentence. And what may not be printed as it is.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use common::argument;

fn golden(name: &str) -> String {
    argument(&common::golden(name))
}

/// A command of each kind that prints on standard output. `FOLDER` is one for its files.
fn printing_commands() -> Vec<Vec<String>> {
    let tiny = golden("tiny_b_gelu_openclip");
    let image = golden("images/03_small_100x80.png");
    let rider = "A man riding a brown horse in front of an old barn.";
    [
        &["inspect", &tiny][..],
        &["inspect", &tiny, "--json"],
        &["tokens", &tiny, "a cat", "a dog"],
        &["tokens", &tiny, "a cat", "--json"],
        &["score", &tiny, "--image", &image, "a cat", "a dog"],
        &["score", &tiny, "--image", &image, "a cat", "--json"],
        &["caption", "negatives", rider, "--all"],
        &["caption", "general", rider, "--json"],
        &[
            "world",
            "sample",
            "1",
            "--size",
            "32",
            "--out",
            "FOLDER/world",
        ],
        &[
            "quantize",
            &tiny,
            "--type",
            "Q8_0",
            "--out",
            "FOLDER/q.gguf",
        ],
        &["convert", &tiny, "--out", "FOLDER/converted"],
        &["patch", &tiny, &tiny, "--out", "FOLDER/patched"],
        &["probes", "tableau/swap_attribute", "--tableau-items", "2"],
        &["--help"],
        &["world", "--help"],
        &["--version"],
    ]
    .iter()
    .map(|arguments| arguments.iter().map(|&a| a.to_owned()).collect())
    .collect()
}

fn run(arguments: &[String], stdout: Stdio) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    Command::new(env!("CARGO_BIN_EXE_cliprobe"))
        .args(arguments.iter().map(|a| a.replace("FOLDER", folder)))
        .stdout(stdout)
        .stderr(Stdio::piped())
        .output()
        .unwrap()
}

#[test]
fn a_reader_that_has_gone_ends_every_command_quietly() {
    for arguments in printing_commands() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run(&arguments, writer.into());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert_eq!(said, "", "{arguments:?}");
    }
}

#[test]
fn both_outputs_may_be_closed() {
    for arguments in printing_commands() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        let status = Command::new(env!("CARGO_BIN_EXE_cliprobe"))
            .args(arguments.iter().map(|a| a.replace("FOLDER", folder)))
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")] // has a device that is always full
fn a_full_disk_is_said_in_one_sentence() {
    for arguments in printing_commands() {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = run(&arguments, full.into());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert_eq!(
            said,
            "cliprobe: the results cannot be written to standard output: No space left on device (os error 28)\n",
            "{arguments:?}"
        );
    }
}

#[test]
fn a_files_name_cannot_steer_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let name: PathBuf = folder.path().join("\u{1b}[31mred\u{9b}0m.gguf");
    std::fs::write(&name, "no model").unwrap();
    let arguments = ["inspect", name.to_str().unwrap()].map(str::to_owned);
    let output = run(&arguments, Stdio::piped());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("[31mred"), "{said:?}");
    assert!(!said.contains(['\u{1b}', '\u{9b}']), "{said:?}");

    let caption = "a \u{1b}[31mred cat and a blue dog".to_owned();
    let arguments = ["caption", "negatives"].map(str::to_owned);
    let output = run(&[&arguments[..], &[caption]].concat(), Stdio::piped());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("\\u001b") && !said.contains('\u{1b}'),
        "{said:?}"
    );
}
