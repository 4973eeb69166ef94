//! The synthetic world's own benchmark: scenes that no training ever draws, with captions whose
//! truth is known.

use super::{
    Average, CaptionChoice, Classification, HardPositiveTriple, ProbeError, ProbeSet, Probes,
    Protocol, Tables,
};
use crate::score::TieRule;
use crate::world::{self, ProbeKind, WorldProbe};

/// The kinds of probes, which are also the names of the sets.
pub const TABLEAU_KINDS: &[ProbeKind] = ProbeKind::ALL;

/// `n` probes of a kind: recognition as zero-shot classification without templates, rewordings as
/// hard-positive triples, the rest as a choice of two captions. The same kind and seed give the
/// same set, and a longer one begins with the shorter.
///
/// # Errors
/// `n` of zero.
pub fn tableau(kind: ProbeKind, seed: u64, n: usize) -> Result<ProbeSet, ProbeError> {
    let word = serde_json::to_value(kind).ok();
    let word = word
        .as_ref()
        .and_then(|word| word.as_str())
        .unwrap_or_default();
    let name = format!("tableau/{word}");
    let probes = world::probes(kind, seed, n);
    let mut tables = Tables::default();
    let probes = match kind {
        ProbeKind::Noun | ProbeKind::ColourNoun => {
            let mut classification = Classification::default();
            for probe in probes {
                recognition(probe, &mut classification, &mut tables);
            }
            Probes::Classification(classification)
        }
        ProbeKind::SwapConjuncts | ProbeKind::Converse => Probes::HardPositive(
            probes
                .enumerate()
                .filter_map(|(number, probe)| {
                    let [caption, positive] = probe.positives.as_slice() else {
                        return None;
                    };
                    let [negative] = probe.negatives.as_slice() else {
                        return None;
                    };
                    Some(HardPositiveTriple {
                        id: number.to_string(),
                        group: String::new(),
                        picture: tables.scene(probe.scene),
                        caption: tables.text(&caption.text),
                        positive: tables.text(&positive.text),
                        negative: tables.text(&negative.text),
                    })
                })
                .collect(),
        ),
        _ => Probes::CaptionChoice(
            probes
                .enumerate()
                .map(|(number, probe)| {
                    let texts = probe.positives.iter().chain(&probe.negatives);
                    CaptionChoice {
                        id: number.to_string(),
                        group: String::new(),
                        captions: texts.map(|caption| tables.text(&caption.text)).collect(),
                        picture: tables.scene(probe.scene),
                        correct: 0,
                    }
                })
                .collect(),
        ),
    };
    let protocol = Protocol {
        ties: TieRule::Strict,
        average: Average::Micro,
    };
    tables.set(name, probes, protocol)
}

/// A picture of one thing; every probe offers the same words.
fn recognition(probe: WorldProbe, classification: &mut Classification, tables: &mut Tables) {
    if classification.classes.is_empty() {
        for caption in probe.positives.iter().chain(&probe.negatives) {
            classification.classes.push(caption.text.clone());
            classification
                .prompts
                .push(vec![tables.text(&caption.text)]);
        }
    }
    let right = probe.positives.first().map(|caption| &caption.text);
    let class = classification
        .classes
        .iter()
        .position(|class| Some(class) == right)
        .expect("every probe of a kind offers the same words, one of them right");
    let picture = tables.scene(probe.scene);
    classification.labelled.push((picture, class));
}
