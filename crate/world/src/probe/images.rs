//! Two images, and one or two sentences.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::super::claim::{Claim, Concept, Description};
use super::super::held_out::Combination;
use super::super::relation::{Arrangement, Relation};
use super::super::sample::{Cast, SceneParams, any};
use super::super::scene::{Scene, Split, Stream, Thing};
use super::super::truth::Verdict;
use super::super::vocabulary::{Ground, Noun};
use super::{WorldProbe, is_about};

/// Layouts that are tried until the sentence is plainly so.
const ATTEMPTS: usize = 40;

/// What of a sentence is otherwise in the wrong image (SVO-Probes, Hendricks & Nematzadeh, 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentencePart {
    /// Who does it.
    Subject,
    /// What is done.
    Verb,
    /// To whom.
    Object,
}

const VERBS: [Relation; 4] = [
    Relation::Riding,
    Relation::Carrying,
    Relation::Chasing,
    Relation::Facing,
];

/// “a dog chasing a cat”, and an image of a horse chasing a cat, a dog facing away from a cat, or a dog
/// chasing a bird.
pub(super) fn sentence_pair(combination: Combination, seed: u64) -> Option<WorldProbe> {
    let mut rng = Stream::Probes.of(seed);
    let verb = any(&mut rng, &VERBS);
    let part = any(
        &mut rng,
        &[
            SentencePart::Subject,
            SentencePart::Verb,
            SentencePart::Object,
        ],
    );
    let cast = cast(Arrangement::Related(verb), combination, &mut rng)?;
    let (subject, object) = (cast.things[0].noun, cast.things[1].noun);
    let caption = sentence(&cast.things, Some(verb));

    let mut other = cast.clone();
    let nouns = |eligible: &dyn Fn(Noun) -> bool| -> Vec<Noun> {
        Noun::ALL
            .iter()
            .copied()
            .filter(|&noun| noun != subject && noun != object && eligible(noun))
            .collect()
    };
    match part {
        SentencePart::Subject => {
            let nouns = nouns(&|noun| verb.is_possible(noun, object));
            other.things[0].noun = *nouns.choose(&mut rng)?;
        }
        SentencePart::Object => {
            let nouns = nouns(&|noun| verb.is_possible(subject, noun));
            other.things[1].noun = *nouns.choose(&mut rng)?;
        }
        SentencePart::Verb => {
            let others: Vec<Arrangement> = VERBS
                .into_iter()
                .filter(|&other| other != verb && other.is_possible(subject, object))
                .map(Arrangement::Related)
                .chain([Arrangement::Apart])
                .collect();
            let arrangement = *others.choose(&mut rng)?;
            other = other.rearranged(arrangement, &mut rng);
        }
    }
    let ground = any(&mut rng, Ground::ALL);
    let right = scene_of(&cast, seed, ground, &mut rng, |scene| caption.holds(scene))?;
    let wrong = scene_of(&other, second(seed), ground, &mut rng, |scene| {
        caption.verdict(scene) == Verdict::False
    })?;
    let about = is_about(combination, &caption, &right)
        && (combination == Combination::HeldOut || !wrong.shows_held_out());
    about.then_some(WorldProbe::Images {
        caption,
        right,
        wrong,
        part,
    })
}

/// Two images with the same things, in exchanged roles or in exchanged colours.
pub(super) fn square(combination: Combination, seed: u64) -> Option<WorldProbe> {
    let mut rng = Stream::Probes.of(seed);
    let relation = any(
        &mut rng,
        &[
            None,
            None,
            Some(Relation::LeftOf),
            Some(Relation::Above),
            Some(Relation::InFrontOf),
            Some(Relation::Inside),
            Some(Relation::Chasing),
            Some(Relation::Facing),
        ],
    );
    let arrangement = match relation {
        None | Some(Relation::LeftOf | Relation::Above) => Arrangement::Apart,
        Some(relation) => Arrangement::Related(relation),
    };
    let cast = cast(arrangement, combination, &mut rng)?;
    let [one, two] = &cast.things[..] else {
        return None;
    };
    if one.noun == two.noun {
        return None;
    }
    if relation.is_some_and(|relation| !relation.is_possible(two.noun, one.noun)) {
        return None;
    }
    // Places, and with them sizes, stay; who is there changes, or in what colour.
    let exchanged = |place: &Thing, other: &Thing| match relation {
        Some(_) => Thing {
            noun: other.noun,
            colour: other.colour,
            pattern: other.pattern,
            shade: other.shade,
            ..place.clone()
        },
        None => Thing {
            colour: other.colour,
            shade: other.shade,
            ..place.clone()
        },
    };
    let other = Cast {
        arrangement,
        things: vec![exchanged(one, two), exchanged(two, one)],
    };
    let captions = [
        sentence(&cast.things, relation),
        sentence(&other.things, relation),
    ];
    let ground = any(&mut rng, Ground::ALL);
    let fits = |scene: &Scene, right: usize| {
        captions[right].holds(scene) && captions[1 - right].verdict(scene) == Verdict::False
    };
    let first = scene_of(&cast, seed, ground, &mut rng, |scene| fits(scene, 0))?;
    let last = scene_of(&other, second(seed), ground, &mut rng, |scene| {
        fits(scene, 1)
    })?;
    let about = match combination {
        Combination::Seen => !first.shows_held_out() && !last.shows_held_out(),
        Combination::HeldOut => captions.iter().any(Claim::says_held_out),
    };
    about.then_some(WorldProbe::Square {
        scenes: [first, last],
        captions,
    })
}

fn cast(arrangement: Arrangement, combination: Combination, rng: &mut ChaCha8Rng) -> Option<Cast> {
    let params = SceneParams {
        distinct_colours: true,
        ..SceneParams::exactly(2)
    };
    let held_out = combination == Combination::HeldOut;
    Cast::draw(2, arrangement, &params, held_out, rng)
}

/// “a dog chasing a cat”, “a red cat and a blue dog”.
fn sentence(things: &[Thing], relation: Option<Relation>) -> Claim {
    let describe = |thing: &Thing| Description {
        colour: relation.is_none().then_some(thing.colour),
        ..Description::of(Concept::Noun(thing.noun))
    };
    Claim {
        things: things.iter().map(describe).collect(),
        relations: relation.map(Some).into_iter().collect(),
        ground: None,
    }
}

/// The seed of a probe's second scene, which no other probe's first is likely to have.
fn second(seed: u64) -> u64 {
    Split::Evaluation.seed(!seed)
}

/// A scene of this cast in which something is so.
fn scene_of(
    cast: &Cast,
    seed: u64,
    ground: Ground,
    rng: &mut ChaCha8Rng,
    is_so: impl Fn(&Scene) -> bool,
) -> Option<Scene> {
    let mut scene = Scene {
        seed,
        ground,
        style: SceneParams::default().style,
        things: Vec::new(),
    };
    (0..ATTEMPTS)
        .any(|_| {
            let mut cast = cast.clone();
            for thing in &mut cast.things {
                thing.mirrored = rng.random();
            }
            scene.take(cast, rng) && is_so(&scene)
        })
        .then_some(scene)
}
