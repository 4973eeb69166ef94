//! True claims: at a level of detail, as the web would write them, and in full.

use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::claim::{Claim, Concept, Description};
use super::edit::HardNegative;
use super::relation::Relation;
use super::sample::{any, weighted};
use super::scene::Scene;
use super::telling::{
    Detail, Mention, Plain, any_relation, mentions, plain_relations, relation_from_to,
};
use super::vocabulary::{Noun, Pattern, Size};

/// Noun of a caption that says little but a colour: “a red thing”.
fn coloured_thing(noun: Noun) -> Concept {
    if Concept::Noun(noun).is_of_people() {
        Concept::Category(noun.category())
    } else {
        Concept::Thing
    }
}

/// How much detail a claim gives, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// “a living thing”.
    Domain,
    /// “an animal”.
    Category,
    /// “a red thing”; of a person “a person in red”.
    ColourThing,
    /// “a cat”, “two cats”.
    Noun,
    /// “a red cat”.
    ColourNoun,
    /// “a striped red cat”.
    PatternColourNoun,
    /// “a large red cat”.
    SizeColourNoun,
    /// “two red cats”; only of things alike.
    Count,
    /// “a cat and a car”.
    NounPair,
    /// “a red cat and a blue car”.
    Pair,
    /// “a cat chasing a dog”.
    NounRelated,
    /// “a red cat to the left of a blue car”.
    Related,
    /// Everything: “a large red cat to the left of a small striped blue car on snow”.
    Full,
}

impl Level {
    /// Every level, from least to most.
    pub const ALL: &'static [Self] = &[
        Self::Domain,
        Self::Category,
        Self::ColourThing,
        Self::Noun,
        Self::ColourNoun,
        Self::PatternColourNoun,
        Self::SizeColourNoun,
        Self::Count,
        Self::NounPair,
        Self::Pair,
        Self::NounRelated,
        Self::Related,
        Self::Full,
    ];

    /// A true claim of this level, about things of the scene chosen at random and in an order
    /// chosen at random. `None` where the scene has no two things, none alike, or no two that are
    /// plainly related, to speak of.
    pub fn claim(self, scene: &Scene, rng: &mut impl Rng) -> Option<Claim> {
        let mut mentions = mentions(scene);
        if !matches!(self, Self::NounRelated | Self::Related) {
            mentions.shuffle(rng);
        }
        let claim = match self {
            Self::Domain
            | Self::Category
            | Self::ColourThing
            | Self::Noun
            | Self::ColourNoun
            | Self::PatternColourNoun
            | Self::SizeColourNoun => Claim::list(vec![self.describe(mentions.first()?, scene)]),
            Self::Count => {
                let group = mentions.iter().find(|mention| mention.is_plural())?;
                Claim::list(vec![self.describe(group, scene)])
            }
            Self::NounPair | Self::Pair => {
                let [a, b, ..] = &mentions[..] else {
                    return None;
                };
                Claim::list(vec![self.describe(a, scene), self.describe(b, scene)])
            }
            Self::NounRelated | Self::Related => {
                let plain = any_relation(&plain_relations(scene, &mentions), rng)?;
                self.related(&mentions, plain, scene)
            }
            Self::Full => dense_caption(scene, rng),
        };
        claim.holds(scene).then_some(claim)
    }

    /// What relates certain mentions of the scene, at this level of detail.
    pub(super) fn related(self, mentions: &[Mention], plain: Plain, scene: &Scene) -> Claim {
        Claim {
            things: plain
                .mentions()
                .into_iter()
                .map(|place| self.describe(&mentions[place], scene))
                .collect(),
            relations: plain.relations(),
            ground: None,
        }
    }

    /// As a description of this level has it. Without a noun it speaks of one of several alike.
    pub(super) fn describe(self, mention: &Mention, scene: &Scene) -> Description {
        let detail = Detail {
            colour: !matches!(
                self,
                Self::Domain | Self::Category | Self::Noun | Self::NounPair | Self::NounRelated
            ),
            size: matches!(self, Self::SizeColourNoun | Self::Full),
            pattern: matches!(self, Self::PatternColourNoun | Self::Full),
        };
        let description = mention.describe(scene, detail);
        let Concept::Noun(noun) = description.concept else {
            return description;
        };
        let concept = match self {
            Self::Domain => Concept::Domain(noun.domain()),
            Self::Category => Concept::Category(noun.category()),
            Self::ColourThing => coloured_thing(noun),
            _ => return description,
        };
        Description {
            concept,
            count: 1,
            ..description
        }
    }
}

