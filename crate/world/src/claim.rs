//! What a caption means, and whether it is so.
//!
//! The judge of every caption. It reads names, colours and relations off the scene and knows
//! nothing of how captions are made, so that a caption's truth never rests on its maker's word.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::relation::Relation;
use super::scene::{MAX_THINGS, Scene, Thing};
use super::truth::{Verdict, verdict_of_between, verdict_of_relation};
use super::vocabulary::{Category, Colour, Domain, Ground, Noun, Pattern, Size};

/// What a description calls a thing: a node of the taxonomy, from the most specific level to
/// the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Concept {
    /// “cat”.
    Noun(Noun),
    /// “animal”.
    Category(Category),
    /// “living thing”.
    Domain(Domain),
    /// “thing”, true of everything.
    Thing,
}

impl Concept {
    /// Whether a thing of this noun falls under the concept.
    pub fn includes(self, noun: Noun) -> bool {
        match self {
            Self::Noun(own) => own == noun,
            Self::Category(category) => noun.category() == category,
            Self::Domain(domain) => noun.domain() == domain,
            Self::Thing => true,
        }
    }

    /// Whether whatever falls under the other concept falls under this one.
    pub fn contains(self, other: Self) -> bool {
        Noun::ALL
            .iter()
            .all(|&noun| self.includes(noun) || !other.includes(noun))
    }

    /// Whether only people fall under the concept, and its word says so. Their colour and pattern are
    /// those of their clothes: a farmer in black, no black farmer.
    pub const fn is_of_people(self) -> bool {
        match self {
            Self::Noun(noun) => matches!(noun.category(), Category::Person),
            Self::Category(category) => matches!(category, Category::Person),
            Self::Domain(_) | Self::Thing => false,
        }
    }

    /// The word in captions.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Noun(noun) => noun.word(),
            Self::Category(category) => category.word(),
            Self::Domain(domain) => domain.word(),
            Self::Thing => "thing",
        }
    }
}

/// One thing, or several alike, as a caption speaks of it. What is `None` is left unsaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Description {
    /// What it is called.
    pub concept: Concept,
    /// How many there are: 1 says “a cat” and means one or more; 2 to [`Description::MOST`] are
    /// number words, and exact.
    pub count: u8,
    /// The colour, if said.
    pub colour: Option<Colour>,
    /// The size, if said.
    pub size: Option<Size>,
    /// The pattern, if said.
    pub pattern: Option<Pattern>,
}

impl Description {
    /// The largest number that captions say.
    pub const MOST: u8 = 3;

    /// The bare name of one thing, nothing else said.
    pub const fn of(concept: Concept) -> Self {
        Self {
            concept,
            count: 1,
            colour: None,
            size: None,
            pattern: None,
        }
    }

    /// Whether all that is said, but for the number, is so of this thing.
    pub fn fits(&self, thing: &Thing) -> bool {
        self.concept.includes(thing.noun)
            && self.colour.is_none_or(|colour| colour == thing.colour)
            && self.size.is_none_or(|size| size == thing.size)
            && self.pattern.is_none_or(|pattern| pattern == thing.pattern)
    }

    /// Whether the other description can only be so of things of which this one is so too.
    pub fn is_implied_by(&self, other: &Self) -> bool {
        fn implied<T: PartialEq>(this: Option<T>, other: Option<T>) -> bool {
            this.is_none() || this == other
        }
        self.concept.contains(other.concept)
            && (self.count == 1 || self.count == other.count)
            && implied(self.colour, other.colour)
            && implied(self.size, other.size)
            && implied(self.pattern, other.pattern)
    }
}

/// The meaning of a caption: there are these things, all different, so related, on this ground.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// The things, in the order of mention.
    pub things: Vec<Description>,
    /// `relations[i]` holds between `things[i]` and `things[i + 1]`, or for
    /// [`Relation::Between`] among these and `things[i + 2]`, before which no other relation
    /// stands then. Where there is none, the two are only listed. Entries without things to relate
    /// say nothing, and the list may end early.
    pub relations: Vec<Option<Relation>>,
    /// What they are on, if said.
    pub ground: Option<Ground>,
}

