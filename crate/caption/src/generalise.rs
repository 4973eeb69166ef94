//! Ever more general captions.
//!
//! HierarCaps' chains were written by language models (`table => table with plates => …`); these
//! are deletions: modifiers, then relations, then all but the main noun, then what that is a
//! kind of. Each is entailed by the one before, as far as the parse is right.

use super::NotEditable;
use super::edit::{Edit, EditKind};
use super::lexicon::{Class, SynsetId};
use super::morphology::inflect;
use super::parse::{Chunk, Parse};
use super::swap::is_no_thing;
use super::tags::Tag;

/// What people call the kinds of things: of a noun's hypernyms the nearest of these is taken.
const KINDS: &[&str] = &[
    "aircraft",
    "animal",
    "appliance",
    "baby",
    "bird",
    "boat",
    "body_of_water",
    "book",
    "building",
    "child",
    "clothing",
    "container",
    "cat",
    "dessert",
    "device",
    "dog",
    "fish",
    "flower",
    "food",
    "footwear",
    "fruit",
    "furniture",
    "game",
    "garment",
    "hat",
    "headdress",
    "insect",
    "instrument",
    "jewelry",
    "kitchen_appliance",
    "land",
    "machine",
    "material",
    "meal",
    "meat",
    "monkey",
    "musical_instrument",
    "person",
    "plant",
    "road",
    "room",
    "ship",
    "shop",
    "sport",
    "structure",
    "tableware",
    "tool",
    "toy",
    "tree",
    "utensil",
    "vegetable",
    "vehicle",
    "weapon",
    "location",
    "public_transport",
];

/// Hypernyms too high to say anything of a picture.
const TOO_HIGH: &[&str] = &[
    "being",
    "entity",
    "physical_entity",
    "abstraction",
    "object",
    "physical_object",
    "whole",
    "unit",
    "thing",
    "matter",
    "attribute",
    "relation",
    "group",
    "state",
    "act",
    "cause",
    "part",
    "psychological_feature",
    "measure",
    "property",
    "causal_agent",
];

/// The caption made more general step by step, from the first step to the last; each differs
/// from the one before. Edits are of the original, not of one another.
///
/// # Errors
/// When the caption is empty or too long, or has no noun.
pub fn generalisations(text: &str) -> Result<Vec<Edit>, NotEditable> {
    let parse = Parse::new(text)?;
    let main = main_chunk(&parse).ok_or(NotEditable::NoNoun)?;
    let chunk = &parse.chunks[main];
    let mut kept = vec![true; parse.tokens.len()];
    let mut chain: Vec<Edit> = Vec::new();
    let mut step = |kind: EditKind, kept: &[bool], last| {
        let edit = parse.keep(kind, kept, last);
        let before = chain
            .last()
            .map_or(text, |edit| edit.text.as_str())
            .to_lowercase();
        chain.extend(edit.filter(|edit| edit.text.to_lowercase() != before));
    };

    for chunk in &parse.chunks {
        drop_modifiers(&parse, chunk, &mut kept);
    }
    step(EditKind::DropModifiers, &kept, None);

    // What leads to the main thing goes (`there is`, `a photo of`), and what follows the first
    // relation. A comma before it means a list, whose first item alone is not the caption's.
    kept[..chunk.range.start].fill(false);
    let first = parse
        .relations
        .iter()
        .find(|relation| relation.before >= main);
    if let Some(relation) = first {
        let mut object = relation.object;
        // `on top of a pile of books`: the books belong to it.
        while is_no_thing(&parse, &parse.chunks[object])
            && parse
                .relations
                .iter()
                .any(|r| r.before == object && r.object == object + 1)
        {
            object += 1;
        }
        kept[parse.chunks[object].range.end..].fill(false);
        step(EditKind::FirstRelation, &kept, None);
    }

    kept[chunk.range.end..].fill(false);
    step(EditKind::DropRelations, &kept, None);

    kept[..chunk.head.start].fill(false);
    step(EditKind::HeadNoun, &kept, None);

    if let Some(kind) = hypernym(&parse, chunk) {
        step(EditKind::Hypernym, &kept, Some((chunk.head.clone(), kind)));
    }
    if chain.is_empty() {
        Err(NotEditable::NoNoun)
    } else {
        Ok(chain)
    }
}

/// The first chunk that is a thing, not a quantity or picture of one.
fn main_chunk(parse: &Parse<'_>) -> Option<usize> {
    let is_of = |chunk: usize| {
        let relation = parse
            .relations
            .iter()
            .find(|relation| relation.object == chunk);
        relation.is_some_and(|relation| parse.words(&relation.span).eq_ignore_ascii_case("of"))
    };
    let mut main = 0;
    while main + 1 < parse.chunks.len()
        && is_no_thing(parse, &parse.chunks[main])
        && is_of(main + 1)
    {
        main += 1;
    }
    (main < parse.chunks.len()).then_some(main)
}

fn drop_modifiers(parse: &Parse<'_>, chunk: &Chunk, kept: &mut [bool]) {
    let first_noun = (chunk.range.clone())
        .find(|&i| parse.tag(i).is_noun())
        .unwrap_or(chunk.range.start)
        .min(chunk.head.start);
    let after_determiners = chunk
        .determiners
        .last()
        .map_or(chunk.range.start, |&i| i + 1);
    // `one dog` needs its number as others their article.
    let single = |i: usize| parse.tag(i) == Tag::Cd && parse.tag(chunk.head.end - 1) == Tag::Nn;
    (after_determiners..first_noun).for_each(|i| kept[i] = single(i));
}

/// What the chunk's head is a kind of, in the same number: by its most frequent sense that has
/// one of [`KINDS`] above it, else by its most frequent sense.
fn hypernym(parse: &Parse<'_>, chunk: &Chunk) -> Option<String> {
    let lexicon = parse.lexicon;
    let lemma = parse.head_lemma(chunk);
    let senses = lexicon.senses(Class::Noun, &lemma);
    let lemmas_above = |sense: SynsetId| {
        let above = lexicon.ancestors(Class::Noun, sense).into_iter();
        above.flat_map(|id| lexicon.synset(Class::Noun, id).lemmas.iter())
    };
    let kind = senses.iter().find_map(|&sense| {
        lemmas_above(sense)
            .map(|above| above.word)
            .find(|word| KINDS.contains(word) && *word != lemma)
    });
    let common = || {
        let mut above = lemmas_above(*senses.first()?);
        let word = above.find(|above| above.count > 0)?.word;
        (!TOO_HIGH.contains(&word)).then_some(word)
    };
    let kind = kind.or_else(common)?;
    let tag = parse.tag(chunk.head.end - 1);
    Some(inflect(lexicon, kind, tag).replace('_', " "))
}
