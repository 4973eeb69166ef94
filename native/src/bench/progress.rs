//! How far an evaluation is: bars on a terminal, else a line every so often.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use cliprobe::evaluate::{Progress, Stage};
use indicatif::ProgressBar;

use crate::progress;

/// Seconds between two lines where nobody looks at bars.
const EVERY: Duration = Duration::from_secs(15);

/// Shows how far an evaluation is.
pub(super) struct Bars {
    stage: Option<Stage>,
    bar: ProgressBar,
    is_terminal: bool,
    told: Instant,
}

impl Default for Bars {
    fn default() -> Self {
        Self {
            stage: None,
            bar: ProgressBar::hidden(),
            is_terminal: std::io::stderr().is_terminal(),
            told: Instant::now(),
        }
    }
}

impl Bars {
    pub(super) fn tell(&mut self, progress: Progress) {
        let (title, unit) = match progress.stage {
            Stage::Images => ("Images", "images"),
            Stage::Texts => ("Texts", "texts"),
            Stage::Sets => ("Scoring", "sets"),
        };
        if self.stage != Some(progress.stage) {
            self.finish();
            self.stage = Some(progress.stage);
            if self.is_terminal {
                self.bar = progress::bar(title, unit);
            }
        }
        self.bar.set_length(progress.all as u64);
        self.bar.set_position(progress.done as u64);
        if !self.is_terminal && self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            eprintln!("{title}: {} of {} {unit}", progress.done, progress.all);
        }
    }

    /// Clears the bar.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
