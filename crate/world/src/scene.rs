//! Scenes: what there is to see, as plain numbers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Deserializer, Serialize};

use super::geometry::slot;
use super::vocabulary::{Colour, Ground, Noun, Pattern, Size, Style};

/// The side of the image in the unit of all positions and extents: a thousandth of it.
pub const SIDE: i32 = 1000;

/// The most things that a scene may hold.
pub const MAX_THINGS: usize = 4;

/// The furthest that a thing is turned, in degrees to either side.
pub const MAX_TURN: i32 = 8;

/// The furthest that a thing's colour is lightened or darkened, in per cent.
pub const MAX_SHADE: i32 = 12;

impl Size {
    /// Half the side of the box that a thing of this size is drawn in, smallest and largest, in
    /// thousandths of the image's side. The sizes are far enough apart to be told from
    /// one image.
    pub const fn radii(self) -> (i32, i32) {
        match self {
            Self::Small => (88, 104),
            Self::Medium => (130, 150),
            Self::Large => (185, 215),
        }
    }
}

/// One thing of a scene. Integers only, so that a scene is the same on every platform and in
/// JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Thing {
    /// What it is.
    pub noun: Noun,
    /// Its colour.
    pub colour: Colour,
    /// What breaks its colour.
    #[serde(default)]
    pub pattern: Pattern,
    /// Its size.
    pub size: Size,
    /// Its centre from the left edge, in thousandths of the image's side.
    pub x: i32,
    /// Its centre from the top edge, in thousandths of the image's side.
    pub y: i32,
    /// Half the side of the box it is drawn in, in thousandths, within [`Size::radii`].
    pub radius: i32,
    /// How far it is turned clockwise, in degrees, within ± [`MAX_TURN`].
    pub turn: i32,
    /// Whether left and right are exchanged.
    pub mirrored: bool,
    /// How much lighter (positive) or darker its colour is, in per cent, within ±
    /// [`MAX_SHADE`].
    pub shade: i32,
    /// Whether marks of speed are drawn behind it.
    #[serde(default)]
    pub moving: bool,
    /// What it rests on or in, if not on the ground.
    #[serde(default)]
    pub host: Option<Host>,
}

/// That a thing rests on or in another one of the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Host {
    /// The other thing, as an index into [`Scene::things`].
    pub thing: usize,
    /// How the other holds it.
    pub hold: Hold,
}

/// How one thing holds another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hold {
    /// It stands on the other's top, in front of it.
    On,
    /// It sits on the other.
    Riding,
    /// The other has it in its hand.
    Carried,
    /// It is in the other's hollow.
    Inside,
}

/// A scene: everything that its image shows.
///
/// Scenes come from [`Scene::sample`] or, edited or shared, from JSON; reading one refuses
/// what [`SceneError`] lists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scene {
    /// The number it was sampled from; it also places the grains of the ground.
    pub seed: u64,
    /// What the things are on.
    pub ground: Ground,
    /// How it is drawn.
    #[serde(default)]
    pub style: Style,
    /// One to [`MAX_THINGS`] things; where they overlap, later ones hide earlier ones.
    #[serde(deserialize_with = "checked_things")]
    pub things: Vec<Thing>,
}

/// Why a scene from JSON is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SceneError {
    /// No thing, or too many.
    #[error("a scene holds 1 to {MAX_THINGS} things, not {found}")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// A centre outside the image.
    #[error("the {} (thing {index}) is centred at ({x}, {y}), outside 0..={SIDE}", noun.word())]
    Outside {
        /// Which thing.
        index: usize,
        /// What it is.
        noun: Noun,
        /// Its centre from the left.
        x: i32,
        /// Its centre from the top.
        y: i32,
    },
    /// A jitter value outside its range.
    #[error("the {} (thing {index}) has {field} {value}, outside {min}..={max}", noun.word())]
    Jitter {
        /// Which thing.
        index: usize,
        /// What it is.
        noun: Noun,
        /// Which of its fields.
        field: &'static str,
        /// The value found.
        value: i32,
        /// The smallest allowed.
        min: i32,
        /// The largest allowed.
        max: i32,
    },
    /// A thing held by one that cannot hold it so, or lying elsewhere than where it is held.
    #[error("the {} (thing {index}) is said to be held by thing {host}, {problem}", noun.word())]
    Held {
        /// Which thing.
        index: usize,
        /// What it is.
        noun: Noun,
        /// The thing that is said to hold it.
        host: usize,
        /// Why it cannot be.
        problem: &'static str,
    },
}

