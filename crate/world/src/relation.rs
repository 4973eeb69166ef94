//! How things are related, and which nouns can be so related.

use serde::{Deserialize, Serialize};

use super::body::body;
use super::vocabulary::{Category, Noun, vocabulary};

vocabulary! {
    /// How one thing, the subject, stands to another, the object. Each says the same as its
    /// [converse](Relation::converse) with the two exchanged.
    Relation {
        LeftOf = "to the left of",
        RightOf = "to the right of",
        Above = "above",
        Below = "below",
        InFrontOf = "in front of",
        Behind = "behind",
        NextTo = "next to",
        On = "on",
        Under = "under",
        Inside = "inside",
        Containing = "containing",
        Riding = "riding",
        RiddenBy = "ridden by",
        Carrying = "carrying",
        CarriedBy = "carried by",
        Chasing = "chasing",
        ChasedBy = "chased by",
        Facing = "facing",
        FacedBy = "faced by",
        Between = "between",
    }
}

/// How the first things of a scene are arranged: two, three for “between”, or all of a group. Any further
/// things stand apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// Plainly left, right, above or below.
    Apart,
    /// Two or three of one noun, colour, size and pattern.
    Group,
    /// The first thing in the middle.
    Between,
    /// The first thing has this relation to the second: one of [`Relation::DIRECT`] other than the
    /// directions and “between”.
    Related(Relation),
}

impl Relation {
    /// The relations that are not another one's converse: ten between two things, and “between”
    /// among three.
    pub const DIRECT: &'static [Self] = &[
        Self::LeftOf,
        Self::Above,
        Self::InFrontOf,
        Self::NextTo,
        Self::On,
        Self::Inside,
        Self::Riding,
        Self::Carrying,
        Self::Chasing,
        Self::Facing,
        Self::Between,
    ];

    /// The relation that holds the other way round: “a above b” says what “b below a” says.
    /// `None` for “between”, which has three ends.
    pub const fn converse(self) -> Option<Self> {
        Some(match self {
            Self::LeftOf => Self::RightOf,
            Self::RightOf => Self::LeftOf,
            Self::Above => Self::Below,
            Self::Below => Self::Above,
            Self::InFrontOf => Self::Behind,
            Self::Behind => Self::InFrontOf,
            Self::NextTo => Self::NextTo,
            Self::On => Self::Under,
            Self::Under => Self::On,
            Self::Inside => Self::Containing,
            Self::Containing => Self::Inside,
            Self::Riding => Self::RiddenBy,
            Self::RiddenBy => Self::Riding,
            Self::Carrying => Self::CarriedBy,
            Self::CarriedBy => Self::Carrying,
            Self::Chasing => Self::ChasedBy,
            Self::ChasedBy => Self::Chasing,
            Self::Facing => Self::FacedBy,
            Self::FacedBy => Self::Facing,
            Self::Between => return None,
        })
    }

    /// Whether a verb says it, in either voice; its converse is the other voice.
    pub const fn is_verb(self) -> bool {
        matches!(
            self,
            Self::Riding
                | Self::RiddenBy
                | Self::Carrying
                | Self::CarriedBy
                | Self::Chasing
                | Self::ChasedBy
                | Self::Facing
                | Self::FacedBy
        )
    }

    /// The relation, or its converse with the two ends exchanged, as one of [`Relation::DIRECT`].
    pub(super) fn direct<T>(self, subject: T, object: T) -> (Self, T, T) {
        match self.converse() {
            Some(converse) if !Self::DIRECT.contains(&self) => (converse, object, subject),
            _ => (self, subject, object),
        }
    }

    /// Whether a thing of the one noun can be so related to one of the other in this world: who
    /// looks anywhere can face and chase, riders ride what has a seat, people carry what is small,
    /// containers contain. Where things lie, every noun can.
    pub fn is_possible(self, subject: Noun, object: Noun) -> bool {
        let (relation, subject, object) = self.direct(subject, object);
        match relation {
            Self::On => stands_on_things(subject) && body(object).top.is_some(),
            Self::Inside => fits_in_containers(subject) && body(object).hollow.is_some(),
            Self::Riding => rides(subject) && body(object).seat.is_some(),
            Self::Carrying => body(subject).hand.is_some() && is_portable(object),
            Self::Chasing => body(subject).directed && body(object).directed,
            Self::Facing => body(subject).directed,
            _ => true,
        }
    }
}

/// What is put, or gets, on tables, beds, boxes …
fn stands_on_things(noun: Noun) -> bool {
    match noun.category() {
        Category::Animal => !matches!(noun, Noun::Horse | Noun::Elephant),
        Category::Person | Category::Container | Category::Fruit | Category::Snack => true,
        Category::Shape => !matches!(noun, Noun::Circle),
        Category::Furniture => matches!(noun, Noun::Lamp),
        Category::Plant => matches!(noun, Noun::Flower | Noun::Cactus),
        Category::Vehicle | Category::Building => false,
    }
}

fn fits_in_containers(noun: Noun) -> bool {
    match noun.category() {
        Category::Animal => !matches!(noun, Noun::Horse | Noun::Elephant),
        Category::Fruit | Category::Snack | Category::Shape => true,
        Category::Plant => matches!(noun, Noun::Flower | Noun::Cactus),
        Category::Container => matches!(noun, Noun::Jar | Noun::Cup),
        Category::Person | Category::Furniture | Category::Vehicle | Category::Building => false,
    }
}

fn rides(noun: Noun) -> bool {
    match noun.category() {
        Category::Person => true,
        Category::Animal => !matches!(
            noun,
            Noun::Horse | Noun::Elephant | Noun::Fish | Noun::Turtle
        ),
        _ => false,
    }
}

fn is_portable(noun: Noun) -> bool {
    match noun.category() {
        Category::Fruit | Category::Snack | Category::Container | Category::Shape => true,
        Category::Animal => matches!(
            noun,
            Noun::Cat | Noun::Rabbit | Noun::Bird | Noun::Fish | Noun::Turtle
        ),
        Category::Plant => matches!(noun, Noun::Flower | Noun::Cactus),
        Category::Furniture => matches!(noun, Noun::Lamp),
        Category::Vehicle => matches!(noun, Noun::Balloon),
        Category::Person | Category::Building => false,
    }
}
