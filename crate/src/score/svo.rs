//! SVO-Probes as CLoVe scores it: which of two pictures shows the sentence, by what is negated.

use serde::{Deserialize, Serialize};

use super::{Grouped, Outcome, ScoreError, TieRule};

/// The part of the sentence that the wrong picture does not show.
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

/// The three accuracies of SVO-Probes, chance 50 %. CLoVe's Table 1 has no average of the three;
/// its “avg.” is the mean of all ten columns of ARO, SugarCrepe and SVO.
///
/// This is not DeepMind's metric, which averages binary match decisions. Many of the pictures'
/// addresses are dead, so each laboratory's subset differs.
///
/// # Errors
/// [`ScoreError::NoItems`] without any item.
pub fn svo_probes(
    outcomes: impl IntoIterator<Item = (NegatedPart, Outcome)>,
    tie_rule: TieRule,
) -> Result<Grouped, ScoreError> {
    let named = outcomes
        .into_iter()
        .map(|(part, outcome)| (part.name(), outcome));
    Grouped::new("SVO-Probes", named, tie_rule, |_| true)
}
