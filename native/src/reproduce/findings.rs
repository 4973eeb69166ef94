//! What the papers claim, as statements that the experiment's numbers can contradict. They were
//! written down before the numbers were there.

use anyhow::{Context, Result};
use cliprobe::probe::results::Run;
use cliprobe::score::Difference;

use super::arms::ArmName::{self, *};
use super::measures::{self as m, Combinations, Measure};

/// How much lower a value may be and still count as kept.
const MARGIN: f64 = 0.02;

/// How far from chance a value may plausibly be and still count as at chance.
const NEAR_CHANCE: f64 = 0.05;

/// A claim about one measure.
pub(super) struct Claim {
    /// In a sentence.
    pub(super) says: &'static str,
    /// Who makes it.
    pub(super) source: &'static str,
    pub(super) measure: Measure,
    expects: Expects,
}

/// What the claim expects of arms.
#[derive(Clone, Copy)]
enum Expects {
    /// The second arm is above the first.
    Raised(ArmName, ArmName),
    /// The second arm is below the first.
    Lowered(ArmName, ArmName),
    /// The second arm is not below the first by more than [`MARGIN`].
    Kept(ArmName, ArmName),
    /// The arm does as random similarities do.
    AtChance(ArmName),
}

/// What the numbers say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The whole interval agrees.
    Holds,
    /// The whole interval disagrees.
    Contradicted,
    /// The interval allows both.
    Undecided,
}

impl Verdict {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Contradicted => "does not hold",
            Self::Undecided => "undecided",
        }
    }
}

const KAMATH: &str = "Kamath et al. 2024";
const CLOVE: &str = "Castro et al. 2024 (CLoVe)";
const RADIAL: &str = "Alper & Averbuch-Elor 2024";
const ARO: &str = "Yuksekgonul et al. 2023";

/// All claims, in the order of the training steps.
pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        says: "Contrastive training on web-like captions stays at chance where only the order of words tells two captions apart.",
        source: ARO,
        measure: m::ARO_RELATION,
        expects: Expects::AtChance(Contrastive),
    },
    Claim {
        says: "Dense synthetic captions alone raise the binding of attributes.",
        source: CLOVE,
        measure: m::ARO_ATTRIBUTION,
        expects: Expects::Raised(Contrastive, Dense),
    },
    Claim {
        says: "Hard negatives raise relations above what dense captions alone give.",
        source: CLOVE,
        measure: m::ARO_RELATION,
        expects: Expects::Raised(Dense, HardNegatives),
    },
    Claim {
        says: "Hard negatives raise SugarCrepe's replacements.",
        source: CLOVE,
        measure: m::REPLACE,
        expects: Expects::Raised(Dense, HardNegatives),
    },
    Claim {
        says: "Hard negatives raise SugarCrepe's swaps.",
        source: CLOVE,
        measure: m::SWAP,
        expects: Expects::Raised(Dense, HardNegatives),
    },
    Claim {
        says: "Fine-tuning with hard negatives costs zero-shot classification.",
        source: CLOVE,
        measure: m::CLASSIFICATION,
        expects: Expects::Lowered(Contrastive, HardNegatives),
    },
    Claim {
        says: "Hard negatives alone make a model brittle: more paraphrases fall on the other side of the hard negative.",
        source: KAMATH,
        measure: m::BRITTLENESS,
        expects: Expects::Raised(Dense, HardNegatives),
    },
    Claim {
        says: "Hard positives lower that brittleness.",
        source: KAMATH,
        measure: m::BRITTLENESS,
        expects: Expects::Lowered(HardNegatives, HardPositives),
    },
    Claim {
        says: "Hard positives raise the augmented accuracy.",
        source: KAMATH,
        measure: m::AUGMENTED,
        expects: Expects::Raised(HardNegatives, HardPositives),
    },
    Claim {
        says: "Hard positives keep what the hard negatives gained on the swaps.",
        source: KAMATH,
        measure: m::SWAP,
        expects: Expects::Kept(HardNegatives, HardPositives),
    },
    Claim {
        says: "Patching (α = 0.6) brings zero-shot classification back to the pre-trained model's.",
        source: CLOVE,
        measure: m::CLASSIFICATION,
        expects: Expects::Kept(Contrastive, Patched),
    },
    Claim {
        says: "The patched model is still above the pre-trained one on the swaps.",
        source: CLOVE,
        measure: m::SWAP,
        expects: Expects::Raised(Contrastive, Patched),
    },
    Claim {
        says: "Radial embeddings order the tiers of a chain.",
        source: RADIAL,
        measure: m::CHAIN_ORDER,
        expects: Expects::Raised(Patched, Radial),
    },
    Claim {
        says: "Radial embeddings raise hierarchical recall.",
        source: RADIAL,
        measure: m::CHAIN_RECALL,
        expects: Expects::Raised(Patched, Radial),
    },
    Claim {
        says: "Radial embeddings keep retrieval.",
        source: RADIAL,
        measure: m::RETRIEVAL,
        expects: Expects::Kept(Patched, Radial),
    },
];

