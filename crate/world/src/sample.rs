//! Scenes at random: who is in them, and in what arrangement.

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::held_out::{Combination, is_pair_held_out};
use super::layout::lay_out;
use super::relation::{Arrangement, Relation};
use super::scene::{MAX_SHADE, MAX_THINGS, MAX_TURN, SIDE, Scene, Split, Stream, Thing};
use super::vocabulary::{Colour, Ground, Noun, Pattern, Size, Style};

/// Casts tried before a scene falls back to a single thing. About one in a few fits.
const ATTEMPTS: usize = 2_000;

/// Weights of the arrangements. If all are zero, things always stand apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArrangementWeights {
    /// Plainly left, right, above or below one another.
    pub apart: u32,
    /// Two or three alike.
    pub group: u32,
    /// One between two others; only in scenes of three things or more.
    pub between: u32,
    /// Close, side by side.
    pub next_to: u32,
    /// One in front of the other.
    pub in_front_of: u32,
    /// One standing on the other.
    pub on: u32,
    /// One inside the other.
    pub inside: u32,
    /// One riding the other.
    pub riding: u32,
    /// One carrying the other.
    pub carrying: u32,
    /// One chasing the other.
    pub chasing: u32,
    /// One facing the other.
    pub facing: u32,
}

impl Default for ArrangementWeights {
    fn default() -> Self {
        Self {
            apart: 22,
            group: 12,
            between: 10,
            next_to: 7,
            in_front_of: 9,
            on: 9,
            inside: 9,
            riding: 9,
            carrying: 9,
            chasing: 9,
            facing: 7,
        }
    }
}

impl ArrangementWeights {
    /// All zero.
    pub const fn none() -> Self {
        Self {
            apart: 0,
            group: 0,
            between: 0,
            next_to: 0,
            in_front_of: 0,
            on: 0,
            inside: 0,
            riding: 0,
            carrying: 0,
            chasing: 0,
            facing: 0,
        }
    }

    fn draw(&self, count: usize, rng: &mut impl Rng) -> Arrangement {
        let between = if count >= 3 { self.between } else { 0 };
        let choices = [
            (Arrangement::Apart, self.apart),
            (Arrangement::Group, self.group),
            (Arrangement::Between, between),
            (Arrangement::Related(Relation::NextTo), self.next_to),
            (Arrangement::Related(Relation::InFrontOf), self.in_front_of),
            (Arrangement::Related(Relation::On), self.on),
            (Arrangement::Related(Relation::Inside), self.inside),
            (Arrangement::Related(Relation::Riding), self.riding),
            (Arrangement::Related(Relation::Carrying), self.carrying),
            (Arrangement::Related(Relation::Chasing), self.chasing),
            (Arrangement::Related(Relation::Facing), self.facing),
        ];
        choices[weighted(rng, &choices.map(|(_, weight)| weight))].0
    }
}

/// Parameters of sampled scenes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SceneParams {
    /// Weights of scenes with one, two, three and four things. If all are zero, there is always one.
    pub thing_weights: [u32; MAX_THINGS],
    /// How they are arranged.
    pub arrangements: ArrangementWeights,
    /// Whether all things of a scene that are not alike differ in colour; otherwise colours are
    /// independent.
    pub distinct_colours: bool,
    /// How often two things that stand apart have one noun and different colours, in per cent.
    pub same_noun_percent: u32,
    /// How often a thing has a pattern, in per cent.
    pub pattern_percent: u32,
    /// Whether scenes with combinations that are held out are among them. Never among those with a
    /// seed of [`Split::Training`], whatever stands here.
    pub held_out: bool,
    /// How they are drawn.
    pub style: Style,
}

impl Default for SceneParams {
    /// One to four things as 5 : 9 : 4 : 2.
    fn default() -> Self {
        Self {
            thing_weights: [5, 9, 4, 2],
            arrangements: ArrangementWeights::default(),
            distinct_colours: false,
            same_noun_percent: 8,
            pattern_percent: 40,
            held_out: false,
            style: Style::Everyday,
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

    /// Of these combinations, as far as parameters can say: scenes that are to show one that is held
    /// out are looked for among all.
    pub(super) fn of(self, combination: Combination) -> Self {
        Self {
            held_out: combination == Combination::HeldOut,
            ..self
        }
    }
}

/// The things of a scene before they have places.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub(super) arrangement: Arrangement,
    /// In the arrangement's order: subject first.
    pub(super) things: Vec<Thing>,
}

impl Scene {
    /// The scene of this seed: the same on every platform, for the same parameters and
    /// vocabulary.
    pub fn sample(seed: u64, params: &SceneParams) -> Self {
        let mut rng = Stream::Scene.of(seed);
        let count = 1 + weighted(&mut rng, &params.thing_weights);
        let ground = any(&mut rng, Ground::ALL);
        let arrangement = if count == 1 {
            Arrangement::Apart
        } else {
            params.arrangements.draw(count, &mut rng)
        };
        let held_out = params.held_out && Split::of(seed) != Some(Split::Training);
        let mut scene = Self {
            seed,
            ground,
            style: params.style,
            things: Vec::new(),
        };
        for _ in 0..ATTEMPTS {
            let Some(cast) = Cast::draw(count, arrangement, params, held_out, &mut rng) else {
                continue;
            };
            if scene.take(cast, &mut rng) && (held_out || !scene.shows_held_out()) {
                return scene;
            }
        }
        scene.things = vec![lone_thing(held_out, &mut rng)];
        scene
    }

