//! What the command prints: the only place that writes to standard output and standard error.
//!
//! The macros shadow the standard ones, which panic when nobody can take what is printed. Here a reader
//! that has gone (`cliprobe … | head`) ends the printing quietly, and any other failure is kept for
//! [`finish`], which turns it into an error after the command's work is done. Control characters are
//! shown as escapes, since names and metadata come from files that strangers made.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

/// Prints a line on standard output.
macro_rules! println {
    () => { $crate::console::print(format_args!("\n")) };
    ($($text:tt)*) => { $crate::console::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line on standard error.
macro_rules! eprintln {
    () => { $crate::console::print_error(format_args!("\n")) };
    ($($text:tt)*) => { $crate::console::print_error(format_args!("{}\n", format_args!($($text)*))) };
}

/// Why standard output takes no more, from the first failure on.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes to standard output, unless that has failed before.
pub(crate) fn print(text: fmt::Arguments) {
    if !takes_no_more() {
        printed(
            io::stdout()
                .lock()
                .write_all(visible(&text.to_string()).as_bytes()),
        );
    }
}

/// Keeps the failure of something that was printed another way.
pub(crate) fn printed(result: io::Result<()>) {
    let mut failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    *failure = failure.take().or(result.err());
}

/// Writes to standard error. Where that fails there is nobody left to tell.
pub(crate) fn print_error(text: fmt::Arguments) {
    let _ = io::stderr()
        .lock()
        .write_all(visible(&text.to_string()).as_bytes());
}

/// Whether nothing more can be printed: a command that only prints may stop.
pub(crate) fn takes_no_more() -> bool {
    let failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    failure.is_some()
}

/// Brings everything printed so far out of the process.
///
/// # Errors
/// When something printed could not be written. A reader that has gone is no error.
pub(crate) fn finish() -> Result<()> {
    let mut failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    let failure = failure.take().or_else(|| io::stdout().flush().err());
    match failure {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("the results cannot be written to standard output")
        }
        _ => Ok(()),
    }
}

/// A text in which control characters stand as JSON writes them, `\u001b`, so that they cannot steer the
/// terminal, and so that JSON stays JSON. Line ends and tabs stay.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' && c != '\t' {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(
            visible("red \u{1b}[31m\u{9b}0m\r\u{7f}"),
            "red \\u001b[31m\\u009b0m\\u000d\\u007f"
        );
        assert_eq!(visible("naïve café\t日本\n"), "naïve café\t日本\n");
    }
}
