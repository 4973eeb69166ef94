//! CLoVe's REPLACE: one thing, attribute or relation becomes another.
//!
//! After `_generate_hard_negatives_like_replace` in Netflix/clove
//! `src/training/text_negatives_data.py`. Differences are listed in `docs/captions.md`.

use std::collections::BTreeSet;
use std::ops::Range;

use super::alike;
use super::choice::Choice;
use super::counts::{Noun, counts, kinds_of, relation_key};
use super::edit::{Edit, EditKind};
use super::fit::{Form, stands_alone};
use super::lexicon::Class;
use super::morphology::inflect;
use super::parse::{Chunk, Parse, Relation};
use super::swap::NO_THING;
use super::tags::Tag;
use super::word_lists::{
    DIMENSIONS, GENDERED, NUMBERS, ONE_NATURE, OTHER_PREPOSITIONS, PREPOSITIONS, VAGUE,
    VAGUE_VERBS, WITH_PREPOSITION,
};
use super::{NotEditable, pool_or};

/// Replacements drawn for each thing, attribute or relation.
const PER_ELEMENT: usize = 2;

/// Of all candidates for a thing, attribute or relation only the likeliest are offered.
const AT_MOST: usize = 12;

/// What can be replaced: tokens and the part of speech that decides by what.
struct Element {
    span: Range<usize>,
    kind: EditKind,
    what: What,
}

/// What an element is, by its place in the parse.
#[derive(Clone, Copy)]
enum What {
    /// The head of a chunk.
    Thing(usize),
    /// An adjective of a chunk.
    Attribute(usize),
    /// A relation.
    Relation(usize),
}

/// At most two replacements for each element.
pub(super) fn pool(parse: &Parse<'_>, choice: &mut Choice) -> Result<Vec<Edit>, NotEditable> {
    edits(parse, |words| choice.weighted_sample(words, PER_ELEMENT))
}

/// Every replacement, the likeliest of an element first.
pub(super) fn all(parse: &Parse<'_>) -> Result<Vec<Edit>, NotEditable> {
    edits(parse, |words| {
        words.into_iter().map(|(word, _)| word).collect()
    })
}

fn edits(
    parse: &Parse<'_>,
    mut choose: impl FnMut(Vec<(String, u64)>) -> Vec<String>,
) -> Result<Vec<Edit>, NotEditable> {
    let things = parse.chunks.len();
    let modified = |chunk: &Chunk| !chunk.determiners.is_empty() || !chunk.modifiers.is_empty();
    if things < 2 || (parse.relations.is_empty() && !parse.chunks.iter().any(modified)) {
        return Err(NotEditable::TooSimple { things });
    }
    let mut edits = Vec::new();
    for element in elements(parse) {
        let mut words = match element.what {
            What::Thing(chunk) => other_things(parse, chunk),
            What::Attribute(chunk) => other_attributes(parse, chunk, element.span.start),
            What::Relation(at) if parse.relations[at].is_verb => other_verbs(parse, at),
            What::Relation(at) => other_prepositions(parse, &parse.relations[at]),
        };
        words.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        words.truncate(AT_MOST);
        for word in choose(words) {
            let word = parse.cased(&element.span, &word.replace('_', " "));
            edits.extend(parse.edit(element.kind, vec![(element.span.clone(), word)]));
        }
    }
    pool_or(edits, NotEditable::NoAlternative)
}

fn elements(parse: &Parse<'_>) -> Vec<Element> {
    let mut elements = Vec::new();
    for (at, chunk) in parse.chunks.iter().enumerate() {
        elements.push(Element {
            span: chunk.head.clone(),
            kind: EditKind::ReplaceEntity,
            what: What::Thing(at),
        });
    }
    for (at, chunk) in parse.chunks.iter().enumerate() {
        for &modifier in &chunk.modifiers {
            if matches!(parse.tag(modifier), Tag::Jj | Tag::Cd) {
                elements.push(Element {
                    span: modifier..modifier + 1,
                    kind: EditKind::ReplaceModifier,
                    what: What::Attribute(at),
                });
            }
        }
    }
    for (at, relation) in parse.relations.iter().enumerate() {
        elements.push(Element {
            span: relation.span.clone(),
            kind: EditKind::ReplaceRelation,
            what: What::Relation(at),
        });
    }
    elements
}

