//! True claims: at a level of detail, as the web would write them, and in full.

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use serde::{Deserialize, Serialize};

use super::claim::{Claim, Concept, Description, relation_between};
use super::scene::{Scene, Thing, weighted};
use super::vocabulary::Relation;

/// How much a claim says, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// “an animal”.
    Category,
    /// “a red thing”.
    ColourThing,
    /// “a cat”.
    Noun,
    /// “a red cat”.
    ColourNoun,
    /// “a large red cat”.
    SizeColourNoun,
    /// “a cat and a car”.
    NounPair,
    /// “a red cat and a blue car”.
    Pair,
    /// “a red cat to the left of a blue car”.
    Related,
    /// Everything: “a large red cat to the left of a small blue car on snow”.
    Full,
}

impl Level {
    /// Every level, from least to most.
    pub const ALL: &'static [Self] = &[
        Self::Category,
        Self::ColourThing,
        Self::Noun,
        Self::ColourNoun,
        Self::SizeColourNoun,
        Self::NounPair,
        Self::Pair,
        Self::Related,
        Self::Full,
    ];

    /// A true claim of this level, about things of the scene chosen by lot and in an order
    /// chosen by lot. `None` where the scene has no two things, or no two that are plainly
    /// related, to speak of.
    pub fn claim(self, scene: &Scene, rng: &mut impl Rng) -> Option<Claim> {
        match self {
            Self::Category
            | Self::ColourThing
            | Self::Noun
            | Self::ColourNoun
            | Self::SizeColourNoun => Some(Claim::list(vec![self.describe(one(scene, rng)?)])),
            Self::NounPair | Self::Pair => {
                let (a, b) = pair(scene, rng)?;
                Some(Claim::list(vec![self.describe(a), self.describe(b)]))
            }
            Self::Related => {
                let (a, relation, b) = related_pair(scene, rng)?;
                Some(Claim {
                    things: vec![self.describe(a), self.describe(b)],
                    relations: vec![relation],
                    ground: None,
                })
            }
            Self::Full => Some(dense_caption(scene, rng)),
        }
    }

    fn describe(self, thing: &Thing) -> Description {
        Description {
            concept: match self {
                Self::Category => Concept::Category(thing.noun.category()),
                Self::ColourThing => Concept::Thing,
                _ => Concept::Noun(thing.noun),
            },
            colour: match self {
                Self::Category | Self::Noun | Self::NounPair => None,
                _ => Some(thing.colour),
            },
            size: match self {
                Self::SizeColourNoun | Self::Full => Some(thing.size),
                _ => None,
            },
        }
    }
}

/// How the web writes: what is said, and what is left out. Weights are relative; percentages
/// above 100 mean always.
///
/// The default is the mix with which contrastive training binds colours to things, because
/// captions bind them, and leaves relations at chance: the mix is the experiment's main dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebCaptionParams {
    /// Weight of captions that name one thing only. The only kind for a scene of one thing.
    pub one: u32,
    /// Weight of captions that list two things.
    pub pair: u32,
    /// Weight of captions that say how two things are related.
    pub related: u32,
    /// How often a caption says the colours of all that it names, in per cent.
    pub colour_percent: u32,
    /// How often it says the sizes of all that it names, in per cent.
    pub size_percent: u32,
    /// How often a caption of one thing names the category instead (“an animal”), in per cent.
    pub category_percent: u32,
    /// How often a caption of one thing says “thing” and the colour (“a red thing”), in per
    /// cent of those that do not name the category.
    pub thing_percent: u32,
    /// How often it says what the things are on, in per cent.
    pub ground_percent: u32,
}

impl Default for WebCaptionParams {
    fn default() -> Self {
        Self {
            one: 25,
            pair: 60,
            related: 15,
            colour_percent: 50,
            size_percent: 10,
            category_percent: 10,
            thing_percent: 5,
            ground_percent: 10,
        }
    }
}

/// A true claim of the kind that pictures come with on the web: some of what is there, in any
/// order. Its text is `to_string()`.
pub fn web_caption(scene: &Scene, rng: &mut impl Rng, params: &WebCaptionParams) -> Claim {
    let mut percent = |percent: u32| rng.random_range(0..100) < percent;
    let with_colour = percent(params.colour_percent);
    let with_size = percent(params.size_percent);
    let with_category = percent(params.category_percent);
    let with_thing = percent(params.thing_percent);
    let ground = percent(params.ground_percent).then_some(scene.ground);
    let describe = |thing: &Thing| Description {
        concept: Concept::Noun(thing.noun),
        colour: with_colour.then_some(thing.colour),
        size: with_size.then_some(thing.size),
    };

    let two = match weighted(rng, &[params.one, params.pair, params.related]) {
        1 => pair(scene, rng).map(|(a, b)| (a, None, b)),
        2 => related_pair(scene, rng).map(|(a, relation, b)| (a, Some(relation), b)),
        _ => None,
    };
    if let Some((a, relation, b)) = two {
        return Claim {
            things: vec![describe(a), describe(b)],
            relations: relation.into_iter().collect(),
            ground,
        };
    }
    let named = one(scene, rng).map(|thing| {
        let description = describe(thing);
        if with_category {
            Description {
                concept: Concept::Category(thing.noun.category()),
                ..description
            }
        } else if with_thing {
            Description {
                concept: Concept::Thing,
                colour: Some(thing.colour),
                ..description
            }
        } else {
            description
        }
    });
    Claim {
        things: named.into_iter().collect(),
        relations: Vec::new(),
        ground,
    }
}

/// Everything that a scene shows, in one true claim: all things with size and colour, in an
/// order chosen by lot, each related to the next, and the ground. Things are only listed where
/// a relation would not be plain. Its text is `to_string()`.
pub fn dense_caption(scene: &Scene, rng: &mut impl Rng) -> Claim {
    let mut things: Vec<&Thing> = scene.things.iter().collect();
    things.shuffle(rng);
    let relations: Option<Vec<Relation>> = things
        .windows(2)
        .map(|pair| relation_between(pair[0], pair[1]))
        .collect();
    Claim {
        things: things
            .into_iter()
            .map(|thing| Level::Full.describe(thing))
            .collect(),
        relations: relations.unwrap_or_default(),
        ground: Some(scene.ground),
    }
}

fn one<'s>(scene: &'s Scene, rng: &mut impl Rng) -> Option<&'s Thing> {
    scene.things.choose(rng)
}

fn pair<'s>(scene: &'s Scene, rng: &mut impl Rng) -> Option<(&'s Thing, &'s Thing)> {
    let mut things: Vec<&Thing> = scene.things.iter().collect();
    things.shuffle(rng);
    match things[..] {
        [a, b, ..] => Some((a, b)),
        _ => None,
    }
}

fn related_pair<'s>(
    scene: &'s Scene,
    rng: &mut impl Rng,
) -> Option<(&'s Thing, Relation, &'s Thing)> {
    let mut related = Vec::new();
    for a in &scene.things {
        for b in &scene.things {
            if let Some(relation) = relation_between(a, b) {
                related.push((a, relation, b));
            }
        }
    }
    related.choose(rng).copied()
}
