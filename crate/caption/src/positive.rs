//! Hard positives: other words, same meaning.
//!
//! Kamath et al. (The Hard Positive Truth about Vision-Language Compositionality) had Llama 2
//! write those for training, and made those of the benchmark by a fixed list. These are
//! programmatic: the list, and conjuncts around `and` exchanged.

use std::ops::Range;

use super::edit::{Edit, EditKind};
use super::morphology::inflect;
use super::negclip::exchange;
use super::parse::{Chunk, Parse};
use super::swap::NO_THING;
use super::tags::Tag;
use super::{NotEditable, pool_or};

/// Synonyms of attributes in the order of their frequency in the benchmark's attribute file
/// (amitakamath/hard_positives, `swapped_data/vl_checklist_attributes.json`).
const ATTRIBUTES: &[(&str, &str)] = &[
    ("white", "ivory"),
    ("black", "ebony"),
    ("blue", "sapphire"),
    ("brown", "chestnut"),
    ("red", "crimson"),
    ("green", "emerald"),
    ("large", "big"),
    ("small", "tiny"),
    ("long", "lengthy"),
    ("silver", "metallic"),
    ("standing", "upright"),
    ("big", "large"),
    ("sitting", "seated"),
    ("walking", "strolling"),
    ("wet", "damp"),
    ("smiling", "happy"),
    ("old", "aged"),
    ("clear", "unclouded"),
    ("eating", "ingesting"),
    ("young", "youthful"),
    ("huge", "big"),
    ("hanging", "dangling"),
    ("looking", "gazing"),
];

/// Synonyms of relations, likewise (`swapped_data/vl_checklist_relations.json`). A longer one
/// stands before what it contains.
const RELATIONS: &[(&str, &str)] = &[
    ("on top of", "on"),
    ("next to", "near"),
    ("riding on", "traveling on"),
    ("in", "within"),
    ("wearing", "in"),
    ("behind", "to the rear of"),
    ("holding", "grasping"),
    ("near", "next to"),
    ("sitting", "seated"),
    ("under", "beneath"),
    ("by", "near"),
    ("wears", "in"),
    ("hanging", "dangling"),
    ("above", "on top of"),
    ("walking", "strolling"),
    ("riding", "traveling on"),
];

/// Two names of one thing. Not in the benchmark, whose positives are of attributes and relations.
const THINGS: &[(&str, &str)] = &[
    ("airplane", "plane"),
    ("automobile", "car"),
    ("baby", "infant"),
    ("baggage", "luggage"),
    ("bathtub", "tub"),
    ("bicycle", "bike"),
    ("bike", "bicycle"),
    ("car", "automobile"),
    ("child", "kid"),
    ("couch", "sofa"),
    ("donut", "doughnut"),
    ("doughnut", "donut"),
    ("fridge", "refrigerator"),
    ("garbage", "trash"),
    ("guy", "man"),
    ("image", "picture"),
    ("infant", "baby"),
    ("kid", "child"),
    ("kitten", "young_cat"),
    ("lady", "woman"),
    ("luggage", "baggage"),
    ("motorbike", "motorcycle"),
    ("motorcycle", "motorbike"),
    ("ocean", "sea"),
    ("pants", "trousers"),
    ("photo", "picture"),
    ("photograph", "photo"),
    ("picture", "photo"),
    ("plane", "airplane"),
    ("puppy", "young_dog"),
    ("refrigerator", "fridge"),
    ("sea", "ocean"),
    ("shop", "store"),
    ("sofa", "couch"),
    ("store", "shop"),
    ("television", "tv"),
    ("trash", "garbage"),
    ("trousers", "pants"),
    ("tv", "television"),
    ("vegetable", "veggie"),
    ("veggie", "vegetable"),
];

/// Synonyms that are not in the benchmark's lists.
const MORE_ATTRIBUTES: &[(&str, &str)] = &[
    ("beautiful", "lovely"),
    ("colorful", "multicolored"),
    ("delicious", "tasty"),
    ("little", "small"),
    ("many", "numerous"),
    ("several", "multiple"),
    ("tiny", "very small"),
];

