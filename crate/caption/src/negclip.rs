//! NegCLIP's hard negatives: two spans of one family exchanged.
//!
//! After `_generate_hard_negatives_like_negclip` in Netflix/clove
//! `src/training/text_negatives_data.py`, without NegCLIP's own likelihood filter, which neither
//! repository has. [`super::exchange`] keeps those exchanges that make sense.

use std::ops::Range;

use super::choice::Choice;
use super::edit::{Edit, EditKind};
use super::parse::Parse;
use super::tags::Tag;
use super::{NotEditable, pool_or};

/// At most one exchange for each of the six families: of two spans drawn at random, if their
/// texts differ.
pub(super) fn pool(parse: &Parse<'_>, choice: &mut Choice) -> Result<Vec<Edit>, NotEditable> {
    let tagged = |test: fn(Tag) -> bool| -> Vec<Range<usize>> {
        let matching = (0..parse.tokens.len()).filter(|&i| test(parse.tag(i)));
        matching.map(|i| i..i + 1).collect()
    };
    let phrases = parse.chunks.iter().map(|chunk| chunk.range.clone());
    let families = [
        (
            EditKind::SwapNounPhrases,
            phrases.filter(|range| range.len() > 2).collect(),
        ),
        (EditKind::SwapVerbPhrases, verb_phrases(parse)),
        (EditKind::SwapNouns, tagged(|tag| tag == Tag::Nn)),
        (EditKind::SwapPlurals, tagged(|tag| tag == Tag::Nns)),
        (EditKind::SwapAdverbs, tagged(|tag| tag == Tag::Rb)),
        (EditKind::SwapAdjectives, tagged(Tag::is_adjective)),
    ];
    let edits = families.into_iter().filter_map(|(kind, spans)| {
        let pair = choice.sample(spans, 2);
        let [a, b] = pair.as_slice() else { return None };
        exchange(parse, kind, a, b)
    });
    pool_or(
        edits.collect::<Vec<_>>(),
        NotEditable::NoPair("phrases, nouns, verbs, adverbs or adjectives"),
    )
}

/// Two spans of tokens in each other's place.
pub(super) fn exchange(
    parse: &Parse<'_>,
    kind: EditKind,
    a: &Range<usize>,
    b: &Range<usize>,
) -> Option<Edit> {
    let changes = vec![(a.clone(), parse.moved(b)), (b.clone(), parse.moved(a))];
    parse.edit(kind, changes)
}

/// `VERB? ADV* AUX* VERB+`, the longest that do not overlap.
pub(super) fn verb_phrases(parse: &Parse<'_>) -> Vec<Range<usize>> {
    let count = parse.tokens.len();
    let auxiliary = |i: usize| {
        i < count
            && (parse.tag(i) == Tag::Md
                || matches!(
                    parse.tags[i].lemma.as_str(),
                    "be" | "is" | "are" | "was" | "were"
                ))
    };
    let verb = |i: usize| i < count && parse.tag(i).is_verb() && !auxiliary(i);
    let adverb = |i: usize| i < count && parse.tag(i) == Tag::Rb;
    let run = |mut at: usize, test: &dyn Fn(usize) -> bool| {
        while test(at) {
            at += 1;
        }
        at
    };
    let phrase_end = |start: usize| {
        let first = start + usize::from(verb(start));
        let verbs = run(run(first, &adverb), &auxiliary);
        let end = run(verbs, &verb);
        // Without a further verb the first verbs alone are the phrase.
        if end > verbs { end } else { run(start, &verb) }
    };
    let mut phrases = Vec::new();
    let mut at = 0;
    while at < count {
        let end = phrase_end(at);
        if end > at {
            phrases.push(at..end);
        }
        at = end.max(at + 1);
    }
    phrases
}
