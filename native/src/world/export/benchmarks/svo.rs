//! SVO-Probes (Hendricks & Nematzadeh 2021): `svo_probes.csv` of `google-deepmind/svo_probes`, images by their ids.

use anyhow::{Context, Result};
use cliprobe::world::{
    Claim, Concept, Noun, ProbeKind, Relation, Scene, SentencePart, Verdict, WorldProbe,
    verdict_of_relation,
};

use super::{Export, write_csv};

const COLUMNS: [&str; 10] = [
    "sentence",
    "pos_triplet",
    "neg_triplet",
    "subj_neg",
    "verb_neg",
    "obj_neg",
    "pos_url",
    "neg_url",
    "pos_image_id",
    "neg_image_id",
];

pub(super) fn write(export: &Export<'_>) -> Result<()> {
    let list = export.folder("svo_probes")?.join("svo_probes.csv");
    if list.is_file() {
        return Ok(());
    }
    let images = export.folder("svo_probes/images")?;
    let mut rows = Vec::new();
    let mut drawn = Vec::new();
    for (number, probe) in export.probes(ProbeKind::Svo).enumerate() {
        let WorldProbe::Images {
            caption,
            right,
            wrong,
            part,
        } = probe
        else {
            continue;
        };
        let triplet = Triplet::of(&caption).context("there is a sentence of another form")?;
        let is_wrong = |other: SentencePart| {
            // As Python writes truth.
            if part == other { "True" } else { "False" }.to_owned()
        };
        let ids = [2 * number + 1, 2 * number + 2];
        let urls = ids.map(|id| format!("images/{id}.png"));
        rows.push(vec![
            caption.to_string(),
            triplet.text(),
            triplet.shown(part, &wrong).text(),
            is_wrong(SentencePart::Subject),
            is_wrong(SentencePart::Verb),
            is_wrong(SentencePart::Object),
            urls[0].clone(),
            urls[1].clone(),
            ids[0].to_string(),
            ids[1].to_string(),
        ]);
        for (id, scene) in ids.into_iter().zip([right, wrong]) {
            drawn.push((images.join(format!("{id}.png")), scene));
        }
    }
    export.draw(&drawn)?;
    write_csv(&list, &COLUMNS, &rows)
}

/// What an image shows.
struct Triplet {
    subject: Noun,
    /// None if the two are only there.
    verb: Option<Relation>,
    object: Noun,
}

impl Triplet {
    /// What a sentence says. `None` if it is not of this form.
    fn of(sentence: &Claim) -> Option<Self> {
        let noun = |place: usize| match sentence.things.get(place)?.concept {
            Concept::Noun(noun) => Some(noun),
            _ => None,
        };
        Some(Self {
            subject: noun(0)?,
            verb: Some(sentence.relations.first().copied().flatten()?),
            object: noun(1)?,
        })
    }

    /// What a scene of two things shows in which this part is otherwise.
    fn shown(&self, part: SentencePart, scene: &Scene) -> Self {
        let nouns = || scene.things.iter().map(|thing| thing.noun);
        let beside = |kept: Noun| nouns().find(|&noun| noun != kept).unwrap_or(kept);
        let Self {
            subject,
            verb,
            object,
        } = *self;
        match part {
            SentencePart::Subject => Self {
                subject: beside(object),
                verb,
                object,
            },
            SentencePart::Object => Self {
                subject,
                verb,
                object: beside(subject),
            },
            SentencePart::Verb => {
                let place = |noun: Noun| nouns().position(|other| other == noun);
                let ends = place(subject).zip(place(object));
                // What someone does says more than where it is.
                let verbs = |wanted: bool| {
                    let all = Relation::ALL.iter().copied();
                    all.filter(move |relation| relation.is_verb() == wanted)
                };
                let verb = ends.and_then(|(a, b)| {
                    verbs(true).chain(verbs(false)).find(|&relation| {
                        verdict_of_relation(relation, scene, a, b) == Verdict::True
                    })
                });
                Self {
                    subject,
                    verb,
                    object,
                }
            }
        }
    }

    /// `dog,chasing,cat`.
    fn text(&self) -> String {
        let verb = self.verb.map_or("and", Relation::word);
        format!("{},{verb},{}", self.subject.word(), self.object.word())
    }
}