/// How the web writes: what is said, and what is left out. Weights are relative; percentages
/// above 100 mean always.
///
/// The default says of most images one or two things that are there, binds colours to things in
/// two captions of five and says relations in one of seven: the mix is the experiment's main
/// dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebCaptionParams {
    /// Weight of captions that name one thing, or things alike, only. The only kind for a scene
    /// of no more.
    pub one: u32,
    /// Weight of captions that list two.
    pub pair: u32,
    /// Weight of captions that say how two (or for “between” three) are related.
    pub related: u32,
    /// How often a caption says the colours of all that it names, in per cent.
    pub colour_percent: u32,
    /// How often it says the sizes of all that it names, in per cent.
    pub size_percent: u32,
    /// How often it says the patterns of all that it names, in per cent; “plain” one time in four.
    pub pattern_percent: u32,
    /// How often a caption of one thing names the category instead (“an animal”), in per cent.
    pub category_percent: u32,
    /// How often it names the domain instead (“a living thing”), in per cent of those that do not
    /// name the category.
    pub domain_percent: u32,
    /// How often a caption of one thing says “thing” and the colour (“a red thing”, “a person in red”), in per
    /// cent of those that name neither.
    pub thing_percent: u32,
    /// How often it says what the things are on, in per cent.
    pub ground_percent: u32,
    /// How often a caption is wrong in one respect, as one on the web may be, in per cent: it names
    /// something that is not there, or a wrong attribute.
    pub wrong_percent: u32,
}

impl Default for WebCaptionParams {
    fn default() -> Self {
        Self {
            one: 35,
            pair: 50,
            related: 15,
            colour_percent: 40,
            size_percent: 10,
            pattern_percent: 15,
            category_percent: 10,
            domain_percent: 5,
            thing_percent: 5,
            ground_percent: 10,
            wrong_percent: 3,
        }
    }
}

/// A claim of the kind that images come with on the web: some of what is there, in any order, and
/// as often as the parameters say not true. Its text is `to_string()`, or in other words
/// [`Claim::worded`].
pub fn web_caption(scene: &Scene, rng: &mut impl Rng, params: &WebCaptionParams) -> Claim {
    let claim = partial_claim(scene, rng, params);
    if rng.random_range(0..100) < params.wrong_percent {
        let kind = any(
            rng,
            &[HardNegative::ReplaceObject, HardNegative::ReplaceAttribute],
        );
        if let Some(wrong) = kind.of(&claim, scene, rng) {
            return wrong;
        }
    }
    claim
}

/// How often “plain” is said where patterns are, in per cent. Were it said of no thing that is plain,
/// it would stand in false captions only.
const PLAIN_PERCENT: u32 = 25;

fn says_plain(rng: &mut impl Rng) -> bool {
    rng.random_range(0..100) < PLAIN_PERCENT
}

