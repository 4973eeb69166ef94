//! Events that a run reports to its caller.

use super::evaluate::Evaluation;
use super::log::StepEntry;

/// One thing that happened. All but bad samples come from the first process alone.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run is open and goes from update `first` to update `last`.
    Begins {
        /// Updates made before.
        first: u64,
        /// The last update of this call.
        last: u64,
        /// The device that computes, in words.
        device: &'a str,
    },
    /// An update was made.
    Step(&'a StepEntry),
    /// A sample could not be used, for this reason. Each is reported once.
    BadSample(&'a str),
    /// An evaluation begins, after this many updates.
    Evaluating {
        /// Updates made.
        step: u64,
    },
    /// An evaluation ended.
    Evaluated {
        /// Updates made.
        step: u64,
        /// Its scores.
        evaluation: &'a Evaluation,
    },
    /// Anything else that a person should know, in a sentence.
    Note(&'a str),
}
