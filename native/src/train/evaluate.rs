//! What a model has understood so far: probes of held-out scenes, by kind.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use candle_core::{Device, Tensor};
use cliprobe::clip::config::ClipConfig;
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::clip::tokenizer::Tokenizer;
use cliprobe::engine::cpu::Model;
use cliprobe::world::{Caption, Combination, ProbeKind, Scene, WorldProbe, draw, probes};
use serde::Serialize;

use super::data::pixels;
use super::features::normalised;
use super::sample::pack_texts;

/// Every evaluation asks the same questions.
const PROBE_SEED: u64 = 0;

/// Pictures or captions that are encoded at once.
const BATCH: usize = 128;

/// The score of one kind of probe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Score {
    pub(crate) kind: ProbeKind,
    /// Share of the probes in which every true caption is nearer to the picture than every
    /// false one; a tie counts as wrong.
    pub(crate) accuracy: f64,
    /// Share in which one true caption is nearer than the false one and the other is not
    /// (brittleness, Kamath et al. 2024): only of kinds with two true captions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) brittleness: Option<f64>,
    /// Expected accuracy of a random order.
    pub(crate) chance: f64,
    /// Number of probes.
    pub(crate) n: usize,
}

/// Scores by kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Evaluation(pub(crate) Vec<Score>);

impl Evaluation {
    /// Every number with its name, as a log of scalars has them.
    pub(crate) fn scalars(&self) -> Vec<(String, f64)> {
        let mut scalars = Vec::new();
        for score in &self.0 {
            let name = serde_json::to_value(score.kind).unwrap_or_default();
            let name = name.as_str().unwrap_or_default();
            scalars.push((format!("val/{name}"), score.accuracy));
            let brittleness = score.brittleness;
            scalars.extend(brittleness.map(|value| (format!("val/{name}/brittleness"), value)));
        }
        scalars
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {:<20}{:>9}{:>9}{:>9}{:>7}",
            "probe", "accuracy", "chance", "brittle", "n"
        )?;
        for score in &self.0 {
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            let brittle = score.brittleness.map_or_else(String::new, percent);
            // The names that the log has.
            let name = serde_json::to_value(score.kind).map_err(|_| fmt::Error)?;
            write!(
                f,
                "\n  {:<20}{:>9}{:>9}{brittle:>9}{:>7}",
                name.as_str().unwrap_or_default(),
                percent(score.accuracy),
                percent(score.chance),
                score.n
            )?;
        }
        Ok(())
    }
}

/// Asks `n` probes of every kind that is one picture and several captions, of scenes that no training ever draws.
pub(crate) fn on_tableau(
    model: &Model,
    tokenizer: &Tokenizer,
    config: &ClipConfig,
    n: usize,
) -> Result<Evaluation> {
    const OTHERS: [ProbeKind; 4] = [
        ProbeKind::Svo,
        ProbeKind::Square,
        ProbeKind::Chain,
        ProbeKind::Retrieval,
    ];
    ProbeKind::ALL
        .iter()
        .filter(|kind| !OTHERS.contains(kind))
        .map(|&kind| {
            let probes: Vec<Question> = probes(kind, Combination::Seen, PROBE_SEED, n)
                .filter_map(Question::of)
                .collect();
            let cosines = cosines(model, tokenizer, config, &probes)?;
            Ok(score(kind, &cosines))
        })
        .collect::<Result<_>>()
        .map(Evaluation)
}

/// A picture with captions that are true or false of it.
struct Question {
    scene: Scene,
    positives: Vec<Caption>,
    negatives: Vec<Caption>,
}

impl Question {
    fn of(probe: WorldProbe) -> Option<Self> {
        match probe {
            WorldProbe::Captions {
                scene,
                positives,
                negatives,
            } => Some(Self {
                scene,
                positives,
                negatives,
            }),
            _ => None,
        }
    }
}

/// Cosines of a probe's picture with its true and its false captions.
struct Cosines {
    positives: Vec<f32>,
    negatives: Vec<f32>,
}

