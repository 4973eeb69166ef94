//! Scenes: what there is to see, as plain numbers, and how they are drawn by lot.

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Deserializer, Serialize};

use super::claim::relation_between;
use super::vocabulary::{Colour, Ground, Noun, Pattern, Size, Style};

/// The side of the picture in the unit of all positions and extents: a thousandth of it.
pub const SIDE: i32 = 1000;

/// The most things that a scene may hold.
pub const MAX_THINGS: usize = 3;

/// The furthest that a thing is turned, in degrees to either side.
pub const MAX_TURN: i32 = 8;

/// The furthest that a thing's colour is lightened or darkened, in per cent.
pub const MAX_SHADE: i32 = 12;

/// Clear space between the boxes of two things of a sampled scene, in thousandths of the side.
const GAP: i32 = 30;

/// Clear space between a thing's box and the picture's edge: room for its outline and its turned
/// corners, so that nothing is cut off.
const MARGIN: i32 = 12;

/// Random layouts that are tried before one is taken that always fits.
const LAYOUT_ATTEMPTS: usize = 100;

/// Random places that are tried for each thing of a layout.
const PLACE_ATTEMPTS: usize = 16;

impl Size {
    /// Half the side of the box that a thing of this size is drawn in, smallest and largest, in
    /// thousandths of the picture's side. The two sizes are far enough apart to be told from
    /// one picture.
    pub const fn radii(self) -> (i32, i32) {
        match self {
            Self::Small => (105, 125),
            Self::Large => (170, 205),
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
    /// Its centre from the left edge, in thousandths of the picture's side.
    pub x: i32,
    /// Its centre from the top edge, in thousandths of the picture's side.
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

/// A scene: everything that its picture shows.
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
    /// One to [`MAX_THINGS`] things. In a sampled scene no two share a noun, and every two are
    /// in exactly one relation.
    #[serde(deserialize_with = "checked_things")]
    pub things: Vec<Thing>,
}

/// Why a scene that was read is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SceneError {
    /// No thing, or too many.
    #[error("a scene holds 1 to {MAX_THINGS} things, not {found}")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// A centre outside the picture.
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
}

/// What is sampled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SceneParams {
    /// How often a scene has one, two or three things, as weights. All zero means always one.
    pub thing_weights: [u32; MAX_THINGS],
    /// Whether all things of a scene differ in colour; otherwise colours are independent.
    pub distinct_colours: bool,
}

impl Default for SceneParams {
    /// One, two or three things as 1 : 2 : 1, colours independent.
    fn default() -> Self {
        Self {
            thing_weights: [1, 2, 1],
            distinct_colours: false,
        }
    }
}

impl SceneParams {
    /// Always this many things (1 to [`MAX_THINGS`], clamped).
    pub fn exactly(things: usize) -> Self {
        let mut thing_weights = [0; MAX_THINGS];
        thing_weights[things.clamp(1, MAX_THINGS) - 1] = 1;
        Self {
            thing_weights,
            ..Self::default()
        }
    }
}

/// Which scenes are for what. A seed says by itself where it belongs, so that no model can be
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
    /// The scene of this seed: the same on every platform, for the same parameters and
    /// vocabulary.
    pub fn sample(seed: u64, params: &SceneParams) -> Self {
        let mut rng = Stream::Scene.of(seed);
        let count = 1 + weighted(&mut rng, &params.thing_weights);
        let ground = any(&mut rng, Ground::ALL);
        let mut nouns = Noun::ALL.to_vec();
        nouns.shuffle(&mut rng);
        let mut colours: Vec<Colour> = if params.distinct_colours {
            Colour::ALL.to_vec()
        } else {
            (0..count).map(|_| any(&mut rng, Colour::ALL)).collect()
        };
        colours.shuffle(&mut rng);
        let mut things: Vec<Thing> = nouns
            .into_iter()
            .zip(colours)
            .take(count)
            .map(|(noun, colour)| {
                let size = any(&mut rng, Size::ALL);
                let (least, most) = size.radii();
                Thing {
                    noun,
                    colour,
                    pattern: Pattern::default(),
                    size,
                    x: 0,
                    y: 0,
                    radius: rng.random_range(least..=most),
                    turn: rng.random_range(-MAX_TURN..=MAX_TURN),
                    mirrored: rng.random(),
                    shade: rng.random_range(-MAX_SHADE..=MAX_SHADE),
                    moving: false,
                    host: None,
                }
            })
            .collect();
        lay_out(&mut things, &mut rng);
        Self {
            seed,
            ground,
            style: Style::default(),
            things,
        }
    }

    /// The random numbers that go with this scene's seed, for captions that are the same every
    /// time the scene is sampled.
    pub fn caption_rng(&self) -> ChaCha8Rng {
        Stream::Captions.of(self.seed)
    }
}

