//! What captions say of what: how often words occur in them, and in which company.
//!
//! `captions.txt` is counted by `make.rs` in captions of COCO (CC BY 4.0, COCO Consortium), read as this
//! crate reads them. Edits take only words from here, and drop what no caption resembles.

#[cfg(test)]
mod make;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use super::lexicon::{Class, Lexicon, lexicon};
use super::parse::{Chunk, Parse, Relation};
use super::tags::Tag;

static TABLE: &str = include_str!("captions.txt");

/// The kinds of things, each by one letter and by the concepts of WordNet that it holds. A noun is of the
/// first kind above its most frequent sense, the nearest concept first.
const KINDS: &[(char, &[&str])] = &[
    ('p', &["person", "people"]),
    ('a', &["animal", "animal_group"]),
    (
        'f',
        &[
            "food",
            "meal",
            "foodstuff",
            "beverage",
            "fruit",
            "vegetable",
        ],
    ),
    ('t', &["plant", "plant_part", "flower"]),
    ('v', &["vehicle", "craft", "public_transport"]),
    (
        'c',
        &[
            "clothing",
            "footwear",
            "headdress",
            "garment",
            "eyeglasses",
            "neckwear",
        ],
    ),
    (
        'u',
        &["furniture", "appliance", "furnishing", "white_goods"],
    ),
    ('r', &["room"]),
    ('o', &["road", "way", "bridge"]),
    ('b', &["building", "structure", "area"]),
    (
        'k',
        &["container", "tableware", "utensil", "cutlery", "crockery"],
    ),
    ('s', &["sports_equipment", "game_equipment", "plaything"]),
    (
        'd',
        &[
            "instrumentality",
            "device",
            "artifact",
            "covering",
            "commodity",
        ],
    ),
    ('y', &["body_part", "external_body_part", "hair"]),
    ('w', &["body_of_water", "water"]),
    (
        'l',
        &[
            "land",
            "geological_formation",
            "region",
            "location",
            "sky",
            "atmosphere",
            "ground",
        ],
    ),
    ('m', &["substance", "material", "matter"]),
    ('i', &["communication", "representation", "creation"]),
    ('g', &["group"]),
    ('e', &["event", "act", "activity", "state", "phenomenon"]),
];

/// Kinds that the most frequent sense in WordNet gets wrong for captions.
const KIND_OF: &[(char, &str)] = &[
    ('a', "bear bunny"),
    (
        'b',
        "airport church factory museum stadium station train_station zoo",
    ),
    ('c', "hat outfit skirt umbrella"),
    (
        'd',
        "blind brush calculator case clock comforter computer controller cone crane fan feeder \
           fire_hydrant hose keyboard laptop lamp light monitor mouse phone printer remote sign speaker \
           sticker stop television match",
    ),
    ('e', "top"),
    (
        'f',
        "banana broccoli carrot corn cream fry hot_dog hotdog lettuce mustard noodle olive onion orange \
           parsley pepper pineapple pizza cake sandwich tart",
    ),
    ('k', "bag dish glass lid mug plate"),
    (
        'l',
        "beach court field forest hill mountain park slope snow tennis_court woods baseball_field sky",
    ),
    ('m', "wood"),
    (
        'o',
        "road sidewalk street track path walkway crosswalk pier runway platform tarmac dock curb",
    ),
    ('p', "player"),
    (
        'r',
        "bathroom bedroom kitchen living_room office classroom closet hallway restroom restaurant",
    ),
    (
        's',
        "ball bat board doll frisbee kite racket racquet skate skateboard ski snowboard surfboard teddy \
           teddy_bear toy",
    ),
    ('t', "branch bush flower grass leaf tree"),
    (
        'u',
        "bathtub bed bench cabinetry microwave seat sink table toilet tub",
    ),
    ('v', "pickup trailer train"),
    ('w', "wave"),
    ('y', "back beak face mouth"),
];

/// What a noun of the captions is seen as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noun {
    pub(super) kind: char,
    /// Occurrences as the head of a noun phrase.
    pub(super) total: u32,
    /// Of these with `a` or `an`.
    pub(super) with_article: u32,
    /// Of these singular and without any determiner: `grass`.
    pub(super) bare: u32,
    /// Of these in the plural.
    pub(super) plural: u32,
    /// Prepositions and verbs that it follows, as [`relation_key`] writes them.
    pub(super) after: BTreeSet<&'static str>,
    /// As `after`: those that it stands before.
    before: BTreeSet<&'static str>,
    /// Adjectives that describe it.
    adjectives: BTreeSet<&'static str>,
}

