//! A light parse: the things that a caption names, what modifies them, and what stands between.
//!
//! Not a dependency parse. Captions are mostly noun chunks joined by prepositions, participles
//! and `and`, so chunks and the words between neighbours say nearly as much.

use std::ops::Range;

use super::NotEditable;
use super::edit::{Edit, EditKind, Replacement};
use super::lexicon::{Class, Lexicon, lexicon};
use super::morphology::takes_an;
use super::tagger::{self, Tagged};
use super::tags::Tag;
use super::tokens::{self, Token};

/// Captions beyond this many tokens are refused: no text tower reads so much, and edits of pairs
/// would grow with the square.
pub const MAX_TOKENS: usize = 256;

/// Prepositions of several words.
const LONG_PREPOSITIONS: &[&[&str]] = &[
    &["in", "front", "of"],
    &["on", "top", "of"],
    &["on", "the", "side", "of"],
    &["on", "side", "of"],
    &["in", "the", "middle", "of"],
    &["to", "the", "left", "of"],
    &["to", "the", "right", "of"],
    &["to", "the", "side", "of"],
    &["next", "to"],
    &["close", "to"],
    &["out", "of"],
    &["inside", "of"],
    &["outside", "of"],
    &["along", "with"],
    &["in", "between"],
    &["on", "to"],
    &["in", "to"],
];

/// Nouns whose adjective says nothing by itself. (The lexicon's others are mostly as in `black cat`,
/// a marten.)
const ADJECTIVE_COMPOUNDS: &[&str] = &["hot_dog", "living_room", "polar_bear"];

/// A noun with what stands before it. Ranges and indices count tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) range: Range<usize>,
    /// The last noun, with the word before it where the two are one in the lexicon
    /// (`teddy bear`).
    pub(super) head: Range<usize>,
    /// Determiners and possessives.
    pub(super) determiners: Vec<usize>,
    /// Adjectives, participles before the noun, numbers.
    pub(super) modifiers: Vec<usize>,
}

/// What joins a chunk to those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    /// The chunk before; not always the grammatical subject.
    pub(super) before: usize,
    pub(super) object: usize,
    /// The preposition's or the verb's tokens.
    pub(super) span: Range<usize>,
    pub(super) is_verb: bool,
}

/// A caption, read.
#[derive(Clone, Debug)]
pub(super) struct Parse<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token<'t>>,
    pub(super) tags: Vec<Tagged>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) relations: Vec<Relation>,
    pub(super) lexicon: &'static Lexicon,
}

