//! Exchanges that make a caption false: two things in a relation, or their attributes.
//!
//! SugarCrepe's swaps were written by a language model and filtered by people; these follow the
//! same patterns where the parse shows that the exchange says something else. NegCLIP's swaps do
//! not ask: `a cat and a dog` becomes `a dog and a cat`, a negative that is true.

use super::edit::{Edit, EditKind};
use super::fit::{attributes_fit, can_change_places};
use super::negclip::exchange;
use super::parse::{Chunk, Parse};
use super::{NotEditable, pool_or};

/// Relations that say the same the other way round, and `of`, which says nothing that way.
pub(super) const SYMMETRIC: &[&str] = &[
    "of",
    "near",
    "next to",
    "beside",
    "with",
    "by",
    "alongside",
    "close to",
    "along with",
    "and",
    "between",
    "among",
    "meeting",
    "touching",
    "against",
    "opposite",
    "around",
];

/// Quantities and pictures, which are no things of their own: `a group of`, `a photo of`.
pub(super) const NO_THING: &[&str] = &[
    "group",
    "bunch",
    "couple",
    "pair",
    "set",
    "row",
    "herd",
    "flock",
    "stack",
    "pile",
    "number",
    "lot",
    "variety",
    "piece",
    "slice",
    "line",
    "crowd",
    "collection",
    "assortment",
    "array",
    "picture",
    "photo",
    "photograph",
    "image",
    "view",
    "close-up",
    "closeup",
    "shot",
    "front",
    "top",
    "side",
    "back",
    "middle",
    "kind",
    "type",
    "series",
    "cluster",
    "team",
    "pack",
];

/// Each two neighbouring things in a relation, exchanged with what stands before them.
pub(super) fn objects(parse: &Parse<'_>) -> Result<Vec<Edit>, NotEditable> {
    let edits = parse.relations.iter().filter_map(|relation| {
        let (a, b) = (
            &parse.chunks[relation.before],
            &parse.chunks[relation.object],
        );
        let words = parse.words(&relation.span).to_lowercase();
        if SYMMETRIC.contains(&words.as_str())
            || same_head(parse, a, b)
            || [a, b].iter().any(|chunk| is_no_thing(parse, chunk))
            || !can_change_places(parse, relation.before, relation.object)
            || belongs_to_another(parse, relation.before)
        {
            return None;
        }
        exchange(parse, EditKind::SwapObjects, &a.range, &b.range)
    });
    pool_or(
        edits,
        NotEditable::NoPair("things in a relation with a direction"),
    )
}

/// Each two attributes of one kind of two different things, exchanged.
pub(super) fn attributes(parse: &Parse<'_>) -> Result<Vec<Edit>, NotEditable> {
    let attributes = |chunk: &Chunk| -> Vec<usize> {
        let adjectives = chunk.modifiers.iter().copied();
        adjectives
            .filter(|&i| parse.tag(i).is_adjective())
            .collect()
    };
    let mut edits = Vec::new();
    for (i, a) in parse.chunks.iter().enumerate() {
        for b in &parse.chunks[i + 1..] {
            if same_head(parse, a, b) {
                continue;
            }
            for &first in &attributes(a) {
                for &second in &attributes(b) {
                    let same_form = parse.tag(first) == parse.tag(second);
                    // Where `a` has the attribute too, nothing would be false.
                    let shared = attributes(b)
                        .iter()
                        .any(|&i| parse.lower(i) == parse.lower(first))
                        || attributes(a)
                            .iter()
                            .any(|&i| parse.lower(i) == parse.lower(second));
                    if same_form && !shared && attributes_fit(parse, first, second) {
                        let (first, second) = (first..first + 1, second..second + 1);
                        edits.extend(exchange(parse, EditKind::SwapAttributes, &first, &second));
                    }
                }
            }
        }
    }
    pool_or(edits, NotEditable::NoPair("things with attributes"))
}

/// `a group of [people]`: the relation is the group's.
fn belongs_to_another(parse: &Parse<'_>, chunk: usize) -> bool {
    let mut relations = parse.relations.iter();
    relations.any(|r| r.object == chunk && parse.words(&r.span).eq_ignore_ascii_case("of"))
}

fn same_head(parse: &Parse<'_>, a: &Chunk, b: &Chunk) -> bool {
    parse.head_lemma(a) == parse.head_lemma(b)
}

pub(super) fn is_no_thing(parse: &Parse<'_>, chunk: &Chunk) -> bool {
    NO_THING.contains(&parse.head_lemma(chunk).as_str())
}
