//! Whether words fit where others stand: in form, and by what captions say.

use std::ops::Range;

use super::counts::{Noun, counts, relation_key};
use super::parse::{Chunk, Parse};
use super::swap::{NO_THING, SYMMETRIC};
use super::tags::Tag;
use super::word_lists::VAGUE;

/// How a noun stands in its chunk.
pub(super) enum Form {
    /// With `a` or `an`.
    Counted,
    /// Singular, without a determiner.
    Bare,
    /// Plural.
    Plural,
    /// After `the` or `his`: anything.
    Definite,
}

impl Form {
    pub(super) fn of(parse: &Parse<'_>, chunk: &Chunk) -> Self {
        let article = |&i: &usize| matches!(parse.lower(i), "a" | "an" | "one" | "another");
        let mut before = chunk.determiners.iter().chain(&chunk.modifiers);
        match parse.tag(chunk.head.end - 1) {
            Tag::Nns => Self::Plural,
            _ if before.any(article) => Self::Counted,
            _ if chunk.determiners.is_empty() => Self::Bare,
            _ => Self::Definite,
        }
    }

    /// Whether captions have a noun in this form, and not merely by mistake.
    pub(super) fn fits(&self, noun: &Noun) -> bool {
        match self {
            Self::Counted => noun.with_article > 1 && noun.with_article > noun.bare,
            Self::Bare => noun.bare > 1 && noun.bare >= noun.with_article,
            Self::Plural => noun.plural > 1,
            Self::Definite => noun.plural < noun.total,
        }
    }
}

/// Whether each of two chunks' nouns fits the other's articles and attributes.
pub(super) fn heads_fit(parse: &Parse<'_>, a: usize, b: usize) -> bool {
    let counts = counts();
    let (a, b) = (&parse.chunks[a], &parse.chunks[b]);
    let fits = |chunk: &Chunk, other: &Chunk| {
        let Some(noun) = counts.noun(&parse.head_lemma(other)) else {
            return false;
        };
        let described =
            |&i: &usize| parse.tag(i) != Tag::Jj || counts.described(parse.lower(i), noun.kind) > 0;
        Form::of(parse, chunk).fits(noun) && chunk.modifiers.iter().all(described)
    };
    // `tennis court`: what stands before the noun belongs to it.
    let named = |chunk: &Chunk| {
        chunk.head.start > chunk.range.start && {
            let before = parse.tag(chunk.head.start - 1);
            before.is_noun() || before == Tag::Pos
        }
    };
    fits(a, b) && fits(b, a) && !named(a) && !named(b)
}

/// Whether captions have things of these kinds in each other's place, in every relation of either.
pub(super) fn can_change_places(parse: &Parse<'_>, a: usize, b: usize) -> bool {
    let counts = counts();
    let swapped = |chunk: usize| match chunk {
        _ if chunk == a => b,
        _ if chunk == b => a,
        _ => chunk,
    };
    let lemma = |chunk: usize| parse.head_lemma(&parse.chunks[chunk]);
    let kind = |chunk: usize| counts.kind(&lemma(chunk));
    // `his dog` looks back at whoever came before.
    let looks_back = |chunk: usize| {
        let chunk = &parse.chunks[chunk];
        let mut before = chunk.determiners.iter().chain(&chunk.modifiers);
        before.any(|&i| {
            parse.tag(i) == Tag::PrpS || matches!(parse.lower(i), "another" | "other" | "each")
        })
    };
    let agrees = !verb_agrees_with(parse, a) || is_plural(parse, a) == is_plural(parse, b);
    let mut relations = parse.relations.iter();
    let plausible = relations.all(|relation| {
        let touched = [relation.before, relation.object];
        if !touched.iter().any(|chunk| [a, b].contains(chunk)) {
            return true;
        }
        let key = relation_key(parse, relation);
        let (before, object) = (swapped(relation.before), swapped(relation.object));
        let (Some(first), Some(second)) = (kind(before), kind(object)) else {
            return false;
        };
        // Things of one kind stand where the others do; else captions must have them there.
        first == second
            || (counts.related(&key, [first, second]) > 0
                && counts.leads(&lemma(before), &key)
                && counts.follows(&lemma(object), &key))
    });
    let is_vague = |chunk: usize| {
        let lemma = lemma(chunk);
        VAGUE.contains(&lemma.as_str()) || NO_THING.contains(&lemma.as_str())
    };
    plausible
        && agrees
        && ![a, b]
            .into_iter()
            .any(|chunk| looks_back(chunk) || is_vague(chunk))
}

