//! Progress of long work on standard error: a bar on a terminal, a line now and then elsewhere.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// Between two lines in a log file, and before the first: short work leaves no line.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A progress bar for work of known length.
pub(crate) fn bar(what: &'static str, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(what);
    let template = if bar.is_hidden() {
        let lines = Lines::new(LINE_EVERY, |line| eprintln!("{line}"));
        bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(lines), 1));
        format!("{{msg}}: {{pos}} of {{len}} {unit}, {{eta}} left")
    } else {
        format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit}, {{eta}} left")
    };
    let style =
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style)
}

/// Takes what is drawn for a terminal and passes on a whole line now and then.
struct Lines<W> {
    every: Duration,
    write: W,
    drawn: Mutex<Drawn>,
}

struct Drawn {
    line: String,
    last_written: Instant,
}

impl<W: Fn(&str)> Lines<W> {
    fn new(every: Duration, write: W) -> Self {
        let drawn = Mutex::new(Drawn {
            line: String::new(),
            last_written: Instant::now(),
        });
        Self {
            every,
            write,
            drawn,
        }
    }
}

impl<W> fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

impl<W: Fn(&str) + Send + Sync> TermLike for Lines<W> {
    /// Wide enough that nothing is cut.
    fn width(&self) -> u16 {
        500
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.line.push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let line = std::mem::take(&mut drawn.line);
        if !line.trim().is_empty() && drawn.last_written.elapsed() >= self.every {
            drawn.last_written = Instant::now();
            (self.write)(line.trim());
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn lines(every: Duration) -> Vec<String> {
        let written = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&written);
        let lines = Lines::new(every, move |line| {
            into.lock().unwrap().push(line.to_owned());
        });
        for text in ["Images: 1 of 2 images", "Images: 2 of 2 images"] {
            lines.write_str("\r").unwrap();
            lines.write_str(text).unwrap();
            lines.write_str("     ").unwrap();
            lines.flush().unwrap();
            lines.clear_line().unwrap();
            lines.flush().unwrap();
        }
        drop(lines);
        Arc::into_inner(written).unwrap().into_inner().unwrap()
    }

    #[test]
    fn what_is_drawn_becomes_lines_and_only_now_and_then() {
        assert_eq!(
            lines(Duration::ZERO),
            ["Images: 1 of 2 images", "Images: 2 of 2 images"]
        );
        assert!(lines(Duration::from_secs(3600)).is_empty());
    }
}