/// Places the things inside the picture so that every two are apart and plainly related.
fn lay_out(things: &mut [Thing], rng: &mut ChaCha8Rng) {
    for _ in 0..LAYOUT_ATTEMPTS {
        let mut placed = 0;
        while placed < things.len() && place(things, placed, rng) {
            placed += 1;
        }
        if placed == things.len() {
            return;
        }
    }
    spare_layout(things);
}

/// Looks for a place for one thing that is clear of those before it.
fn place(things: &mut [Thing], index: usize, rng: &mut ChaCha8Rng) -> bool {
    let (before, rest) = things.split_at_mut(index);
    let thing = &mut rest[0];
    (0..PLACE_ATTEMPTS).any(|_| {
        let nearest = thing.radius + MARGIN;
        thing.x = rng.random_range(nearest..=SIDE - nearest);
        thing.y = rng.random_range(nearest..=SIDE - nearest);
        before.iter().all(|other| is_clear(thing, other))
    })
}

fn is_clear(a: &Thing, b: &Thing) -> bool {
    let distance = (a.x - b.x).abs().max((a.y - b.y).abs());
    distance >= a.radius + b.radius + GAP && relation_between(a, b).is_some()
}

/// Two things side by side and a third below: clear whatever their sizes.
fn spare_layout(things: &mut [Thing]) {
    let middle = SIDE / 2;
    match things {
        [] => {}
        [only] => (only.x, only.y) = (middle, middle),
        [left, right, below @ ..] => {
            let y = if below.is_empty() {
                middle
            } else {
                SIDE * 23 / 100
            };
            (left.x, left.y) = (middle - left.radius - GAP / 2, y);
            (right.x, right.y) = (middle + right.radius + GAP / 2, y);
            for thing in below {
                (thing.x, thing.y) = (middle, SIDE - y);
            }
        }
    }
}

/// An index, as often as its weight says; 0 if all weights are zero.
pub(super) fn weighted(rng: &mut impl Rng, weights: &[u32]) -> usize {
    let total: u64 = weights.iter().copied().map(u64::from).sum();
    if total == 0 {
        return 0;
    }
    let mut lot = rng.random_range(0..total);
    for (index, &weight) in weights.iter().enumerate() {
        if lot < u64::from(weight) {
            return index;
        }
        lot -= u64::from(weight);
    }
    unreachable!("the lot is below the sum of the weights")
}

/// One of the words of a class.
pub(super) fn any<T: Copy>(rng: &mut impl Rng, words: &[T]) -> T {
    *words.choose(rng).expect("a vocabulary has words")
}

fn checked_things<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Thing>, D::Error> {
    let things = Vec::<Thing>::deserialize(from)?;
    check(&things).map_err(serde::de::Error::custom)?;
    Ok(things)
}

fn check(things: &[Thing]) -> Result<(), SceneError> {
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spare_layout_is_clear_for_all_sizes() {
        let like = Scene::sample(0, &SceneParams::default()).things[0].clone();
        let radii = [105, 125, 170, 205];
        for a in radii {
            for b in radii {
                for c in radii {
                    let mut things: Vec<Thing> = [a, b, c]
                        .into_iter()
                        .map(|radius| Thing {
                            radius,
                            ..like.clone()
                        })
                        .collect();
                    for count in 1..=3 {
                        spare_layout(&mut things[..count]);
                        let pairs = (0..count).flat_map(|b| (0..b).map(move |a| (a, b)));
                        for (a, b) in pairs {
                            assert!(is_clear(&things[a], &things[b]), "{things:?}");
                        }
                        assert!(things[..count].iter().all(|thing| {
                            let nearest = thing.radius + MARGIN;
                            let inside = nearest..=SIDE - nearest;
                            inside.contains(&thing.x) && inside.contains(&thing.y)
                        }));
                    }
                }
            }
        }
    }

    #[test]
    fn the_spare_layout_is_rarely_needed() {
        let mut spared = 0;
        for seed in 0..10_000 {
            let scene = Scene::sample(seed, &SceneParams::exactly(3));
            let mut spare = scene.things.clone();
            spare_layout(&mut spare);
            spared += usize::from(spare == scene.things);
        }
        assert!(spared < 100, "{spared} of 10,000");
    }
}
