//! NegCLIP's six swaps where captions have such things: two spans of one family exchanged, if the result
//! reads well, is false, and resembles what captions say.

use std::ops::Range;

use super::choice::Choice;
use super::edit::{Edit, EditKind};
use super::fit::{are_alike_in_place, attributes_fit, can_change_places, heads_fit, verbs_fit};
use super::negclip::{exchange, verb_phrases};
use super::parse::Parse;
use super::tags::Tag;
use super::{NotEditable, pool_or};

/// At most one exchange for each of the six families, drawn from those that make sense.
pub(super) fn pool(parse: &Parse<'_>, choice: &mut Choice) -> Result<Vec<Edit>, NotEditable> {
    let families = families(parse).into_iter();
    pool_or(
        families.flat_map(|edits| choice.sample(edits, 1)),
        NOTHING_TO_EXCHANGE,
    )
}

/// Every exchange of each of the six families that makes sense.
pub(super) fn all(parse: &Parse<'_>) -> Result<Vec<Edit>, NotEditable> {
    pool_or(families(parse).into_iter().flatten(), NOTHING_TO_EXCHANGE)
}

const NOTHING_TO_EXCHANGE: NotEditable =
    NotEditable::NoPair("phrases, nouns, verbs, adverbs or adjectives");

fn families(parse: &Parse<'_>) -> [Vec<Edit>; 6] {
    let tagged = |test: fn(Tag) -> bool| -> Vec<Range<usize>> {
        let matching = (0..parse.tokens.len()).filter(|&i| test(parse.tag(i)));
        matching.map(|i| i..i + 1).collect()
    };
    // `neatly` and `slowly`; `back` and `off` belong to verbs.
    let mut adverbs = tagged(|tag| tag == Tag::Rb);
    adverbs.retain(|range| parse.lower(range.start).ends_with("ly"));
    let chunks = 0..parse.chunks.len();
    let heads = |tag: Tag| -> Vec<usize> {
        let is_head = |&i: &usize| {
            let head = &parse.chunks[i].head;
            head.len() == 1 && parse.tag(head.start) == tag
        };
        chunks.clone().filter(is_head).collect()
    };
    let long = chunks.clone().filter(|&i| parse.chunks[i].range.len() > 2);
    [
        pairs(&long.collect::<Vec<_>>(), |&a, &b| {
            let (x, y) = (&parse.chunks[a].range, &parse.chunks[b].range);
            let fits = !are_alike_in_place(parse, a, b) && can_change_places(parse, a, b);
            fits.then(|| exchange(parse, EditKind::SwapNounPhrases, x, y))?
        }),
        pairs(&verb_phrases(parse), |a, b| {
            let fits = verbs_fit(parse, a, b);
            fits.then(|| exchange(parse, EditKind::SwapVerbPhrases, a, b))?
        }),
        swapped_heads(parse, EditKind::SwapNouns, &heads(Tag::Nn)),
        swapped_heads(parse, EditKind::SwapPlurals, &heads(Tag::Nns)),
        pairs(&adverbs, |a, b| {
            exchange(parse, EditKind::SwapAdverbs, a, b)
        }),
        pairs(&tagged(Tag::is_adjective), |a, b| {
            let fits = attributes_fit(parse, a.start, b.start);
            fits.then(|| exchange(parse, EditKind::SwapAdjectives, a, b))?
        }),
    ]
}

/// What becomes of every two of some spans.
fn pairs<T>(spans: &[T], edit: impl Fn(&T, &T) -> Option<Edit>) -> Vec<Edit> {
    let every = spans.iter().enumerate();
    let pairs = every.flat_map(|(i, a)| spans[i + 1..].iter().map(move |b| (a, b)));
    pairs.filter_map(|(a, b)| edit(a, b)).collect()
}

fn swapped_heads(parse: &Parse<'_>, kind: EditKind, chunks: &[usize]) -> Vec<Edit> {
    pairs(chunks, |&a, &b| {
        let (x, y) = (&parse.chunks[a].head, &parse.chunks[b].head);
        // `a man and a woman` says the same the other way round, `an old man and a woman` does not.
        let modifiers = |chunk: usize| -> Vec<&str> {
            let modifiers = parse.chunks[chunk].modifiers.iter();
            modifiers.map(|&i| parse.lower(i)).collect()
        };
        let same = are_alike_in_place(parse, a, b) && modifiers(a) == modifiers(b);
        let fits = !same && can_change_places(parse, a, b) && heads_fit(parse, a, b);
        fits.then(|| exchange(parse, kind, x, y))?
    })
}