    /// Places the cast. `false` if there was no room.
    pub(super) fn take(&mut self, cast: Cast, rng: &mut ChaCha8Rng) -> bool {
        self.things = cast.things;
        lay_out(self, cast.arrangement, rng)
    }
}

impl Cast {
    /// `None` if the draw is impossible, such as a rider on something without a seat.
    pub(super) fn draw(
        count: usize,
        arrangement: Arrangement,
        params: &SceneParams,
        held_out: bool,
        rng: &mut ChaCha8Rng,
    ) -> Option<Self> {
        let mut nouns = Noun::ALL.to_vec();
        nouns.shuffle(rng);
        let alike = match arrangement {
            Arrangement::Group => rng.random_range(2..=count.min(3)),
            _ => 1,
        };
        if let Arrangement::Related(relation) = arrangement {
            let (subject, object) = principals(relation, &nouns)?;
            nouns.retain(|&noun| noun != subject && noun != object);
            nouns.splice(0..0, [subject, object]);
        }
        let twins = arrangement == Arrangement::Apart
            && count > 1
            && rng.random_range(0..100) < params.same_noun_percent;
        if twins {
            nouns[1] = nouns[0];
        }
        let sizes = sizes(arrangement, count, rng);
        let mut things: Vec<Thing> = Vec::with_capacity(count);
        for (&noun, size) in nouns.iter().zip(sizes) {
            let distinct = params.distinct_colours || (twins && things.len() == 1);
            let colours: Vec<Colour> = Colour::ALL
                .iter()
                .copied()
                .filter(|&colour| held_out || !is_pair_held_out(colour, noun))
                .filter(|&colour| !distinct || things.iter().all(|other| other.colour != colour))
                .collect();
            let thing = random_thing(noun, *colours.choose(rng)?, size, params, rng);
            let copies = if things.is_empty() { alike } else { 1 };
            for _ in 0..copies.min(count - things.len()) {
                things.push(Thing {
                    turn: rng.random_range(-MAX_TURN..=MAX_TURN),
                    ..thing.clone()
                });
            }
            if things.len() == count {
                break;
            }
        }
        Some(Self {
            arrangement,
            things,
        })
    }

    /// The same things for another arrangement, in sizes that it can take.
    pub(super) fn rearranged(mut self, arrangement: Arrangement, rng: &mut ChaCha8Rng) -> Self {
        self.arrangement = arrangement;
        let sizes = sizes(arrangement, self.things.len(), rng);
        for (thing, size) in self.things.iter_mut().zip(sizes) {
            let (least, most) = size.radii();
            thing.size = size;
            thing.radius = rng.random_range(least..=most);
        }
        self
    }
}

/// The first two nouns of a shuffled list that can be so related.
fn principals(relation: Relation, nouns: &[Noun]) -> Option<(Noun, Noun)> {
    let possible =
        |subject: Noun, object: Noun| subject != object && relation.is_possible(subject, object);
    let object = nouns
        .iter()
        .copied()
        .find(|&object| nouns.iter().any(|&subject| possible(subject, object)))?;
    let subject = nouns
        .iter()
        .copied()
        .find(|&subject| possible(subject, object))?;
    Some((subject, object))
}

/// Sizes that an arrangement can take, for its things in order.
fn sizes(arrangement: Arrangement, count: usize, rng: &mut ChaCha8Rng) -> Vec<Size> {
    use Size::{Large, Medium, Small};
    let mut sizes: Vec<Size> = (0..count).map(|_| any(rng, Size::ALL)).collect();
    let pair = match arrangement {
        Arrangement::Related(Relation::On) => {
            any(rng, &[(Small, Medium), (Small, Large), (Medium, Large)])
        }
        Arrangement::Related(Relation::Inside) => any(rng, &[(Small, Medium), (Small, Large)]),
        Arrangement::Related(Relation::Riding) => {
            any(rng, &[(Small, Medium), (Small, Large), (Medium, Large)])
        }
        Arrangement::Related(Relation::Carrying) => {
            any(rng, &[(Medium, Small), (Large, Small), (Large, Small)])
        }
        Arrangement::Group if count > 2 => {
            sizes[0] = any(rng, &[Small, Medium]);
            return sizes;
        }
        _ => return sizes,
    };
    (sizes[0], sizes[1]) = pair;
    sizes
}

fn random_thing(
    noun: Noun,
    colour: Colour,
    size: Size,
    params: &SceneParams,
    rng: &mut ChaCha8Rng,
) -> Thing {
    let (least, most) = size.radii();
    let pattern = if rng.random_range(0..100) < params.pattern_percent {
        any(rng, &Pattern::ALL[1..])
    } else {
        Pattern::Plain
    };
    Thing {
        noun,
        colour,
        pattern,
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
}

/// What a scene falls back to: one thing in the middle.
fn lone_thing(held_out: bool, rng: &mut ChaCha8Rng) -> Thing {
    loop {
        let (noun, colour) = (any(rng, Noun::ALL), any(rng, Colour::ALL));
        if held_out || !is_pair_held_out(colour, noun) {
            let thing = random_thing(noun, colour, Size::Medium, &SceneParams::default(), rng);
            return Thing {
                x: SIDE / 2,
                y: SIDE / 2,
                ..thing
            };
        }
    }
}

/// Draws an index in proportion to its weight; 0 if all weights are zero.
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
