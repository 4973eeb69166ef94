//! CLoVe's REPLACE: one thing, attribute or relation becomes another.
//!
//! After `_generate_hard_negatives_like_replace` in Netflix/clove
//! `src/training/text_negatives_data.py`. Differences are listed in `docs/captions.md`.

use std::collections::BTreeMap;
use std::ops::Range;

use super::choice::Choice;
use super::edit::{Edit, EditKind};
use super::lexicon::Class;
use super::morphology::inflect;
use super::parse::Parse;
use super::tags::Tag;
use super::{NotEditable, pool_or};

/// Replacements drawn for each thing, attribute or relation.
const PER_ELEMENT: usize = 2;

/// Prepositions and their weights, CLoVe's `_get_prepositions()`: frequencies of Google Books
/// 2019 times 248,796, the sum of WordNet's counts, so that they compare with those.
const PREPOSITIONS: &[(&str, u64)] = &[
    ("aboard", 2),
    ("above", 48),
    ("across", 52),
    ("after", 159),
    ("against", 98),
    ("along", 52),
    ("alongside", 5),
    ("amid", 2),
    ("amidst", 1),
    ("among", 58),
    ("amongst", 4),
    ("around", 104),
    ("as", 1308),
    ("at", 813),
    ("atop", 1),
    ("before", 164),
    ("behind", 48),
    ("below", 25),
    ("beneath", 11),
    ("beside", 13),
    ("besides", 5),
    ("between", 169),
    ("beyond", 28),
    ("by", 850),
    ("down", 164),
    ("during", 76),
    ("following", 57),
    ("for", 1531),
    ("from", 786),
    ("in", 3404),
    ("in addition to", 4),
    ("in front of", 17),
    ("in reference to", 1),
    ("in regard to", 2),
    ("in spite of", 4),
    ("including", 49),
    ("inside", 33),
    ("into", 335),
    ("like", 261),
    ("near", 32),
    ("nearer", 3),
    ("nearest", 4),
    ("next", 63),
    ("of", 6221),
    ("off", 111),
    ("on", 1153),
    ("on account of", 2),
    ("on side of", 1),
    ("on the side of", 2),
    ("on top of", 4),
    ("onto", 18),
    ("opposite", 12),
    ("out", 364),
    ("outside", 34),
    ("over", 217),
    ("past", 44),
    ("since", 66),
    ("through", 186),
    ("throughout", 18),
    ("thru", 1),
    ("till", 17),
    ("to", 4918),
    ("toward", 41),
    ("towards", 32),
    ("under", 105),
    ("underneath", 3),
    ("unlike", 5),
    ("until", 67),
    ("unto", 20),
    ("up", 355),
    ("upon", 88),
    ("with", 1342),
    ("with regard to", 4),
    ("within", 79),
    ("without", 103),
];

/// What can be replaced: tokens and the part of speech that decides by what.
struct Element {
    span: Range<usize>,
    kind: EditKind,
    class: Option<Class>,
}

/// At most two replacements for each element.
pub(super) fn pool(parse: &Parse<'_>, choice: &mut Choice) -> Result<Vec<Edit>, NotEditable> {
    let things = parse.chunks.len();
    let modified =
        |chunk: &super::parse::Chunk| !chunk.determiners.is_empty() || !chunk.modifiers.is_empty();
    if things < 2 || (parse.relations.is_empty() && !parse.chunks.iter().any(modified)) {
        return Err(NotEditable::TooSimple { things });
    }
    let mut edits = Vec::new();
    for element in elements(parse) {
        let words = match element.class {
            None => other_prepositions(parse.words(&element.span)),
            Some(class) => alternatives(parse, &element, class),
        };
        for word in choice.weighted_sample(words, PER_ELEMENT) {
            let word = fitted(parse, &element, &word);
            edits.extend(parse.edit(element.kind, vec![(element.span.clone(), word)]));
        }
    }
    pool_or(edits, NotEditable::NoAlternative)
}