/// Nouns of the same kind that captions use in the same form and place.
fn other_things(parse: &Parse<'_>, at: usize) -> Vec<(String, u64)> {
    let (lexicon, counts) = (parse.lexicon, counts());
    let chunk = &parse.chunks[at];
    let base = parse.head_lemma(chunk);
    let last = chunk.head.end - 1;
    let is_vague = |word: &str| NO_THING.contains(&word) || VAGUE.contains(&word);
    let part_of_name = chunk.head.start > chunk.range.start && {
        let before = chunk.head.start - 1;
        parse.tag(before).is_noun() || parse.tag(before) == Tag::Pos
    };
    let Some(kind) = counts.kind(&base) else {
        return Vec::new();
    };
    // `tennis [court]`, `dog's [bed]`: what stands before it goes with few others.
    if parse.tag(last) == Tag::Nnp || is_vague(&base) || part_of_name {
        return Vec::new();
    }
    let senses = lexicon.senses(Class::Noun, &base);
    let above_and_below = lexicon.above_and_below(Class::Noun, &senses);
    let may_be_true = |word: &str| {
        let senses = lexicon.senses(Class::Noun, word);
        let related = senses
            .first()
            .is_some_and(|id| above_and_below.contains(id));
        related || alike::nouns(word, &base)
    };
    // A man may be a player or a surfer, but is no woman: of people antonyms alone are sure.
    let opposites: Option<BTreeSet<&str>> = (kind == 'p').then(|| {
        let usual = lexicon.usual_senses(Class::Noun, &base).into_iter();
        let opposites = usual.flat_map(|id| lexicon.synset(Class::Noun, id).antonyms.iter());
        opposites.map(|lemma| lemma.word).collect()
    });
    let cousins = cousins(parse, Class::Noun, &base);
    let before = parse.relations.iter().find(|r| r.object == at);
    let preposition = before
        .filter(|r| !r.is_verb)
        .map(|r| relation_key(parse, r));
    let form = Form::of(parse, chunk);
    let verb = before.filter(|r| r.is_verb).map(|r| relation_key(parse, r));
    let fits_verb = |word: &str| {
        let known = verb.as_ref().filter(|key| counts.knows(key) || kind == 's');
        known.is_none_or(|key| counts.follows(word, key))
    };
    // `a slice of pizza`, `a sip of beer`: what it is a part of cannot be anything.
    let portion = before.is_some_and(|relation| {
        let whole = parse.head_lemma(&parse.chunks[relation.before]);
        ["slice", "piece", "sip", "bite", "kind", "type", "game"].contains(&whole.as_str())
    });
    // A woman's phone is not `his`.
    let gendered = |word: &str| GENDERED.contains(&word);
    if portion || (kind == 'p' && parse.tokens.iter().any(|token| gendered(&token.lower))) {
        return Vec::new();
    }
    let is_here = |word: &str| parse.tags.iter().any(|tagged| tagged.lemma == word);
    // Adjectives must go with it, too.
    let described = |noun: &Noun| {
        chunk
            .modifiers
            .iter()
            .all(|&i| parse.tag(i) != Tag::Jj || counts.described(parse.lower(i), noun.kind) > 0)
    };
    // What costs most is asked last.
    let candidates = counts.nouns().filter(|(word, noun)| {
        let fits_kind = match &opposites {
            Some(opposites) => opposites.contains(word),
            None => noun.kind == kind,
        };
        fits_kind
            && *word != base
            && form.fits(noun)
            && (preposition.as_ref()).is_none_or(|words| noun.after.contains(words.as_str()))
            && (cousins.contains(word) || ONE_NATURE.contains(&kind))
            && !is_vague(word)
            && !is_here(word)
            && fits_verb(word)
            && described(noun)
            && (opposites.is_some() || !may_be_true(word))
    });
    candidates
        .map(|(word, noun)| {
            let nearness = if cousins.contains(word) { 4 } else { 1 };
            let weight = u64::from(noun.total.isqrt()) * nearness;
            (inflect(lexicon, word, parse.tag(last)), weight)
        })
        .collect()
}

