//! Samples that cannot be used: counted, named once, and too many of them end the run.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};

/// Below this many samples a share says nothing.
const ENOUGH: u64 = 100;

/// The count of a run, shared by all that read its data.
#[derive(Debug)]
pub(crate) struct BadSamples {
    max_percent: f64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    good: u64,
    bad: u64,
    named: BTreeSet<String>,
    untold: Vec<String>,
}

impl BadSamples {
    /// `max_percent` is how many of a hundred samples may be bad.
    pub(crate) fn new(max_percent: f64) -> Self {
        Self {
            max_percent,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counts are whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a sample that can be used.
    pub(super) fn good(&self) {
        self.state().good += 1;
    }

    /// Counts one that cannot, for the reason that the sentence names.
    ///
    /// # Errors
    /// When more are bad than the recipe allows, after the first hundred.
    pub(super) fn bad(&self, sentence: String) -> Result<()> {
        let mut state = self.state();
        state.bad += 1;
        if !state.named.contains(&sentence) {
            state.named.insert(sentence.clone());
            state.untold.push(sentence.clone());
        }
        let read = state.good + state.bad;
        let percent = 100.0 * state.bad as f64 / read as f64;
        if read >= ENOUGH && percent > self.max_percent {
            bail!(
                "{} of {read} samples cannot be used, more than data.max_bad_percent = {} allows; \
                 the last is {sentence}",
                state.bad,
                self.max_percent
            );
        }
        Ok(())
    }

    /// What was found since the last call, each bad sample once in a run.
    pub(crate) fn take_untold(&self) -> Vec<String> {
        std::mem::take(&mut self.state().untold)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_share_beyond_the_limit_ends_the_run_after_the_first_hundred() {
        let samples = BadSamples::new(2.0);
        for _ in 0..50 {
            samples.bad("a.jpg is cut off".to_owned()).unwrap();
        }
        let samples = BadSamples::new(2.0);
        for _ in 0..147 {
            samples.good();
        }
        for name in ["a", "b", "a"] {
            samples.bad(format!("{name}.jpg is cut off")).unwrap();
        }
        assert_eq!(
            samples.take_untold(),
            ["a.jpg is cut off", "b.jpg is cut off"]
        );
        assert!(samples.take_untold().is_empty());
        let error = samples.bad("c.jpg is cut off".to_owned()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "4 of 151 samples cannot be used, more than data.max_bad_percent = 2 allows; the last \
             is c.jpg is cut off"
        );
    }
}