/// As [`MORE_ATTRIBUTES`].
const MORE_RELATIONS: &[(&str, &str)] = &[
    ("alongside", "beside"),
    ("along with", "together with"),
    ("atop", "on top of"),
    ("beneath", "under"),
    ("beside", "next to"),
    ("close to", "near"),
    ("filled with", "full of"),
    ("inside of", "inside"),
    ("towards", "toward"),
    ("underneath", "under"),
];

const WORN: &[&str] = &[
    "clothing",
    "garment",
    "footwear",
    "headdress",
    "neckwear",
    "eyeglasses",
];

/// Each word of the lists that stands as an attribute or relation, replaced by its synonym.
pub(super) fn replacements(parse: &Parse<'_>) -> Result<Vec<Edit>, NotEditable> {
    let mut edits = Vec::new();
    for &modifier in parse.chunks.iter().flat_map(|chunk| &chunk.modifiers) {
        if let Some(synonym) = attribute_at(parse, modifier) {
            let span = modifier..modifier + 1;
            let change = (span.clone(), parse.cased(&span, synonym));
            edits.extend(parse.edit(EditKind::PositiveAttribute, vec![change]));
        }
    }
    for chunk in &parse.chunks {
        edits.extend(thing_renamed(parse, chunk));
    }
    let mut at = 0;
    while at < parse.tokens.len() {
        match relation_at(parse, at) {
            Some((span, synonym)) => {
                at = span.end;
                let change = (span.clone(), parse.cased(&span, synonym));
                edits.extend(parse.edit(EditKind::PositiveRelation, vec![change]));
            }
            None => at += 1,
        }
    }
    pool_or(edits, NotEditable::NoSynonym)
}

/// The head of a chunk by another name, where nothing before it could make it part of a name
/// (`tennis shoe shop`).
fn thing_renamed(parse: &Parse<'_>, chunk: &Chunk) -> Option<Edit> {
    let last = chunk.head.end - 1;
    let named = chunk.head.start > chunk.range.start && parse.tag(chunk.head.start - 1).is_noun();
    if chunk.head.len() > 1 || named || parse.tag(last) == Tag::Nnp {
        return None;
    }
    let lemma = &parse.tags[last].lemma;
    let (_, other) = THINGS.iter().find(|(of, _)| of == lemma)?;
    let word = inflect(parse.lexicon, other, parse.tag(last)).replace('_', " ");
    let change = (chunk.head.clone(), parse.cased(&chunk.head, &word));
    parse.edit(EditKind::PositiveThing, vec![change])
}

