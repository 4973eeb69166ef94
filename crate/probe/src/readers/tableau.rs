//! The generated world's own benchmark: scenes that no training ever draws, with captions whose
//! truth is known.

use crate::set::Tables;
use crate::{
    Average, CaptionChoice, Chain, Classification, HardPositiveTriple, ImageChoice, ProbeError,
    ProbeSet, Probes, Protocol, Retrieval, Square,
};
use cliprobe_score::{NegatedPart, TieRule};
use cliprobe_world::{self as world, Claim, Combination, ProbeKind, SentencePart, WorldProbe};

/// What the sets ask, in the order in which they are listed: every kind of seen combinations, then
/// of held-out ones.
pub fn tableau_sets() -> impl Iterator<Item = (ProbeKind, Combination)> {
    Combination::ALL
        .iter()
        .flat_map(|&combination| ProbeKind::ALL.iter().map(move |&kind| (kind, combination)))
}

/// What a set is called: `tableau/swap_attribute`, `tableau/swap_attribute/held_out`.
pub fn tableau_name(kind: ProbeKind, combination: Combination) -> String {
    let end = match combination {
        Combination::Seen => "",
        Combination::HeldOut => "/held_out",
    };
    format!("tableau/{}{end}", kind.word())
}

/// `n` probes of a kind: recognition as zero-shot classification without templates, rewordings as
/// hard-positive triples, sentences and images as in SVO-Probes and Winoground, chains as in
/// HierarCaps, full captions as retrieval, the rest as a choice of two captions. What relates the
/// things, or which part of a sentence is wrong, is the question's group. The same kind, combination
/// and seed give the same set, and a longer one begins with the shorter.
///
/// # Errors
/// `n` of zero.
pub fn tableau(
    kind: ProbeKind,
    combination: Combination,
    seed: u64,
    n: usize,
) -> Result<ProbeSet, ProbeError> {
    let mut tables = Tables::default();
    let mut questions = Questions::of(kind);
    for (number, probe) in world::probes(kind, combination, seed, n).enumerate() {
        questions.add(number.to_string(), probe, &mut tables);
    }
    let protocol = Protocol {
        ties: TieRule::Strict,
        average: match kind {
            ProbeKind::Svo => Average::MacroOverGroups {
                at_least: 1,
                except: Vec::new(),
            },
            _ => Average::Micro,
        },
    };
    tables.set(tableau_name(kind, combination), questions.0, protocol)
}

struct Questions(Probes);

impl Questions {
    fn of(kind: ProbeKind) -> Self {
        Self(match kind {
            ProbeKind::Noun | ProbeKind::ColourNoun | ProbeKind::Category | ProbeKind::Domain => {
                Probes::Classification(Classification::default())
            }
            ProbeKind::SwapConjuncts
            | ProbeKind::Converse
            | ProbeKind::Passive
            | ProbeKind::Synonyms => Probes::HardPositive(Vec::new()),
            ProbeKind::Svo => Probes::ImageChoice(Vec::new()),
            ProbeKind::Square => Probes::Square(Vec::new()),
            ProbeKind::Chain => Probes::Chain(Vec::new()),
            ProbeKind::Retrieval => Probes::Retrieval(Retrieval::default()),
            _ => Probes::CaptionChoice(Vec::new()),
        })
    }

    /// A probe's shape follows from its kind; one of another shape would be no question of this set.
    fn add(&mut self, id: String, probe: WorldProbe, tables: &mut Tables) {
        match (&mut self.0, probe) {
            (Probes::Classification(classification), probe) => {
                recognition(probe, classification, tables);
            }
            (
                Probes::HardPositive(items),
                WorldProbe::Captions {
                    scene,
                    positives,
                    negatives,
                },
            ) => {
                if let ([caption, positive], [negative]) = (&positives[..], &negatives[..]) {
                    items.push(HardPositiveTriple {
                        id,
                        group: group(&caption.claim),
                        image: tables.scene(scene),
                        caption: tables.text(&caption.text),
                        positive: tables.text(&positive.text),
                        negative: tables.text(&negative.text),
                    });
                }
            }
            (
                Probes::CaptionChoice(items),
                WorldProbe::Captions {
                    scene,
                    positives,
                    negatives,
                },
            ) => {
                let captions: Vec<_> = positives.iter().chain(&negatives).collect();
                items.push(CaptionChoice {
                    id,
                    group: captions
                        .first()
                        .map(|first| group(&first.claim))
                        .unwrap_or_default(),
                    image: tables.scene(scene),
                    captions: captions
                        .iter()
                        .map(|caption| tables.text(&caption.text))
                        .collect(),
                    correct: 0,
                });
            }
            (
                Probes::ImageChoice(items),
                WorldProbe::Images {
                    caption,
                    right,
                    wrong,
                    part,
                },
            ) => items.push(ImageChoice {
                id,
                group: part_name(part).to_owned(),
                caption: tables.text(&caption.to_string()),
                images: vec![tables.scene(right), tables.scene(wrong)],
                correct: 0,
            }),
            (Probes::Square(items), WorldProbe::Square { scenes, captions }) => {
                items.push(Square {
                    id,
                    group: group(&captions[0]),
                    images: scenes.map(|scene| tables.scene(scene)),
                    captions: captions.map(|caption| tables.text(&caption.to_string())),
                });
            }
            (Probes::Chain(items), WorldProbe::Chain { scene, chain }) => items.push(Chain {
                id,
                image: tables.scene(scene),
                tiers: chain.tiers.map(|tier| tables.text(&tier.to_string())),
            }),
            (Probes::Retrieval(retrieval), WorldProbe::Pair { scene, caption }) => {
                retrieval.image_of.push(retrieval.images.len());
                retrieval.images.push(tables.scene(scene));
                retrieval.captions.push(tables.text(&caption.to_string()));
            }
            _ => {}
        }
    }
}

/// As SVO-Probes' reader names them.
const fn part_name(part: SentencePart) -> &'static str {
    match part {
        SentencePart::Subject => NegatedPart::Subject.name(),
        SentencePart::Verb => NegatedPart::Verb.name(),
        SentencePart::Object => NegatedPart::Object.name(),
    }
}

/// The first relation that is said.
fn group(claim: &Claim) -> String {
    let relation = claim.relations.iter().flatten().next();
    relation
        .map(|relation| relation.word().to_owned())
        .unwrap_or_default()
}

/// An image of one thing; every probe offers the same words.
fn recognition(probe: WorldProbe, classification: &mut Classification, tables: &mut Tables) {
    let WorldProbe::Captions {
        scene,
        positives,
        negatives,
    } = probe
    else {
        return;
    };
    if classification.classes.is_empty() {
        for caption in positives.iter().chain(&negatives) {
            classification.classes.push(caption.text.clone());
            classification
                .prompts
                .push(vec![tables.text(&caption.text)]);
        }
    }
    let right = positives.first().map(|caption| &caption.text);
    let class = classification
        .classes
        .iter()
        .position(|class| Some(class) == right)
        .expect("every probe of a kind offers the same words, one of them right");
    let image = tables.scene(scene);
    classification.labelled.push((image, class));
}