/// That things of a claim are so related; indices into [`Claim::things`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fact {
    /// Two things.
    Two {
        /// How they are related; not “between”.
        relation: Relation,
        /// The first.
        subject: usize,
        /// The second.
        object: usize,
    },
    /// One is between two others.
    Between {
        /// What is in the middle.
        middle: usize,
        /// What is on either side.
        ends: [usize; 2],
    },
}

impl Claim {
    /// There are these things, with nothing said of how they relate or where they are.
    pub const fn list(things: Vec<Description>) -> Self {
        Self {
            things,
            relations: Vec::new(),
            ground: None,
        }
    }

    /// What is said of how the things are related, in the order of mention.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut place = 0;
        while place + 1 < self.things.len() {
            match self.relation_after(place) {
                Some(Relation::Between) => {
                    facts.push(Fact::Between {
                        middle: place,
                        ends: [place + 1, place + 2],
                    });
                    place += 1;
                }
                Some(relation) => facts.push(Fact::Two {
                    relation,
                    subject: place,
                    object: place + 1,
                }),
                None => {}
            }
            place += 1;
        }
        facts
    }

    /// The relation said between a thing and the next, if there is one that can be.
    pub(super) fn relation_after(&self, place: usize) -> Option<Relation> {
        let relation = (*self.relations.get(place)?)?;
        let needed = if relation == Relation::Between { 2 } else { 1 };
        (place + needed < self.things.len()).then_some(relation)
    }

    /// Runs of things that relations join: what a list has “and” between.
    pub fn clauses(&self) -> Vec<Range<usize>> {
        let mut clauses = Vec::new();
        let mut start = 0;
        let mut place = 0;
        while place < self.things.len() {
            match self.relation_after(place) {
                Some(Relation::Between) => place += 2,
                Some(_) => place += 1,
                None => {
                    place += 1;
                    clauses.push(start..place);
                    start = place;
                }
            }
        }
        clauses
    }

    /// A claim of these clauses of this one, in this order, and its ground.
    pub(super) fn of_clauses(&self, clauses: impl Iterator<Item = Range<usize>>) -> Self {
        let mut claim = Self {
            things: Vec::with_capacity(self.things.len()),
            relations: Vec::with_capacity(self.things.len()),
            ground: self.ground,
        };
        for clause in clauses {
            claim.things.extend(&self.things[clause.clone()]);
            let related = clause.map(|place| self.relations.get(place).copied().flatten());
            claim.relations.extend(related);
            if let Some(last) = claim.relations.last_mut() {
                *last = None;
            }
        }
        claim.relations.pop();
        claim
    }

    /// Decides the claim: the best verdict over all ways of taking the descriptions for
    /// different things of the scene, each way as good as its least certain relation. A description
    /// with a number stands for all things that it fits, and there must be just as many. Of several
    /// things a relation is so if it is so of each, and not so if it is so of none.
    pub fn verdict(&self, scene: &Scene) -> Verdict {
        if self.ground.is_some_and(|ground| ground != scene.ground)
            || self.things.len() > MAX_THINGS
        {
            return Verdict::False;
        }
        let facts = self.facts();
        self.best_assignment(scene, &facts, &mut Vec::with_capacity(self.things.len()))
    }

    /// Whether the claim is plainly true of the scene.
    pub fn holds(&self, scene: &Scene) -> bool {
        self.verdict(scene) == Verdict::True
    }

    /// Whether every scene of which this claim is true is one of which the other is true, as far as
    /// the words alone show it: each thing of the other is one of this claim's, said in no less
    /// detail, and related as the other says or the converse way.
    pub fn entails(&self, other: &Self) -> bool {
        if other.ground.is_some() && other.ground != self.ground {
            return false;
        }
        let facts: Vec<Fact> = self.facts().into_iter().map(Fact::direct).collect();
        other.some_embedding(self, &facts, &mut Vec::with_capacity(other.things.len()))
    }

    /// Each group of things is a set of bits.
    fn best_assignment(&self, scene: &Scene, facts: &[Fact], taken: &mut Vec<u8>) -> Verdict {
        let Some(description) = self.things.get(taken.len()) else {
            return facts
                .iter()
                .map(|fact| fact.verdict(scene, taken))
                .min()
                .unwrap_or(Verdict::True);
        };
        let used = taken.iter().fold(0, |used, set| used | set);
        let fitting = scene
            .things
            .iter()
            .enumerate()
            .filter(|(_, thing)| description.fits(thing))
            .fold(0u8, |fitting, (index, _)| fitting | 1 << index);
        if description.count > 1 {
            if fitting.count_ones() != u32::from(description.count) || fitting & used != 0 {
                return Verdict::False;
            }
            taken.push(fitting);
            let verdict = self.best_assignment(scene, facts, taken);
            taken.pop();
            return verdict;
        }
        let mut best = Verdict::False;
        for single in members(fitting & !used) {
            taken.push(1 << single);
            best = best.max(self.best_assignment(scene, facts, taken));
            taken.pop();
            if best == Verdict::True {
                break;
            }
        }
        best
    }

    fn some_embedding(&self, into: &Self, facts: &[Fact], taken: &mut Vec<usize>) -> bool {
        let Some(description) = self.things.get(taken.len()) else {
            return self.facts().into_iter().all(|fact| {
                let fact = fact.moved(taken).direct();
                facts.iter().any(|other| fact.same_as(other))
            });
        };
        (0..into.things.len()).any(|place| {
            !taken.contains(&place) && description.is_implied_by(&into.things[place]) && {
                taken.push(place);
                let found = self.some_embedding(into, facts, taken);
                taken.pop();
                found
            }
        })
    }
}