/// The counts, read once.
#[derive(Debug, Default)]
pub(super) struct Counts {
    nouns: BTreeMap<&'static str, Noun>,
    /// By relation: kinds before and after it, and how often.
    relations: HashMap<&'static str, Vec<([char; 2], u32)>>,
    /// By adjective: kinds that it describes, and how often.
    adjectives: HashMap<&'static str, Vec<(char, u32)>>,
    /// Adjectives that nearly always stand before one noun: `stainless steel`.
    fixed: HashMap<&'static str, &'static str>,
}

/// Occurrences from which on a noun is frequent.
const OFTEN: u32 = 15;
/// Kinds of things that have the colours and sizes that they have.
const NATURAL: &[char] = &['a', 'f', 'l', 'm', 'p', 't', 'w', 'y'];

/// The counts of captions.
pub(super) fn counts() -> &'static Counts {
    static COUNTS: OnceLock<Counts> = OnceLock::new();
    COUNTS.get_or_init(|| Counts::read(TABLE))
}

const WELL_FORMED: &str = "the counts are compiled in and tests read all of them";

fn number(text: &str) -> u32 {
    text.parse().expect(WELL_FORMED)
}

fn letter(text: &str, at: usize) -> char {
    text.chars().nth(at).expect(WELL_FORMED)
}

impl Counts {
    fn read(table: &'static str) -> Self {
        let mut counts = Self::default();
        let mut heading = "";
        for line in table.lines() {
            if let Some(new) = line.strip_prefix('#') {
                heading = new;
                continue;
            }
            let mut fields = line.split('\t');
            let word = fields.next().unwrap_or_default();
            match heading {
                "noun" => {
                    let mut field = || fields.next().unwrap_or_default();
                    let kind = letter(field(), 0);
                    let noun = Noun {
                        kind,
                        total: number(field()),
                        with_article: number(field()),
                        bare: number(field()),
                        plural: number(field()),
                        after: field().split_terminator(',').collect(),
                        before: field().split_terminator(',').collect(),
                        adjectives: field().split_terminator(',').collect(),
                    };
                    counts.nouns.insert(word, noun);
                }
                "relation" => {
                    let seen = fields.map(|field| {
                        let kinds = [letter(field, 0), letter(field, 1)];
                        (kinds, number(&field[2..]))
                    });
                    counts.relations.insert(word, seen.collect());
                }
                "adjective" => {
                    let seen = fields.map(|field| (letter(field, 0), number(&field[1..])));
                    counts.adjectives.insert(word, seen.collect());
                }
                "fixed" => {
                    let noun = fields.next().unwrap_or_default();
                    counts.fixed.insert(word, noun);
                }
                _ => {} // the head of the file, which says where it is from
            }
        }
        counts
    }

    /// Every noun by its lemma.
    pub(super) fn nouns(&self) -> impl Iterator<Item = (&'static str, &Noun)> {
        self.nouns.iter().map(|(word, noun)| (*word, noun))
    }

    pub(super) fn noun(&self, lemma: &str) -> Option<&Noun> {
        self.nouns.get(lemma)
    }

    /// Whether captions have a noun behind a preposition or verb.
    pub(super) fn follows(&self, lemma: &str, relation: &str) -> bool {
        let noun = self.nouns.get(lemma);
        noun.is_some_and(|noun| noun.after.contains(relation))
    }

    /// Whether captions have a noun before a preposition or verb.
    pub(super) fn leads(&self, lemma: &str, relation: &str) -> bool {
        let noun = self.nouns.get(lemma);
        noun.is_some_and(|noun| noun.before.contains(relation))
    }

    /// Whether captions have a relation between things of any kinds.
    pub(super) fn knows(&self, relation: &str) -> bool {
        self.relations.contains_key(relation)
    }

    /// The kind of a noun, of the captions or not.
    pub(super) fn kind(&self, lemma: &str) -> Option<char> {
        match self.nouns.get(lemma) {
            Some(noun) => Some(noun.kind),
            None => kind_of(lexicon(), lemma),
        }
    }

