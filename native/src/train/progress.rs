//! The progress of a run: a bar on a terminal, elsewhere a line now and then.

use std::time::{Duration, Instant};

use cliprobe_train::{Event, StepEntry};
use indicatif::{ProgressBar, ProgressStyle};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows on standard error how far a run is.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    last: u64,
    last_line: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template(
            "{bar:30} {pos}/{len} {msg} ({elapsed} passed, {eta} to go)",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            bar: ProgressBar::new(0).with_style(style),
            last: 0,
            last_line: None,
        }
    }

    pub(super) fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::Begins {
                first,
                last,
                device,
            } => {
                self.last = last;
                self.bar.set_length(last);
                // Resumed steps must not count as fast ones in the estimate.
                self.bar.set_position(first);
                self.bar.reset_eta();
                if device != "the CPU" {
                    self.note(&format!("Training on {device}."));
                }
            }
            Event::Step(entry) => self.step(entry),
            Event::BadSample(sentence) => self.note(&format!("bad sample: {sentence}")),
            Event::Evaluating { step } => {
                if self.bar.is_hidden() {
                    self.note(&format!("step {step}: evaluating"));
                } else {
                    self.bar.set_message("evaluating");
                }
            }
            Event::Evaluated { step, evaluation } => {
                self.note(&format!("step {step}\n{evaluation}"));
            }
            Event::Note(sentence) => self.note(sentence),
            _ => {} // of a later version of the trainer
        }
    }

    fn step(&mut self, entry: &StepEntry) {
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

    /// Lines that stay, above the bar.
    pub(super) fn note(&self, text: &str) {
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