fn elements(parse: &Parse<'_>) -> Vec<Element> {
    let mut elements = Vec::new();
    for chunk in &parse.chunks {
        elements.push(Element {
            span: chunk.head.clone(),
            kind: EditKind::ReplaceEntity,
            class: Some(Class::Noun),
        });
    }
    for &modifier in parse.chunks.iter().flat_map(|chunk| &chunk.modifiers) {
        let class = match parse.tag(modifier) {
            Tag::Jj | Tag::Jjr | Tag::Jjs => Class::Adjective,
            Tag::Vbg | Tag::Vbn => Class::Verb,
            _ => continue,
        };
        elements.push(Element {
            span: modifier..modifier + 1,
            kind: EditKind::ReplaceModifier,
            class: Some(class),
        });
    }
    for relation in &parse.relations {
        elements.push(Element {
            span: relation.span.clone(),
            kind: EditKind::ReplaceRelation,
            class: relation.is_verb.then_some(Class::Verb),
        });
    }
    elements
}

/// Prepositions that may both be true of one picture.
const ALIKE: &[&[&str]] = &[
    &["in", "inside", "within", "inside of"],
    &[
        "near",
        "next to",
        "by",
        "beside",
        "alongside",
        "next",
        "close to",
        "along",
    ],
    &["on", "on top of", "upon", "atop", "onto"],
    &["under", "underneath", "beneath", "below"],
    &["over", "above", "across"],
    &["among", "amongst", "amid", "amidst", "between"],
    &["toward", "towards", "to"],
    &["through", "thru"],
    &["with", "including", "alongside"],
    &["on the side of", "on side of", "at", "beside"],
];

fn other_prepositions(words: &str) -> Vec<(String, u64)> {
    let words = words.to_lowercase();
    let alike = |other: &str| {
        let mut groups = ALIKE.iter();
        groups.any(|group| group.contains(&words.as_str()) && group.contains(&other))
    };
    PREPOSITIONS
        .iter()
        .filter(|(word, _)| *word != words && !alike(word))
        .map(|&(word, weight)| (word.to_owned(), weight))
        .collect()
}

/// Antonyms, siblings and cousins of the usual senses, weighted by how often they are meant.
fn alternatives(parse: &Parse<'_>, element: &Element, class: Class) -> Vec<(String, u64)> {
    let lexicon = parse.lexicon;
    let last = &parse.tags[element.span.end - 1].lemma;
    let base = match element.span.len() {
        1 => last.clone(),
        _ => format!("{}_{last}", parse.lower(element.span.start)),
    };
    let senses = lexicon.senses(class, &base);
    let mut weights: BTreeMap<&'static str, u64> = BTreeMap::new();
    // A man may be an employer or a gentleman, but is no woman: of people antonyms say more.
    let person = class == Class::Noun && lexicon.noun_is_a(&base, &["person"]);
    for sense in lexicon.usual_senses(class, &base) {
        let antonyms = &lexicon.synset(class, sense).antonyms;
        let candidates = if person && !antonyms.is_empty() {
            antonyms.clone()
        } else {
            lexicon.alternatives(class, sense)
        };
        for lemma in candidates {
            // Compounds that texts do not use (`snake palm`) are nearly all of WordNet's.
            if lemma.count == 0 && lemma.word.contains('_') {
                continue;
            }
            *weights.entry(lemma.word).or_default() += u64::from(lemma.count.max(1));
        }
    }
    // What shares a synset may mean the same; what lies above or below may be true as well.
    for id in lexicon.above_and_below(class, &senses) {
        for lemma in &lexicon.synset(class, id).lemmas {
            weights.remove(lemma.word);
        }
    }
    let words = weights.into_iter();
    words
        .map(|(word, weight)| (word.to_owned(), weight))
        .collect()
}

/// The word in the form and case of what it replaces.
fn fitted(parse: &Parse<'_>, element: &Element, word: &str) -> String {
    let root = element.span.end - 1;
    let word = match element.class {
        None => word.to_owned(),
        Some(_) => inflect(parse.lexicon, word, parse.tag(root)).replace('_', " "),
    };
    parse.cased(&element.span, &word)
}