/// What one seed's models say of a claim.
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// After minus before, or the value minus chance.
    pub(super) difference: Difference,
}

impl Claim {
    /// The claim as it was put to the numbers: “SugarCrepe swap: dense → hard negatives, above”.
    pub(super) fn test(&self) -> String {
        let name = self.measure.name;
        match self.expects {
            Expects::Raised(a, b) => format!("{name}: {} → {}, above 0", a.word(), b.word()),
            Expects::Lowered(a, b) => format!("{name}: {} → {}, below 0", a.word(), b.word()),
            Expects::Kept(a, b) => format!(
                "{name}: {} → {}, above −{:.0} points",
                a.word(),
                b.word(),
                100.0 * MARGIN
            ),
            Expects::AtChance(a) => format!(
                "{name}: {}, within {:.0} points of chance",
                a.word(),
                100.0 * NEAR_CHANCE
            ),
        }
    }

    /// Decides the claim by the models of one seed.
    pub(super) fn decide<'r>(
        &self,
        run: impl Fn(ArmName) -> Result<&'r Run>,
        combinations: Combinations,
    ) -> Result<Finding> {
        let change = |before, after| self.measure.change(run(before)?, run(after)?, combinations);
        let (difference, verdict) = match self.expects {
            Expects::Raised(before, after) => {
                let difference = change(before, after)?;
                (difference, beyond(&difference, 0.0))
            }
            Expects::Lowered(before, after) => {
                let difference = change(before, after)?;
                let opposite = match beyond(&difference, 0.0) {
                    Verdict::Holds => Verdict::Contradicted,
                    Verdict::Contradicted => Verdict::Holds,
                    Verdict::Undecided => Verdict::Undecided,
                };
                (difference, opposite)
            }
            Expects::Kept(before, after) => {
                let difference = change(before, after)?;
                (difference, beyond(&difference, -MARGIN))
            }
            Expects::AtChance(arm) => {
                let chance = self
                    .measure
                    .chance
                    .with_context(|| format!("the chance of {}", self.measure.name))?;
                let mut difference = self.measure.value(run(arm)?, combinations)?;
                difference.value -= chance;
                difference.interval.low -= chance;
                difference.interval.high -= chance;
                (difference, near_zero(&difference))
            }
        };
        Ok(Finding {
            verdict,
            difference,
        })
    }
}

fn beyond(difference: &Difference, bound: f64) -> Verdict {
    if difference.interval.low > bound {
        Verdict::Holds
    } else if difference.interval.high < bound {
        Verdict::Contradicted
    } else {
        Verdict::Undecided
    }
}

fn near_zero(difference: &Difference) -> Verdict {
    let interval = &difference.interval;
    if interval.low > -NEAR_CHANCE && interval.high < NEAR_CHANCE {
        Verdict::Holds
    } else if interval.low > NEAR_CHANCE || interval.high < -NEAR_CHANCE {
        Verdict::Contradicted
    } else {
        Verdict::Undecided
    }
}

/// The verdict of several seeds: the one that all share, otherwise undecided.
pub(super) fn together(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let mut verdicts = verdicts.into_iter();
    match verdicts.next() {
        Some(first) if verdicts.all(|verdict| verdict == first) => first,
        _ => Verdict::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use cliprobe::score::Interval;

    use super::*;

    fn difference(low: f64, high: f64) -> Difference {
        Difference {
            value: (low + high) / 2.0,
            interval: Interval { low, high },
        }
    }

    #[test]
    fn an_interval_decides_only_as_a_whole() {
        use Verdict::{Contradicted, Holds, Undecided};
        assert_eq!(beyond(&difference(0.01, 0.05), 0.0), Holds);
        assert_eq!(beyond(&difference(-0.05, -0.01), 0.0), Contradicted);
        assert_eq!(beyond(&difference(-0.01, 0.05), 0.0), Undecided);
        assert_eq!(beyond(&difference(-0.01, 0.05), -MARGIN), Holds);
        assert_eq!(near_zero(&difference(-0.04, 0.04)), Holds);
        assert_eq!(near_zero(&difference(-0.04, 0.06)), Undecided);
        assert_eq!(near_zero(&difference(0.06, 0.1)), Contradicted);
    }

    #[test]
    fn seeds_that_disagree_decide_nothing() {
        use Verdict::{Contradicted, Holds, Undecided};
        assert_eq!(together([Holds, Holds]), Holds);
        assert_eq!(together([Holds, Contradicted]), Undecided);
        assert_eq!(together([]), Undecided);
    }
}
