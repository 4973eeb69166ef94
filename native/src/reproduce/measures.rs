//! What the experiment measures: groups of Tableau's sets, each under the name of the benchmark whose
//! form they have, with a number for every item, so that two models can be compared item by item.

use anyhow::{Context, Result};
use cliprobe::probe::results::{Run, SetResult};
use cliprobe::probe::{Answer, Detail};
use cliprobe::score::{Difference, HardPositiveOutcome, PairedMean, wilson};

/// A number from 0 to 1 (τ_d: from −1) for every item of some sets.
#[derive(Debug)]
pub(super) struct Measure {
    /// In tables.
    pub(super) name: &'static str,
    /// Kinds of Tableau's sets; each weighs the same.
    pub(super) kinds: &'static [&'static str],
    /// What random similarities would get, where that is known.
    pub(super) chance: Option<f64>,
    number: Number,
}

/// How an answer becomes a number.
#[derive(Clone, Copy, Debug)]
enum Number {
    /// Whether it has this mark.
    Mark(&'static str),
    /// Whether the hard negative lies between the two true captions (Kamath et al., brittleness).
    Brittle,
    /// The share of the chain's tiers that are found for its image.
    Recall,
    /// Kendall's τ between radius and tier.
    OrderCorrelation,
}

impl Number {
    fn of(self, answer: &Answer) -> Option<f64> {
        match (self, &answer.detail) {
            (Self::Mark(mark), detail) => {
                let mut marks = detail.form().marks().into_iter();
                let (_, right) = marks.find(|(name, _)| *name == mark)?;
                Some(f64::from(right))
            }
            (Self::Brittle, Detail::HardPositive(item)) => Some(f64::from(matches!(
                item.outcome,
                HardPositiveOutcome::PositiveLost | HardPositiveOutcome::CaptionLost
            ))),
            (Self::Recall, Detail::Chain(chain)) => Some(chain.recall),
            (Self::OrderCorrelation, Detail::Chain(chain)) => Some(chain.order_correlation),
            _ => None,
        }
    }
}

const fn choice(name: &'static str, kinds: &'static [&'static str]) -> Measure {
    Measure {
        name,
        kinds,
        chance: Some(0.5),
        number: Number::Mark("accuracy"),
    }
}

const REWORDED: &[&str] = &["swap_conjuncts", "converse", "passive", "synonyms"];

pub(super) const CLASSIFICATION: Measure = Measure {
    name: "zero-shot: noun",
    kinds: &["noun"],
    chance: None,
    number: Number::Mark("top-1"),
};
pub(super) const COLOUR_NOUN: Measure = Measure {
    name: "zero-shot: colour and noun",
    kinds: &["colour_noun"],
    chance: None,
    number: Number::Mark("top-1"),
};
pub(super) const RETRIEVAL: Measure = Measure {
    name: "retrieval, text to image R@1",
    kinds: &["retrieval"],
    chance: None,
    number: Number::Mark("text to image R@1"),
};
pub(super) const REPLACE: Measure = choice(
    "SugarCrepe replace",
    &["replace_object", "replace_attribute", "replace_relation"],
);
pub(super) const SWAP: Measure = choice("SugarCrepe swap", &["swap_object", "swap_attribute"]);
pub(super) const ADD: Measure = choice("SugarCrepe add", &["add_object", "add_attribute"]);
pub(super) const ARO_RELATION: Measure = choice("ARO relation", &["swap_object"]);
pub(super) const ARO_ATTRIBUTION: Measure = choice("ARO attribution", &["swap_attribute"]);
pub(super) const SVO: Measure = choice("SVO", &["svo"]);
pub(super) const WINOGROUND: Measure = Measure {
    name: "Winoground group",
    kinds: &["square"],
    chance: Some(1.0 / 6.0),
    number: Number::Mark("group"),
};
pub(super) const ORIGINAL: Measure = Measure {
    name: "Hard Positives original",
    kinds: REWORDED,
    chance: Some(0.5),
    number: Number::Mark("original"),
};
pub(super) const AUGMENTED: Measure = Measure {
    name: "Hard Positives augmented",
    kinds: REWORDED,
    chance: Some(1.0 / 3.0),
    number: Number::Mark("augmented"),
};
pub(super) const BRITTLENESS: Measure = Measure {
    name: "Hard Positives brittleness",
    kinds: REWORDED,
    chance: Some(1.0 / 3.0),
    number: Number::Brittle,
};
pub(super) const CHAIN_RECALL: Measure = Measure {
    name: "HierarCaps recall",
    kinds: &["chain"],
    chance: None,
    number: Number::Recall,
};
pub(super) const CHAIN_ORDER: Measure = Measure {
    name: "HierarCaps τ_d",
    kinds: &["chain"],
    chance: Some(0.0),
    number: Number::OrderCorrelation,
};

/// In the order of the tables.
pub(super) const MEASURES: &[Measure] = &[
    CLASSIFICATION,
    COLOUR_NOUN,
    RETRIEVAL,
    REPLACE,
    SWAP,
    ADD,
    ARO_RELATION,
    ARO_ATTRIBUTION,
    SVO,
    WINOGROUND,
    ORIGINAL,
    AUGMENTED,
    BRITTLENESS,
    CHAIN_RECALL,
    CHAIN_ORDER,
];

/// Which combinations of words the sets ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combinations {
    /// Those that training shows.
    Seen,
    /// Those that no training scene has.
    HeldOut,
}

impl Combinations {
    /// The name of a kind's set.
    pub(super) fn set(self, kind: &str) -> String {
        match self {
            Self::Seen => format!("tableau/{kind}"),
            Self::HeldOut => format!("tableau/{kind}/held_out"),
        }
    }
}

impl Measure {
    /// The change between two models' answers to the same items: after minus before, each kind
    /// weighing the same, with its 95 % interval.
    pub(super) fn change(
        &self,
        before: &Run,
        after: &Run,
        combinations: Combinations,
    ) -> Result<Difference> {
        let parts = self.kinds.iter().map(|kind| {
            let set = combinations.set(kind);
            let numbers = |run| self.numbers(run, &set);
            Ok(PairedMean::new(&numbers(before)?, &numbers(after)?)?.difference)
        });
        Ok(Difference::mean(parts.collect::<Result<Vec<_>>>()?)?)
    }

    /// A model's value with its 95 % interval: Wilson's where items are right or wrong, else the mean's
    /// by the t method, which is that of its change from nothing.
    pub(super) fn value(&self, run: &Run, combinations: Combinations) -> Result<Difference> {
        let parts = self.kinds.iter().map(|kind| {
            let numbers = self.numbers(run, &combinations.set(kind))?;
            if let Number::Mark(_) | Number::Brittle = self.number {
                let right = numbers.iter().filter(|&&number| number == 1.0).count();
                return Ok(Difference {
                    value: right as f64 / numbers.len() as f64,
                    interval: wilson(right, numbers.len()),
                });
            }
            let nothing = vec![0.0; numbers.len()];
            Ok(PairedMean::new(&nothing, &numbers)?.difference)
        });
        Ok(Difference::mean(parts.collect::<Result<Vec<_>>>()?)?)
    }

    /// The items' numbers, in the set's order.
    fn numbers(&self, run: &Run, name: &str) -> Result<Vec<f64>> {
        let set: &SetResult = run
            .sets
            .iter()
            .find(|set| set.evaluation.set == name)
            .with_context(|| format!("the results of {} have no set {name}", run.name()))?;
        let answers = set.evaluation.answers.iter();
        Ok(answers
            .filter_map(|answer| self.number.of(answer))
            .collect())
    }
}