fn cosines(
    model: &Model,
    tokenizer: &Tokenizer,
    config: &ClipConfig,
    probes: &[Question],
) -> Result<Vec<Cosines>> {
    // Recognition asks about the same words in every probe: each caption is encoded once.
    let texts = probes
        .iter()
        .flat_map(|probe| probe.positives.iter().chain(&probe.negatives))
        .map(|caption| caption.text.as_str());
    let mut rows: BTreeMap<&str, usize> = texts.map(|text| (text, 0)).collect();
    for (row, place) in rows.values_mut().enumerate() {
        *place = row;
    }
    let captions: Vec<&str> = rows.keys().copied().collect();
    let captions = encoded(&captions, |batch| {
        Ok(model.text_features(&pack_texts(tokenizer, batch.iter().copied())?)?)
    })?;
    let side = config.vision.image_size;
    let preprocessing = Preprocessing::clip_default(side as u32);
    let pictures = encoded(probes, |batch| {
        let mut values = Vec::new();
        for probe in batch {
            values.extend(pixels(draw(&probe.scene, side as u32)?, &preprocessing)?);
        }
        let shape = (batch.len(), 3, side, side);
        Ok(model.image_features(&Tensor::from_vec(values, shape, &Device::Cpu)?)?)
    })?;
    let cosine = |picture: &[f32], text: &str| -> f32 {
        let caption = &captions[rows[text]];
        picture.iter().zip(caption).map(|(p, c)| p * c).sum()
    };
    Ok(probes
        .iter()
        .zip(&pictures)
        .map(|(probe, picture)| Cosines {
            positives: probe
                .positives
                .iter()
                .map(|c| cosine(picture, &c.text))
                .collect(),
            negatives: probe
                .negatives
                .iter()
                .map(|c| cosine(picture, &c.text))
                .collect(),
        })
        .collect())
}

/// One normalised row for each item.
fn encoded<T>(items: &[T], encode: impl Fn(&[T]) -> Result<Tensor>) -> Result<Vec<Vec<f32>>> {
    let mut rows = Vec::with_capacity(items.len());
    for batch in items.chunks(BATCH) {
        rows.extend(normalised(&encode(batch)?)?.to_vec2::<f32>()?);
    }
    Ok(rows)
}

fn score(kind: ProbeKind, probes: &[Cosines]) -> Score {
    let share = |holds: &dyn Fn(&Cosines) -> bool| {
        probes.iter().filter(|probe| holds(probe)).count() as f64 / probes.len() as f64
    };
    let brittle = |probe: &Cosines| match (&probe.positives[..], &probe.negatives[..]) {
        ([a, p], [n]) => (a > n && n > p) || (p > n && n > a),
        _ => false,
    };
    let (positives, negatives) = probes.first().map_or((1, 0), |probe| {
        (probe.positives.len(), probe.negatives.len())
    });
    Score {
        kind,
        accuracy: share(&|probe| {
            let mut positives = probe.positives.iter();
            positives.all(|p| probe.negatives.iter().all(|n| p > n))
        }),
        brittleness: (positives == 2 && negatives == 1).then(|| share(&brittle)),
        chance: 1.0 / choose(positives + negatives, positives),
        n: probes.len(),
    }
}

/// In how many ways `k` of `n` can be chosen.
fn choose(n: usize, k: usize) -> f64 {
    (1..=k).map(|i| (n - k + i) as f64 / i as f64).product()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn probe(positives: &[f32], negatives: &[f32]) -> Cosines {
        Cosines {
            positives: positives.to_vec(),
            negatives: negatives.to_vec(),
        }
    }

    #[test]
    fn accuracy_is_strict() {
        let probes = [
            probe(&[0.3], &[0.2, 0.1]),
            probe(&[0.2], &[0.2, 0.1]),
            probe(&[0.1], &[0.2, 0.0]),
            probe(&[0.9], &[0.2, 0.0]),
        ];
        let score = score(ProbeKind::Noun, &probes);
        assert_eq!((score.accuracy, score.n), (0.5, 4));
        assert_eq!(score.brittleness, None);
        assert!((score.chance - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn hard_positives_have_an_augmented_accuracy_and_brittleness() {
        let probes = [
            probe(&[0.3, 0.2], &[0.1]),
            probe(&[0.3, 0.1], &[0.2]),
            probe(&[0.1, 0.3], &[0.2]),
            probe(&[0.1, 0.2], &[0.3]),
            probe(&[0.1, 0.2], &[0.1]),
        ];
        let score = score(ProbeKind::Converse, &probes);
        assert_eq!(score.accuracy, 0.2);
        assert_eq!(score.brittleness, Some(0.4));
        assert!((score.chance - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn table_names_kinds_as_the_log_does() {
        let score = score(ProbeKind::SwapAttribute, &[probe(&[0.3], &[0.2])]);
        let evaluation = Evaluation(vec![score]);
        let table = evaluation.to_string();
        assert!(table.contains("swap_attribute"), "{table}");
        assert!(
            table.contains("100.0 %") && table.contains("50.0 %"),
            "{table}"
        );
        let json = serde_json::to_value(&evaluation).unwrap();
        assert_eq!(json[0]["kind"], "swap_attribute");
        assert_eq!(json[0]["n"], 1);
    }
}
