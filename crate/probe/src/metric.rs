//! One number of a result, with its unit and the direction in which it is better.

use serde::{Deserialize, Serialize};

use cliprobe_score::{Accuracy, Estimate, Interval};

/// What a metric's value counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share of items, from 0 to 1; written in per cent.
    #[default]
    Share,
    /// A rank correlation, from −1 to 1.
    Correlation,
    /// A cosine or a difference of cosines, from −2 to 2.
    Cosine,
}

/// Which of two values is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The higher one.
    #[default]
    Higher,
    /// The lower one.
    Lower,
}

/// One number of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Metric {
    /// What it is, e.g. `accuracy`, `text to image R@5`.
    pub name: String,
    /// Its value, in `unit`.
    pub value: f64,
    /// What the value counts.
    pub unit: Unit,
    /// Which direction is better.
    pub better: Better,
    /// Its 95 % interval, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// What random similarities would get, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// How many items it averages over.
    pub n: usize,
    /// How many of them the tie rule decided.
    pub ties: usize,
}

/// A metric of a result file. Files of older versions say neither unit nor direction: their metrics
/// are those of [`BEFORE_UNITS`], and shares of which more is better.
#[derive(Deserialize)]
struct Stored {
    name: String,
    value: f64,
    unit: Option<Unit>,
    better: Option<Better>,
    #[serde(default)]
    interval: Option<Interval>,
    #[serde(default)]
    chance: Option<f64>,
    n: usize,
    #[serde(default)]
    ties: usize,
}

/// The metrics of older files that are no shares, or of which less is better.
const BEFORE_UNITS: [(&str, Unit, Better); 3] = [
    ("order correlation τ_d", Unit::Correlation, Better::Higher),
    ("mean |c − p|", Unit::Cosine, Better::Lower),
    ("brittleness", Unit::Share, Better::Lower),
];

impl From<Stored> for Metric {
    fn from(stored: Stored) -> Self {
        let known = BEFORE_UNITS.iter().find(|(name, ..)| *name == stored.name);
        let (unit, better) =
            known.map_or_else(Default::default, |&(_, unit, better)| (unit, better));
        Self {
            name: stored.name,
            value: stored.value,
            unit: stored.unit.unwrap_or(unit),
            better: stored.better.unwrap_or(better),
            interval: stored.interval,
            chance: stored.chance,
            n: stored.n,
            ties: stored.ties,
        }
    }
}

impl Metric {
    /// Columns of a metric in a table.
    pub const CSV: [&'static str; 9] = [
        "metric", "value", "low", "high", "chance", "n", "ties", "unit", "better",
    ];

    /// The values of [`Metric::CSV`]; empty where there is none.
    pub fn to_csv(&self) -> [String; 9] {
        let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
        let unit = match self.unit {
            Unit::Share => "share",
            Unit::Correlation => "correlation",
            Unit::Cosine => "cosine",
        };
        let better = match self.better {
            Better::Higher => "higher",
            Better::Lower => "lower",
        };
        [
            self.name.clone(),
            self.value.to_string(),
            number(self.interval.map(|i| i.low)),
            number(self.interval.map(|i| i.high)),
            number(self.chance),
            self.n.to_string(),
            self.ties.to_string(),
            unit.to_owned(),
            better.to_owned(),
        ]
    }

    /// A share of items.
    pub(crate) fn accuracy(name: impl Into<String>, accuracy: &Accuracy) -> Self {
        Self {
            name: name.into(),
            value: accuracy.value,
            unit: Unit::Share,
            better: Better::Higher,
            interval: Some(accuracy.interval),
            chance: Some(accuracy.chance),
            n: accuracy.n,
            ties: accuracy.ties,
        }
    }

    /// An average of shares.
    pub(crate) fn estimate(name: impl Into<String>, estimate: Estimate, n: usize) -> Self {
        Self {
            name: name.into(),
            value: estimate.value,
            unit: Unit::Share,
            better: Better::Higher,
            interval: Some(estimate.interval),
            chance: Some(estimate.chance),
            n,
            ties: 0,
        }
    }

    /// A number without interval and chance.
    pub(crate) fn plain(name: &str, value: f64, n: usize, unit: Unit) -> Self {
        Self {
            name: name.to_owned(),
            value,
            unit,
            better: Better::Higher,
            interval: None,
            chance: None,
            n,
            ties: 0,
        }
    }

    /// The same, of which less or more is better.
    pub(crate) fn with(self, better: Better) -> Self {
        Self { better, ..self }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_older_files_get_their_unit_and_direction() {
        let read = |name: &str| -> Metric {
            serde_json::from_value(serde_json::json!({"name": name, "value": 0.25, "n": 4}))
                .unwrap()
        };
        let of = |name: &str| (read(name).unit, read(name).better);
        assert_eq!(of("accuracy"), (Unit::Share, Better::Higher));
        assert_eq!(of("brittleness"), (Unit::Share, Better::Lower));
        assert_eq!(of("mean |c − p|"), (Unit::Cosine, Better::Lower));
        assert_eq!(
            of("order correlation τ_d"),
            (Unit::Correlation, Better::Higher)
        );
        // What a file says is not overruled by its name: a set may be about any relation.
        let said = serde_json::json!({"name": "brittleness", "value": 1, "n": 1, "unit": "cosine", "better": "higher"});
        let said: Metric = serde_json::from_value(said).unwrap();
        assert_eq!((said.unit, said.better), (Unit::Cosine, Better::Higher));
        let again: Metric = serde_json::from_value(serde_json::to_value(&said).unwrap()).unwrap();
        assert_eq!(again, said);
    }
}