fn is_plural(parse: &Parse<'_>, chunk: usize) -> bool {
    let chunk = &parse.chunks[chunk];
    parse.tag(chunk.head.end - 1) == Tag::Nns
}

/// Whether a finite verb follows, whose number is the chunk's.
fn verb_agrees_with(parse: &Parse<'_>, chunk: usize) -> bool {
    let next = parse.chunks[chunk].range.end;
    next < parse.tokens.len()
        && (matches!(parse.tag(next), Tag::Vbz | Tag::Vbp)
            || matches!(
                parse.lower(next),
                "is" | "are" | "was" | "were" | "has" | "have"
            ))
}

/// Whether two things can change places without a change of meaning: members of one list, or things
/// that are near each other.
pub(super) fn are_alike_in_place(parse: &Parse<'_>, a: usize, b: usize) -> bool {
    let between = parse.chunks[a].range.end..parse.chunks[b].range.start;
    let relates = |i: &usize| {
        let tag = parse.tag(*i);
        tag.is_verb() || matches!(tag, Tag::In | Tag::To | Tag::Rp | Tag::Wdt)
    };
    let relations: Vec<usize> = between.filter(relates).collect();
    // `a sink in a bathroom next to a toilet` is a toilet next to a sink.
    let symmetric = parse.relations.iter().any(|relation| {
        relation.object == b
            && SYMMETRIC.contains(&parse.words(&relation.span).to_lowercase().as_str())
    });
    relations.is_empty() || symmetric
}

/// Whether an adjective stands by itself: not in `black and white`, `long haired`.
pub(super) fn stands_alone(parse: &Parse<'_>, at: usize) -> bool {
    let next = parse.tokens.get(at + 1).map_or("", |token| &token.lower);
    let before = at.checked_sub(1).map_or("", |i| parse.lower(i));
    let joins = ["and", "-", "&", "or", ","];
    !joins.contains(&next) && !joins.contains(&before) && !next.ends_with("ed")
}

/// Adjectives that say how many or which, and nothing of a thing.
pub(super) const QUANTITIES: &[&str] = &[
    "several",
    "many",
    "few",
    "other",
    "various",
    "multiple",
    "own",
    "such",
    "same",
    "different",
    "more",
    "most",
];

/// Whether captions describe each of two adjectives' things by the other.
pub(super) fn attributes_fit(parse: &Parse<'_>, a: usize, b: usize) -> bool {
    let counts = counts();
    let noun_of = |at: usize| {
        let chunk = parse
            .chunks
            .iter()
            .find(|chunk| chunk.modifiers.contains(&at))?;
        Some(parse.head_lemma(chunk))
    };
    let (Some(first), Some(second)) = (noun_of(a), noun_of(b)) else {
        return false;
    };
    let fits = |at: usize, own: &str, other: &str| {
        let word = parse.lower(at);
        let described = counts
            .kind(other)
            .map_or(0, |kind| counts.described(word, kind));
        let is_quantity = parse.tag(at) == Tag::Cd || QUANTITIES.contains(&word);
        !is_quantity && described > 0 && !counts.is_fixed_pair(word, own) && stands_alone(parse, at)
    };
    fits(a, &first, &second) && fits(b, &second, &first) && first != second
}

/// Whether captions have each of two verb phrases before the other's object.
pub(super) fn verbs_fit(parse: &Parse<'_>, a: &Range<usize>, b: &Range<usize>) -> bool {
    let counts = counts();
    let relation_of = |phrase: &Range<usize>| {
        let last = phrase.end - 1;
        parse
            .relations
            .iter()
            .find(|r| r.is_verb && r.span.contains(&last))
    };
    let (Some(first), Some(second)) = (relation_of(a), relation_of(b)) else {
        return false;
    };
    let fits = |verb, object: usize| {
        counts.follows(
            &parse.head_lemma(&parse.chunks[object]),
            &relation_key(parse, verb),
        )
    };
    fits(first, second.object) && fits(second, first.object)
}
