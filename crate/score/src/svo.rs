//! The groups of SVO-Probes as CLoVe scores it: which of two images shows the sentence, by what
//! is negated. There are three accuracies; CLoVe's Table 1 has no average of them, its “avg.” is the
//! mean of all ten columns of ARO, SugarCrepe and SVO. DeepMind's own metric, which averages binary
//! match decisions, is another one.

use serde::{Deserialize, Serialize};

/// The part of the sentence that the wrong image does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NegatedPart {
    /// Who acts.
    Subject,
    /// What is done.
    Verb,
    /// To whom.
    Object,
}

impl NegatedPart {
    /// From the columns `subj_neg` and `verb_neg`, with CLoVe's precedence: subject, verb, and
    /// else object.
    pub const fn from_flags(subj_neg: bool, verb_neg: bool) -> Self {
        if subj_neg {
            Self::Subject
        } else if verb_neg {
            Self::Verb
        } else {
            Self::Object
        }
    }

    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Verb => "verb",
            Self::Object => "object",
        }
    }
}