fn attribute_at(parse: &Parse<'_>, at: usize) -> Option<&'static str> {
    let word = parse.lower(at);
    let mut lists = ATTRIBUTES.iter().chain(MORE_ATTRIBUTES);
    let (_, synonym) = lists.find(|(of, _)| *of == word)?;
    let neighbour = |i: Option<usize>| i.and_then(|i| parse.tokens.get(i)).map_or("", |t| &t.lower);
    let before = at.checked_sub(1);
    // `a tasty looking cake`, `a long haired dog`, `a black and white photo` are one attribute.
    let compound = (parse.tag(at) == Tag::Vbg
        && before.is_some_and(|i| parse.tag(i).is_adjective() || parse.tag(i).is_noun()))
        || (neighbour(Some(at + 1)).ends_with("ed") && !parse.tag(at + 1).is_noun());
    let monochrome = match word {
        "black" => (at + 1, "and", at + 2, "white"),
        "white" if at >= 2 => (at - 1, "and", at - 2, "black"),
        _ => (at, "", at, ""),
    };
    let monochrome = neighbour(Some(monochrome.0)) == monochrome.1
        && neighbour(Some(monochrome.2)) == monochrome.3;
    (!compound && !monochrome).then_some(*synonym)
}

fn relation_at(parse: &Parse<'_>, start: usize) -> Option<(Range<usize>, &'static str)> {
    let (span, words, synonym) =
        RELATIONS
            .iter()
            .chain(MORE_RELATIONS)
            .find_map(|(words, synonym)| {
                let length = words.split(' ').count();
                let span = start..start + length;
                let same = span.end <= parse.tokens.len()
                    && words
                        .split(' ')
                        .zip(span.clone())
                        .all(|(word, i)| parse.lower(i) == word);
                same.then_some((span, *words, *synonym))
            })?;
    let in_chunk = parse
        .chunks
        .iter()
        .any(|chunk| chunk.range.contains(&start));
    let before_chunk = parse
        .chunks
        .iter()
        .any(|chunk| chunk.range.start == span.end);
    let fits = match words {
        // `in` of `in front of`, the agent's `by`, `in` that ends a clause
        "in" | "near" | "under" | "behind" | "above" | "wearing" | "holding" | "wears"
        | "riding" => before_chunk,
        "by" => before_chunk && !(start > 0 && matches!(parse.tag(start - 1), Tag::Vbn | Tag::Vbd)),
        // `walking a dog`
        "walking" => !before_chunk,
        _ => true,
    };
    // `a man in a shirt` is not within it.
    let worn = words == "in"
        && parse.chunks.iter().any(|chunk| {
            let lemma = parse.head_lemma(chunk);
            chunk.range.start == span.end && parse.lexicon.noun_is_a(&lemma, WORN)
        });
    let in_front = words == "in"
        && parse
            .tokens
            .get(span.end)
            .is_some_and(|t| t.lower == "front");
    let part_of_longer = parse
        .relations
        .iter()
        .any(|relation| relation.span.contains(&start) && relation.span.len() > span.len());
    (fits && !worn && !in_front && !in_chunk && !part_of_longer).then_some((span, synonym))
}

/// Exchanges conjuncts around each `and` where both sides are surely alike: adjectives of one
/// noun, two things of one nature, two participle phrases.
///
/// An exchange is kept if exchanging again gives the original: then both orders are read the
/// same way.
pub(super) fn swaps(parse: &Parse<'_>) -> Result<Vec<Edit>, NotEditable> {
    let edits = (0..parse.tokens.len())
        .filter_map(|and| swap_at(parse, and))
        .filter(|edit| {
            Parse::new(&edit.text).is_ok_and(|edited| {
                (0..edited.tokens.len())
                    .filter_map(|and| swap_at(&edited, and))
                    .any(|back| back.text == parse.text)
            })
        });
    pool_or(edits, NotEditable::NoConjuncts)
}

fn swap_at(parse: &Parse<'_>, and: usize) -> Option<Edit> {
    if parse.lower(and) != "and" || and == 0 || and + 1 == parse.tokens.len() {
        return None;
    }
    let (a, b) = adjectives(parse, and)
        .or_else(|| things(parse, and))
        .or_else(|| participles(parse, and))?;
    exchange(parse, EditKind::PositiveSwap, &a, &b)
}

type Conjuncts = (Range<usize>, Range<usize>);

/// `an [orange] and [white] cat`, `is [old] and [dirty]`
fn adjectives(parse: &Parse<'_>, and: usize) -> Option<Conjuncts> {
    let (a, b) = (and - 1, and + 1);
    let alike = parse.tag(a).is_adjective() && parse.tag(a) == parse.tag(b);
    // `very old and dirty` might be very dirty, too.
    let qualified = a > 0 && parse.tag(a - 1) == Tag::Rb;
    (alike && !qualified).then_some((a..and, b..b + 1))
}

/// `[a man] and [a woman]`, `[a bowl of soup] and [a spoon]`
fn things(parse: &Parse<'_>, and: usize) -> Option<Conjuncts> {
    let chunks = &parse.chunks;
    let a = chunks.iter().position(|chunk| chunk.range.end == and)?;
    let b = chunks
        .iter()
        .position(|chunk| chunk.range.start == and + 1)?;
    // `a woman and her dog`, `a dog and another dog`: the second looks back at the first.
    let looks_back = (chunks[b].determiners.iter().chain(&chunks[b].modifiers))
        .any(|&i| parse.tag(i) == Tag::PrpS || matches!(parse.lower(i), "another" | "other"));
    // `salt and pepper shakers`
    let shared_head = chunks[a].determiners.is_empty()
        && chunks[b].head.start > chunks[b].range.start
        && parse.tag(chunks[b].head.start - 1).is_noun();
    // `blue and white shirts and hats`
    let nested = (chunks[a].range.clone())
        .chain(chunks[b].range.clone())
        .any(|i| parse.lower(i) == "and");
    if looks_back || shared_head || nested {
        return None;
    }
    let preposition = |object: usize| {
        let relation = parse
            .relations
            .iter()
            .find(|relation| relation.object == object)?;
        let words = parse.words(&relation.span).to_lowercase();
        // Nothing but the preposition or verb may stand between the two.
        let adjacent = relation.span.start == chunks[relation.before].range.end
            && relation.span.end == chunks[object].range.start;
        adjacent.then_some(words)
    };
    let living = |chunk: usize| {
        let lemma = parse.head_lemma(&chunks[chunk]);
        parse
            .lexicon
            .noun_is_a(&lemma, &["person", "animal", "people"])
    };
    let bare = |chunk: usize| chunks[chunk].determiners.is_empty();

    let mut first = a;
    let mut end = b;
    // `a man and woman`: the article is for both and stays.
    let article = chunks[a].determiners.last().copied().filter(|&i| {
        let substance = |lemma: &str| parse.lexicon.noun_is_a(lemma, &["substance", "food"]);
        bare(b)
            && parse.tag(i) == Tag::Dt
            && parse.tag(chunks[b].head.end - 1) == Tag::Nn
            && !substance(&parse.head_lemma(&chunks[b]))
    });
    let is_object = |chunk: usize| parse.relations.iter().any(|r| r.object == chunk);
    let continues_at = |tail: usize| {
        tail < parse.tokens.len()
            && parse.tag(tail) != Tag::Punct
            && !matches!(parse.lower(tail), "." | ",")
    };
    if let Some(article) = article
        && living(a) == living(b)
    {
        let tail = chunks[b].range.end;
        let unclear = is_object(a) && continues_at(tail);
        return (!unclear).then_some((article + 1..and, and + 1..tail));
    }
    if preposition(a).as_deref() == Some("of") && bare(a) && !bare(b) {
        first = a - 1;
    }
    let mut attached = preposition(b + 1);
    if attached.as_deref() == Some("of") {
        end = b + 1;
        attached = preposition(b + 2);
    }
    if living(first) != living(b) && is_object(first) {
        // `[a man in a hat] and [a woman in a dress]`: not the hat but the man.
        let joined = preposition(first)?;
        if first == 0 || living(first - 1) != living(b) || attached.as_deref() != Some(&joined) {
            return None;
        }
        first -= 1;
        end += 1;
    } else if attached.as_deref() == Some("with") {
        end += 1;
    }
    let tail = chunks[end].range.end;
    // `a cup on a table and a chair in a room`: what follows may go with the second alone.
    if continues_at(tail) && is_object(first) {
        return None;
    }
    // `a cup on a table and a chair`: a chair may stand beside the table or hold the cup.
    let is_place = preposition(first).is_some_and(|words| words != "of" && words != "with");
    let verb = parse
        .relations
        .iter()
        .any(|relation| relation.object == first && relation.is_verb);
    if is_place
        && !verb
        && !bare(first)
        && NO_THING.contains(&parse.head_lemma(&chunks[b]).as_str())
    {
        return None;
    }
    Some((chunks[first].range.start..and, and + 1..tail))
}

/// `[holding an umbrella] and [petting a yak]`
fn participles(parse: &Parse<'_>, and: usize) -> Option<Conjuncts> {
    let verb = and + 1;
    let in_chunk = |i: usize| parse.chunks.iter().any(|chunk| chunk.range.contains(&i));
    if parse.tag(verb) != Tag::Vbg || in_chunk(verb) {
        return None;
    }
    let first = (0..and)
        .rev()
        .find(|&i| parse.tag(i) == Tag::Vbg && !in_chunk(i))?;
    let stops = |i: &usize| matches!(parse.tag(*i), Tag::Punct | Tag::Wdt);
    if (first..and).any(|i| stops(&i)) {
        return None;
    }
    let end = (verb..parse.tokens.len())
        .find(stops)
        .unwrap_or(parse.tokens.len());
    let rest = verb..end;
    // A further conjunct or finite verb may belong to either; `it` needs what it stands for.
    let unclear = rest.clone().skip(1).any(|i| {
        matches!(
            parse.tag(i),
            Tag::Cc | Tag::Prp | Tag::Vbz | Tag::Vbp | Tag::Vbd | Tag::Ex
        )
    });
    // `holding and looking at a cup`: the cup belongs to both.
    let shared = first + 1 == and && rest.len() > 1;
    (!unclear && !shared).then_some((first..and, rest))
}
