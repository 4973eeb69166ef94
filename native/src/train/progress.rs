//! What a person sees of a run: a bar on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::log::StepEntry;

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Where a run stands, on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    last: u64,
    last_line: Option<Instant>,
}

impl Progress {
    /// Of a run that goes from update `first` to update `last`.
    pub(crate) fn new(first: u64, last: u64) -> Self {
        let style = ProgressStyle::with_template(
            "{bar:30} {pos}/{len} {msg} ({elapsed} passed, {eta} to go)",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        // Resumed steps must not count as fast ones in the estimate.
        let bar = ProgressBar::new(last)
            .with_style(style)
            .with_position(first);
        bar.reset_eta();
        Self {
            bar,
            last,
            last_line: None,
        }
    }

    pub(crate) fn step(&mut self, entry: &StepEntry) {
        let standing = format!(
            "loss {:.4}, {:.0} samples/s",
            entry.loss, entry.samples_per_s
        );
        if !self.bar.is_hidden() {
            self.bar.set_position(entry.step);
            self.bar.set_message(standing);
        } else if self.last_line.is_none_or(|at| at.elapsed() >= LINE_EVERY)
            || entry.step == self.last
        {
            self.note(&format!("step {}/{}: {standing}", entry.step, self.last));
            self.last_line = Some(Instant::now());
        }
    }

    /// Out of the way while something else has bars.
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.bar.suspend(work)
    }

    /// Lines that stay, above the bar.
    pub(crate) fn note(&self, text: &str) {
        #[allow(
            clippy::print_stderr,
            reason = "this is where the run speaks to a person"
        )]
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