impl Fact {
    fn verdict(self, scene: &Scene, taken: &[u8]) -> Verdict {
        let mut worst = Verdict::True;
        let mut best = Verdict::False;
        let mut judge = |verdict: Verdict| {
            worst = worst.min(verdict);
            best = best.max(verdict);
        };
        match self {
            Self::Two {
                relation,
                subject,
                object,
            } => {
                for a in members(taken[subject]) {
                    for b in members(taken[object]) {
                        judge(verdict_of_relation(relation, scene, a, b));
                    }
                }
            }
            Self::Between { middle, ends } => {
                for a in members(taken[middle]) {
                    for b in members(taken[ends[0]]) {
                        for c in members(taken[ends[1]]) {
                            judge(verdict_of_between(scene, a, b, c));
                        }
                    }
                }
            }
        }
        if worst == best {
            worst
        } else {
            Verdict::Unclear
        }
    }

    /// Said with the direct relation.
    pub(super) fn direct(self) -> Self {
        match self {
            Self::Two {
                relation,
                subject,
                object,
            } => {
                let (relation, subject, object) = relation.direct(subject, object);
                Self::Two {
                    relation,
                    subject,
                    object,
                }
            }
            between @ Self::Between { .. } => between,
        }
    }

    /// With each index exchanged for what stands there.
    fn moved(self, to: &[usize]) -> Self {
        match self {
            Self::Two {
                relation,
                subject,
                object,
            } => Self::Two {
                relation,
                subject: to[subject],
                object: to[object],
            },
            Self::Between { middle, ends } => Self::Between {
                middle: to[middle],
                ends: ends.map(|end| to[end]),
            },
        }
    }

    /// Whether two direct facts say the same.
    fn same_as(&self, other: &Self) -> bool {
        match (*self, *other) {
            (
                Self::Between { middle, ends },
                Self::Between {
                    middle: other_middle,
                    ends: [one, other],
                },
            ) => middle == other_middle && (ends == [one, other] || ends == [other, one]),
            (
                Self::Two {
                    relation: Relation::NextTo,
                    subject,
                    object,
                },
                Self::Two {
                    relation: Relation::NextTo,
                    subject: other_subject,
                    object: other_object,
                },
            ) => {
                (subject, object) == (other_subject, other_object)
                    || (object, subject) == (other_subject, other_object)
            }
            (one, other) => one == other,
        }
    }
}

fn members(set: u8) -> impl Iterator<Item = usize> {
    (0..u8::BITS as usize).filter(move |index| set & (1 << index) != 0)
}