fn partial_claim(scene: &Scene, rng: &mut impl Rng, params: &WebCaptionParams) -> Claim {
    let mut percent = |percent: u32| rng.random_range(0..100) < percent;
    let detail = Detail {
        colour: percent(params.colour_percent),
        size: percent(params.size_percent),
        pattern: percent(params.pattern_percent),
    };
    let with_plain = percent(PLAIN_PERCENT);
    let with_category = percent(params.category_percent);
    let with_domain = percent(params.domain_percent);
    let with_thing = percent(params.thing_percent);
    let ground = percent(params.ground_percent).then_some(scene.ground);
    let mentions = mentions(scene);
    let describe = |place: usize| {
        let mut description = mentions[place].describe(scene, detail);
        if description.pattern == Some(Pattern::Plain) && !with_plain {
            description.pattern = None;
        }
        description
    };
    let listed = |places: &[usize], relations| Claim {
        things: places.iter().map(|&place| describe(place)).collect(),
        relations,
        ground,
    };

    let mut order: Vec<usize> = (0..mentions.len()).collect();
    order.shuffle(rng);
    let claim = match weighted(rng, &[params.one, params.pair, params.related]) {
        1 if order.len() > 1 => Some(listed(&order[..2], Vec::new())),
        2 => any_relation(&plain_relations(scene, &mentions), rng)
            .map(|plain| listed(&plain.mentions(), plain.relations())),
        _ => None,
    };
    let claim = claim.unwrap_or_else(|| {
        let Some(&place) = order.first() else {
            return Claim::list(Vec::new());
        };
        let thing = mentions[place].thing(scene, rng);
        let general = |concept| Description {
            concept,
            count: 1,
            ..describe(place)
        };
        let description = if with_category {
            general(Concept::Category(thing.noun.category()))
        } else if with_domain {
            let domain = general(Concept::Domain(thing.noun.domain()));
            if Concept::Noun(thing.noun).is_of_people() {
                // “a black living thing” would be said of the person, not of the clothes.
                Description {
                    colour: None,
                    pattern: None,
                    ..domain
                }
            } else {
                domain
            }
        } else if with_thing {
            Description {
                colour: Some(thing.colour),
                ..general(coloured_thing(thing.noun))
            }
        } else {
            describe(place)
        };
        Claim {
            ground,
            ..Claim::list(vec![description])
        }
    });
    or_something(claim, scene)
}

/// Things alike in some and unlike in other respects, which only an edited scene can have, may be
/// miscounted: what is true of every scene is that there is a thing.
fn or_something(claim: Claim, scene: &Scene) -> Claim {
    if claim.holds(scene) {
        claim
    } else {
        Claim::list(vec![Description::of(Concept::Thing)])
    }
}

/// Everything that a scene shows, in one true claim: all things with size, pattern (“plain” one time
/// in four) and colour, in an order chosen at random, how some of them are related, and the ground. Its text is
/// `to_string()`.
///
/// With four things to name, “medium-sized” is left out: the caption stays within 48 tokens when
/// each word and each sign is one.
pub fn dense_caption(scene: &Scene, rng: &mut impl Rng) -> Claim {
    let mentions = mentions(scene);
    let plain = plain_relations(scene, &mentions);
    let crowded = mentions.len() > 3;
    let describe = |place: usize, rng: &mut _| {
        let mut description = Level::Full.describe(&mentions[place], scene);
        if description.pattern == Some(Pattern::Plain) && !says_plain(rng) {
            description.pattern = None;
        }
        if crowded && description.size == Some(Size::Medium) {
            description.size = None;
        }
        description
    };
    let mut left: Vec<usize> = (0..mentions.len()).collect();
    left.shuffle(rng);
    let mut clauses: Vec<(Vec<usize>, Vec<Option<Relation>>)> = Vec::new();
    let mut relate = |left: &mut Vec<usize>| {
        let among: Vec<Plain> = plain
            .iter()
            .copied()
            .filter(|plain| plain.mentions().iter().all(|place| left.contains(place)))
            .collect();
        let Some(chosen) = any_relation(&among, rng) else {
            return;
        };
        let mut places = chosen.mentions();
        let mut relations = chosen.relations();
        left.retain(|place| !places.contains(place));
        // “…, which is above a tree”: from the last thing named to one more.
        if let (Some(&last), Some(&next)) = (places.last(), left.first())
            && rng.random::<bool>()
            && let Some(relation) = relation_from_to(&plain, last, next, rng)
        {
            left.remove(0);
            places.push(next);
            relations.push(Some(relation));
        }
        clauses.push((places, relations));
    };
    relate(&mut left);
    relate(&mut left);
    clauses.extend(left.into_iter().map(|place| (vec![place], Vec::new())));
    clauses.shuffle(rng);

    let mut claim = Claim {
        things: Vec::with_capacity(mentions.len()),
        relations: Vec::with_capacity(mentions.len()),
        ground: Some(scene.ground),
    };
    for (places, relations) in clauses {
        let things = places.iter().map(|&place| describe(place, rng));
        claim.things.extend(things);
        claim.relations.extend(relations);
        claim.relations.push(None);
    }
    claim.relations.pop();
    or_something(claim, scene)
}