impl<'t> Parse<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, NotEditable> {
        let tokens = tokens::tokenise(text);
        if tokens.is_empty() {
            return Err(NotEditable::Empty);
        }
        if tokens.len() > MAX_TOKENS {
            return Err(NotEditable::TooLong {
                tokens: tokens.len(),
                at_most: MAX_TOKENS,
            });
        }
        let lexicon = lexicon().ok_or(NotEditable::NoLexicon)?;
        let tags = tagger::tag(lexicon, &tokens);
        let mut parse = Self {
            text,
            tokens,
            tags,
            chunks: Vec::new(),
            relations: Vec::new(),
            lexicon,
        };
        parse.find_chunks();
        parse.find_relations();
        Ok(parse)
    }

    pub(super) fn tag(&self, token: usize) -> Tag {
        self.tags[token].tag
    }

    fn is(&self, token: usize, test: impl Fn(Tag) -> bool) -> bool {
        self.tags.get(token).is_some_and(|tagged| test(tagged.tag))
    }

    pub(super) fn lower(&self, token: usize) -> &str {
        &self.tokens[token].lower
    }

    /// The bytes of some tokens.
    pub(super) fn bytes(&self, range: &Range<usize>) -> Range<usize> {
        self.tokens[range.start].span.start..self.tokens[range.end - 1].span.end
    }

    /// The caption's own text of some tokens.
    pub(super) fn words(&self, range: &Range<usize>) -> &'t str {
        &self.text[self.bytes(range)]
    }

    /// The base form of a chunk's head, `_` between words.
    pub(super) fn head_lemma(&self, chunk: &Chunk) -> String {
        let last = &self.tags[chunk.head.end - 1].lemma;
        match chunk.head.len() {
            1 => last.clone(),
            _ => format!("{}_{last}", self.lower(chunk.head.start)),
        }
    }

    /// The preposition of several words that begins here.
    fn long_preposition(&self, start: usize) -> Option<Range<usize>> {
        let matches = |words: &&&[&str]| {
            self.tokens.len() >= start + words.len()
                && (words.iter().zip(start..)).all(|(word, i)| self.lower(i) == *word)
        };
        let words = LONG_PREPOSITIONS.iter().find(matches)?;
        Some(start..start + words.len())
    }

    fn find_chunks(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            if let Some(preposition) = self.long_preposition(at) {
                at = preposition.end;
                continue;
            }
            match self.chunk_at(at) {
                Some(chunk) => {
                    at = chunk.range.end;
                    self.chunks.push(chunk);
                }
                None => at += 1,
            }
        }
    }

    fn chunk_at(&self, start: usize) -> Option<Chunk> {
        let (mut determiners, mut modifiers) = (Vec::new(), Vec::new());
        let mut at = start;
        while self.is(at, |tag| matches!(tag, Tag::Dt | Tag::PrpS)) {
            determiners.push(at);
            at += 1;
        }
        let noun = |i: usize| self.is(i, Tag::is_noun);
        let adjective = |i: usize| self.is(i, Tag::is_adjective);
        let participle = |i: usize| self.is(i, |tag| matches!(tag, Tag::Vbn | Tag::Vbg));
        let number = |i: usize| self.is(i, |tag| tag == Tag::Cd);
        // `sitting man`, `hand of walking man`, but not `for attaching bicycles`
        let begins_thing = |i: usize| {
            i == 0
                || (self.tag(i - 1) == Tag::In
                    && ![
                        "for", "by", "without", "before", "after", "from", "like", "while", "as",
                    ]
                    .contains(&self.lower(i - 1)))
        };
        loop {
            let step = if adjective(at) || number(at) {
                modifiers.push(at);
                1
            } else if self.is(at, |tag| tag == Tag::Rb)
                && (adjective(at + 1) || self.is(at + 1, |tag| tag == Tag::Vbn))
                && (at > start || noun(at + 2))
            {
                1
            } else if participle(at)
                && (at > start || begins_thing(at))
                && (noun(at + 1) || adjective(at + 1))
            {
                modifiers.push(at);
                1
            } else if at > start
                && (adjective(at - 1) || number(at - 1))
                && self.is(at, |tag| matches!(tag, Tag::Cc | Tag::Punct))
                && adjective(at + 1)
                && ["and", "or", ",", "-", "/", "&"].contains(&self.lower(at))
                && self.reaches_noun(at + 1)
            {
                1
            } else {
                break;
            };
            at += step;
        }
        let first_noun = at;
        // `a graffiti covered wall`
        let inside =
            |i: usize| self.is(i, |tag| tag == Tag::Vbn) && !determiners.is_empty() && noun(i + 1);
        while noun(at)
            || (at > first_noun && inside(at))
            || (at > first_noun && self.is(at, |tag| tag == Tag::Pos) && noun(at + 1))
        {
            // `two dogs grass`: after a plural another noun begins anew.
            if at > first_noun && self.tag(at - 1) == Tag::Nns && !self.is(at, |t| t == Tag::Pos) {
                break;
            }
            at += 1;
        }
        if at == first_noun {
            return None;
        }
        let last = at - 1;
        // `teddy bear`, `living room`
        let compound = last > start && !self.is(last - 1, |tag| tag == Tag::Dt) && {
            let name = format!("{}_{}", self.lower(last - 1), self.tags[last].lemma);
            self.lexicon.knows(Class::Noun, &name)
                && (last > first_noun || ADJECTIVE_COMPOUNDS.contains(&name.as_str()))
        };
        if compound {
            modifiers.retain(|&i| i + 1 < last);
        }
        Some(Chunk {
            range: start..at,
            head: last - usize::from(compound)..at,
            determiners,
            modifiers,
        })
    }

    /// Whether adjectives from here on end at a noun: `white cat`, `and white and`.
    fn reaches_noun(&self, start: usize) -> bool {
        let mut at = start;
        while self.is(at, Tag::is_adjective) || self.is(at, |tag| tag == Tag::Vbn) {
            at += 1;
        }
        self.is(at, Tag::is_noun)
    }

    fn find_relations(&mut self) {
        for object in 1..self.chunks.len() {
            let between = self.chunks[object - 1].range.end..self.chunks[object].range.start;
            if let Some((span, is_verb)) = self.relation_in(between) {
                self.relations.push(Relation {
                    before: object - 1,
                    object,
                    span,
                    is_verb,
                });
            }
        }
    }

    /// The preposition or verb that ends the words between two chunks.
    fn relation_in(&self, between: Range<usize>) -> Option<(Range<usize>, bool)> {
        let last = between.clone().next_back()?;
        let long = between.clone().find_map(|i| {
            self.long_preposition(i)
                .filter(|span| span.end == between.end)
        });
        if let Some(span) = long {
            return Some((span, false));
        }
        let is_copula = |i: usize| matches!(self.tags[i].lemma.as_str(), "be" | "is" | "are");
        match self.tag(last) {
            // The picture is [drawn] by a child.
            Tag::In if self.lower(last) == "by" && last > between.start => {
                let verb = last - 1;
                if self.tag(verb) == Tag::Vbn {
                    Some((verb..verb + 1, true))
                } else {
                    Some((last..last + 1, false))
                }
            }
            Tag::In | Tag::To => Some((last..last + 1, false)),
            // A man [puts] on a coat.
            Tag::Rp if last > between.start && self.tag(last - 1).is_verb() => {
                Some((last - 1..last, true))
            }
            tag if tag.is_verb() && !is_copula(last) => Some((last..last + 1, true)),
            _ => None,
        }
    }

    /// Whether the caption begins with a capital as sentences do.
    fn sentence_case(&self) -> bool {
        self.tokens[0].text.starts_with(char::is_uppercase)
    }

    /// The words of some tokens as they stand elsewhere in a sentence.
    pub(super) fn moved(&self, range: &Range<usize>) -> String {
        let words = self.words(range);
        let first = &self.tokens[range.start];
        let rest_is_lower = first.text.chars().skip(1).all(|c| !c.is_uppercase());
        if range.start == 0
            && self.sentence_case()
            && rest_is_lower
            && self.tag(0) != Tag::Nnp
            && words != "I"
        {
            with_first(words, |c| c.to_lowercase().collect())
        } else {
            words.to_owned()
        }
    }

    /// The word in the case of what it replaces: capitals, a capital or as it is.
    pub(super) fn cased(&self, range: &Range<usize>, word: &str) -> String {
        let old = self.words(range);
        let letters = || old.chars().filter(|c| c.is_alphabetic());
        if letters().count() > 1 && letters().all(char::is_uppercase) {
            word.to_uppercase()
        } else if old.starts_with(char::is_uppercase) {
            with_first(word, |c| c.to_uppercase().collect())
        } else {
            word.to_owned()
        }
    }

    /// The caption with some tokens replaced; `a` and `an` before them follow. `None` if nothing
    /// but case would change, or two of the places overlap.
    pub(super) fn edit(
        &self,
        kind: EditKind,
        mut changes: Vec<(Range<usize>, String)>,
    ) -> Option<Edit> {
        changes.sort_by_key(|(range, _)| range.start);
        if changes
            .windows(2)
            .any(|pair| pair[0].0.end > pair[1].0.start)
        {
            return None;
        }
        let mut replaced = Vec::with_capacity(changes.len());
        let mut free_from = 0;
        for (range, mut with) in changes {
            if range.start == 0 && self.sentence_case() {
                with = with_first(&with, |c| c.to_uppercase().collect());
            }
            let mut span = self.bytes(&range);
            if let Some(article) = range.start.checked_sub(1)
                && article >= free_from
                && matches!(self.lower(article), "a" | "an")
                && self.tag(article) == Tag::Dt
                && takes_an(&with) != (self.lower(article) == "an")
            {
                let start = self.tokens[article].span.start;
                let gap = &self.text[self.tokens[article].span.end..span.start];
                let article = articled(self.tokens[article].text, takes_an(&with));
                with = format!("{article}{gap}{with}");
                span.start = start;
            }
            free_from = range.end;
            replaced.push(Replacement {
                start: span.start,
                end: span.end,
                with,
            });
        }
        Edit::new(self.text, kind, replaced)
    }

    /// The caption with only some tokens left, `last` replaced if given.
    pub(super) fn keep(
        &self,
        kind: EditKind,
        kept: &[bool],
        last: Option<(Range<usize>, String)>,
    ) -> Option<Edit> {
        let mut replaced: Vec<Replacement> = Vec::new();
        let count = self.tokens.len();
        let mut at = 0;
        let mut before: Option<usize> = None;
        while at < count {
            if kept[at] {
                before = Some(at);
                at += 1;
                continue;
            }
            let first = at;
            while at < count && !kept[at] {
                at += 1;
            }
            let (start, end) = match (before, at < count) {
                // At the end the space before goes, too, else the space behind.
                (Some(before), false) => (self.tokens[before].span.end, self.text.len()),
                // Nothing is left of a space before a comma.
                (Some(before), true) if self.tag(at) == Tag::Punct => {
                    (self.tokens[before].span.end, self.tokens[at].span.start)
                }
                (_, true) => (self.tokens[first].span.start, self.tokens[at].span.start),
                (None, false) => return None,
            };
            if let Some(before) = before.filter(|_| at < count)
                && matches!(self.lower(before), "a" | "an")
                && takes_an(self.lower(at)) != (self.lower(before) == "an")
            {
                let token = &self.tokens[before];
                replaced.push(Replacement {
                    start: token.span.start,
                    end: token.span.end,
                    with: articled(token.text, takes_an(self.lower(at))),
                });
            }
            replaced.push(Replacement {
                start,
                end,
                with: String::new(),
            });
        }
        if let Some((range, with)) = last {
            let span = self.bytes(&range);
            replaced.push(Replacement {
                start: span.start,
                end: span.end,
                with,
            });
            replaced.sort_by_key(|replacement| replacement.start);
        }
        Edit::new(self.text, kind, replaced)
    }
}

fn articled(article: &str, an: bool) -> String {
    let first = &article[..1];
    if an {
        format!("{first}n")
    } else {
        first.to_owned()
    }
}

/// The text with its first character changed.
fn with_first(text: &str, change: impl Fn(char) -> String) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => change(first) + chars.as_str(),
        None => String::new(),
    }
}
