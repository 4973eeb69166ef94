//! Accuracies by group, and their macro average.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Accuracy, Estimate, Outcome, ScoreError, TieRule};

/// The items of one relation, class or kind of negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// Their accuracy, with their number.
    pub accuracy: Accuracy,
}

/// Accuracies by group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grouped {
    /// The mean over `groups`, each weighing the same.
    pub macro_average: Estimate,
    /// Over the items of `groups`, each item weighing the same: another number.
    pub micro_average: Accuracy,
    /// The groups averaged, by name.
    pub groups: Vec<Group>,
    /// The groups that the benchmark leaves out of both averages, by name.
    pub left_out: Vec<Group>,
}

impl Grouped {
    /// Groups outcomes, whose ties were resolved by `tie_rule`, and averages the groups to keep.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`], naming `what`, if no group is kept.
    pub fn new<N: AsRef<str>>(
        what: &str,
        outcomes: impl IntoIterator<Item = (N, Outcome)>,
        tie_rule: TieRule,
        keep: impl Fn(&Group) -> bool,
    ) -> Result<Self, ScoreError> {
        let mut by_name: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
        for (name, outcome) in outcomes {
            // Looked up before it is copied: thousands of items share a name.
            match by_name.get_mut(name.as_ref()) {
                Some(group) => group.push(outcome),
                None => {
                    by_name.insert(name.as_ref().to_owned(), vec![outcome]);
                }
            }
        }
        let (mut groups, mut left_out) = (Vec::new(), Vec::new());
        for (name, outcomes) in by_name {
            let accuracy = Accuracy::count(&name, outcomes, tie_rule)?;
            let group = Group { name, accuracy };
            if keep(&group) {
                groups.push(group);
            } else {
                left_out.push(group);
            }
        }
        Ok(Self {
            macro_average: Estimate::mean(what, groups.iter().map(|g| g.accuracy.estimate()))?,
            micro_average: Accuracy::micro(what, groups.iter().map(|g| &g.accuracy))?,
            groups,
            left_out,
        })
    }
}