/// Antonyms, siblings and cousins of the usual senses.
fn cousins(parse: &Parse<'_>, class: Class, base: &str) -> BTreeSet<&'static str> {
    let usual = parse.lexicon.usual_senses(class, base).into_iter();
    let found = usual.flat_map(|sense| parse.lexicon.alternatives(class, sense));
    found.map(|lemma| lemma.word).collect()
}

/// Antonyms, and adjectives of the same dimension, that captions use of such a thing.
fn other_attributes(parse: &Parse<'_>, chunk: usize, at: usize) -> Vec<(String, u64)> {
    let (lexicon, counts) = (parse.lexicon, counts());
    let word = parse.lower(at);
    let noun = parse.head_lemma(&parse.chunks[chunk]);
    let Some(kind) = counts.kind(&noun) else {
        return Vec::new();
    };
    if !stands_alone(parse, at) || counts.is_fixed_pair(word, &noun) {
        return Vec::new();
    }
    let senses = lexicon.senses(Class::Adjective, word).into_iter();
    let antonyms = senses.flat_map(|id| lexicon.synset(Class::Adjective, id).antonyms.iter());
    let antonyms: BTreeSet<&str> = antonyms.map(|lemma| lemma.word).collect();
    let same_dimension = DIMENSIONS
        .iter()
        .filter(|words| words.split(' ').any(|other| other == word))
        .flat_map(|words| words.split(' '));
    let candidates: BTreeSet<&str> = antonyms.iter().copied().chain(same_dimension).collect();
    candidates
        .into_iter()
        .filter(|other| {
            *other != word
                && (parse.tag(at) != Tag::Cd || is_more(other, word))
                && !alike::adjectives(word, other)
                && !counts.is_fixed_pair(other, &noun)
                && !parse.tokens.iter().any(|token| token.lower == *other)
        })
        .filter_map(|other| {
            let seen = u64::from(counts.describes(other, &noun, kind));
            let weight = if antonyms.contains(other) {
                4 * seen
            } else {
                seen
            };
            (seen > 0).then(|| (other.to_owned(), weight))
        })
        .collect()
}

/// Of two numbers, whether the first is larger: where there are four there are three, too.
fn is_more(number: &str, than: &str) -> bool {
    let place = |word: &str| NUMBERS.iter().position(|number| *number == word);
    place(number) > place(than)
}

/// Verbs that captions have between things of the same kinds.
fn other_verbs(parse: &Parse<'_>, at: usize) -> Vec<(String, u64)> {
    let (lexicon, counts) = (parse.lexicon, counts());
    let relation = &parse.relations[at];
    let token = relation.span.start;
    let key = relation_key(parse, relation);
    let passive = key.starts_with('!');
    let base = &parse.tags[token].lemma;
    let (before, object) = (
        &parse.chunks[relation.before],
        &parse.chunks[relation.object],
    );
    let adjacent = relation.span.end == object.range.start;
    let Some(kinds) = kinds_of(parse, before, object).filter(|_| adjacent && !passive) else {
        return Vec::new();
    };
    let senses = lexicon.usual_senses(Class::Verb, base);
    let above_and_below = lexicon.above_and_below(Class::Verb, &senses);
    let candidates = counts.between(kinds).into_iter().filter(|(word, _)| {
        let usual = lexicon.usual_senses(Class::Verb, word);
        lexicon.knows(Class::Verb, word)
            && !PREPOSITIONS.contains(word)
            && !VAGUE_VERBS.contains(word)
            && word != base
            && !alike::verbs(word, base)
            && !usual.iter().any(|id| above_and_below.contains(id))
            && counts.follows(&parse.head_lemma(object), word)
    });
    candidates
        .map(|(word, seen)| (inflect(lexicon, word, parse.tag(token)), u64::from(seen)))
        .collect()
}

/// Prepositions that exclude the one that stands here and that captions have before the noun.
fn other_prepositions(parse: &Parse<'_>, relation: &Relation) -> Vec<(String, u64)> {
    let counts = counts();
    let words = parse.words(&relation.span).to_lowercase();
    let object = &parse.chunks[relation.object];
    let lemma = parse.head_lemma(object);
    let before = relation.span.start.checked_sub(1);
    let governed = before.is_some_and(|i| {
        parse.tag(i) == Tag::Rb
            || parse.tag(i).is_verb() && WITH_PREPOSITION.contains(&parse.tags[i].lemma.as_str())
            || matches!(
                parse.lower(i),
                "full" | "together" | "up" | "out" | "off" | "down" | "away"
            )
    });
    let clothes = counts.kind(&lemma) == Some('c') && words == "in";
    let is_vague = VAGUE.contains(&lemma.as_str()) || NO_THING.contains(&lemma.as_str());
    if governed || clothes || is_vague {
        return Vec::new();
    }
    let Some(others) = OTHER_PREPOSITIONS.iter().find(|(of, _)| *of == words) else {
        return Vec::new();
    };
    let kinds = kinds_of(parse, &parse.chunks[relation.before], object);
    let attested = |other: &str| {
        let by_kinds = kinds.is_some_and(|kinds| counts.related(other, kinds) > 0);
        counts.follows(&lemma, other) || (by_kinds && !counts.is_frequent(&lemma))
    };
    let weights = (1..).map(|place: u64| 60 / place);
    let others = others.1.iter().zip(weights);
    others
        .filter(|(other, _)| attested(other))
        .map(|(other, weight)| ((*other).to_owned(), weight))
        .collect()
}