    /// Every relation that captions have between things of two kinds, with its count.
    pub(super) fn between(&self, kinds: [char; 2]) -> BTreeMap<&'static str, u32> {
        let all = self.relations.iter();
        all.filter_map(|(words, seen)| {
            let of_kinds = seen.iter().find(|(of, _)| *of == kinds)?;
            Some((*words, of_kinds.1))
        })
        .collect()
    }

    /// How often a relation stands between things of two kinds.
    pub(super) fn related(&self, relation: &str, kinds: [char; 2]) -> u32 {
        let seen = self.relations.get(relation).into_iter().flatten();
        let mut of_kinds = seen.filter(|(of, _)| *of == kinds);
        of_kinds.next().map_or(0, |(_, count)| *count)
    }

    /// How often an adjective describes things of a kind.
    pub(super) fn described(&self, adjective: &str, kind: char) -> u32 {
        let seen = self.adjectives.get(adjective).into_iter().flatten();
        let mut of_kind = seen.filter(|(of, _)| *of == kind);
        of_kind.next().map_or(0, |(_, count)| *count)
    }

    /// Whether captions have a noun so often that what they do not say of it is not.
    pub(super) fn is_frequent(&self, lemma: &str) -> bool {
        self.nouns
            .get(lemma)
            .is_some_and(|noun| noun.total >= OFTEN)
    }

    /// How often an adjective describes things of this noun's kind; 0 where captions have the noun often
    /// and never so (`pink grass`).
    pub(super) fn describes(&self, adjective: &str, noun: &str, kind: char) -> u32 {
        let described = |noun: &Noun| noun.adjectives.contains(adjective);
        match self.nouns.get(noun) {
            Some(known)
                if NATURAL.contains(&kind) && self.is_frequent(noun) && !described(known) =>
            {
                0
            }
            _ => self.described(adjective, kind),
        }
    }

    /// Whether an adjective and a noun are one name.
    pub(super) fn is_fixed_pair(&self, adjective: &str, noun: &str) -> bool {
        self.fixed
            .get(adjective)
            .is_some_and(|fixed| *fixed == noun)
    }
}

/// The kind of a noun by WordNet.
fn kind_of(lexicon: &Lexicon, lemma: &str) -> Option<char> {
    let named = |words: &str| words.split_whitespace().any(|word| word == lemma);
    if let Some((kind, _)) = KIND_OF.iter().find(|(_, words)| named(words)) {
        return Some(*kind);
    }
    let first = *lexicon.senses(Class::Noun, lemma).first()?;
    let above = lexicon.ancestors(Class::Noun, first);
    std::iter::once(first).chain(above).find_map(|id| {
        let lemmas = &lexicon.synset(Class::Noun, id).lemmas;
        let names = |concepts: &[&str]| lemmas.iter().any(|l| concepts.contains(&l.word));
        let kind = KINDS.iter().find(|(_, concepts)| names(concepts))?;
        Some(kind.0)
    })
}

/// A relation as it is counted: a preposition's words, a verb's base form; `!` before a participle that is
/// passive (`covered`).
pub(super) fn relation_key(parse: &Parse<'_>, relation: &Relation) -> String {
    if !relation.is_verb {
        return parse.words(&relation.span).to_lowercase();
    }
    let at = relation.span.start;
    let lemma = &parse.tags[at].lemma;
    match parse.tag(at) {
        Tag::Vbn => format!("!{lemma}"),
        _ => lemma.clone(),
    }
}

/// The kinds before and after a relation.
pub(super) fn kinds_of(parse: &Parse<'_>, before: &Chunk, object: &Chunk) -> Option<[char; 2]> {
    let kind = |chunk: &Chunk| counts().kind(&parse.head_lemma(chunk));
    Some([kind(before)?, kind(object)?])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_captions_say() {
        let counts = counts();
        let horse = counts.noun("horse").unwrap();
        assert_eq!(horse.kind, 'a');
        assert!(horse.with_article > horse.bare && horse.plural > 0);
        let grass = counts.noun("grass").unwrap();
        assert!(grass.bare > grass.with_article, "{grass:?}");
        assert!(counts.related("ride", ['p', 'a']) > counts.related("ride", ['a', 'p']));
        assert!(counts.described("red", 'c') > 1);
        assert!(counts.is_fixed_pair("busy", "street"));
        assert_eq!(counts.kind("eagle"), Some('a'));
        assert_eq!(counts.kind("qwertz"), None);
    }
}