/// What a scene is for. The seed alone decides, so that no model can be
/// tested on a scene that it was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Seeds below 2⁵¹: training.
    Training,
    /// Seeds from 2⁵¹ to 2⁵²: probe sets.
    Evaluation,
    /// Seeds from 2⁵² to 2⁵² + 2⁵¹: what the page shows.
    Exhibition,
}

impl Split {
    const INDEX_BITS: u32 = 51;

    /// The `index`-th seed of the split. Indices repeat after 2⁵¹. Every seed is below 2⁵³, so
    /// that JavaScript's numbers and JSON readers hold it exactly.
    pub const fn seed(self, index: u64) -> u64 {
        let tag = match self {
            Self::Training => 0,
            Self::Evaluation => 1,
            Self::Exhibition => 2,
        };
        index & ((1 << Self::INDEX_BITS) - 1) | (tag << Self::INDEX_BITS)
    }

    /// The split that a seed belongs to, if any.
    pub const fn of(seed: u64) -> Option<Self> {
        match seed >> Self::INDEX_BITS {
            0 => Some(Self::Training),
            1 => Some(Self::Evaluation),
            2 => Some(Self::Exhibition),
            _ => None,
        }
    }
}

/// Independent random streams of one seed, so that drawing more from one leaves the others as
/// they were.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Scene = 0,
    Ground = 1,
    Captions = 2,
    Probes = 3,
}

impl Stream {
    pub(super) fn of(self, seed: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(self as u64);
        rng
    }
}

impl Scene {
    /// The random numbers that go with this scene's seed, for captions that are the same every
    /// time the scene is sampled.
    pub fn caption_rng(&self) -> ChaCha8Rng {
        Stream::Captions.of(self.seed)
    }
}

fn checked_things<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Thing>, D::Error> {
    let things = Vec::<Thing>::deserialize(from)?;
    check(&things).map_err(serde::de::Error::custom)?;
    Ok(things)
}

pub(super) fn check(things: &[Thing]) -> Result<(), SceneError> {
    if !(1..=MAX_THINGS).contains(&things.len()) {
        return Err(SceneError::Count {
            found: things.len(),
        });
    }
    for (index, thing) in things.iter().enumerate() {
        let noun = thing.noun;
        let inside = 0..=SIDE;
        if !inside.contains(&thing.x) || !inside.contains(&thing.y) {
            return Err(SceneError::Outside {
                index,
                noun,
                x: thing.x,
                y: thing.y,
            });
        }
        let (least, most) = thing.size.radii();
        for (field, value, min, max) in [
            ("radius", thing.radius, least, most),
            ("turn", thing.turn, -MAX_TURN, MAX_TURN),
            ("shade", thing.shade, -MAX_SHADE, MAX_SHADE),
        ] {
            if !(min..=max).contains(&value) {
                return Err(SceneError::Jitter {
                    index,
                    noun,
                    field,
                    value,
                    min,
                    max,
                });
            }
        }
    }
    for (index, thing) in things.iter().enumerate() {
        let Some(host) = thing.host else { continue };
        let held = |problem| SceneError::Held {
            index,
            noun: thing.noun,
            host: host.thing,
            problem,
        };
        let Some(holder) = things[..index].get(host.thing) else {
            return Err(held("which does not come before it"));
        };
        if holder.host.is_some() {
            return Err(held("which is held itself"));
        }
        let place =
            slot(holder, host.hold, thing).ok_or_else(|| held("which has no such place"))?;
        if !place.holds(thing) {
            return Err(held("but lies elsewhere"));
        }
    }
    Ok(())
}
