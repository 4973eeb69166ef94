//! Counts captions and writes `captions.txt`. Run by hand where captions are at hand:
//!
//!     CAPTIONS=FILE cargo test -p cliprobe-caption counts::make -- --ignored
//!
//! FILE has one caption a line. What occurs once or twice is as often a wrong parse as a fact, and left out.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write;

use super::*;

/// Nouns and adjectives must occur as often.
const AT_LEAST: u32 = 3;
/// And their company.
const COMPANY_AT_LEAST: u32 = 2;

const HEAD: &str = "\
Counts of words and of their company in 8,359 captions of MS COCO 2014 and 2017 (https://cocodataset.org),
(c) COCO Consortium, licensed CC BY 4.0. Taken from the files of NegCLIP (mertyg/vision-language-models-are-bows)
and SugarCrepe (RAIVNLab/sugar-crepe), both MIT. Made by make.rs; KINDS in mod.rs explains the letters.
noun: lemma, kind, total, with a/an, bare singular, plural, prepositions and verbs that it follows and
that it leads, adjectives.
relation: words or base form (! passive), kinds before and after with their count.
adjective: kinds that it describes with their count. fixed: an adjective and the one noun it goes with.
";

type Tally<K> = BTreeMap<K, u32>;

#[derive(Default)]
struct Tallies {
    nouns: BTreeMap<String, Noun>,
    after: BTreeMap<String, Tally<String>>,
    before: BTreeMap<String, Tally<String>>,
    relations: BTreeMap<String, Tally<[char; 2]>>,
    adjectives: BTreeMap<String, Tally<char>>,
    pairs: BTreeMap<String, Tally<String>>,
}

impl Tallies {
    fn add(&mut self, parse: &Parse<'_>) {
        for chunk in &parse.chunks {
            let lemma = parse.head_lemma(chunk);
            let tag = parse.tag(chunk.head.end - 1);
            let Some(kind) = kind_of(parse.lexicon, &lemma).filter(|_| tag != Tag::Nnp) else {
                continue;
            };
            let noun = self.nouns.entry(lemma.clone()).or_default();
            noun.kind = kind;
            noun.total += 1;
            let article = |&i: &usize| matches!(parse.lower(i), "a" | "an");
            match tag {
                Tag::Nns => noun.plural += 1,
                _ if chunk.determiners.iter().any(article) => noun.with_article += 1,
                _ if chunk.determiners.is_empty() => noun.bare += 1,
                _ => {}
            }
            for &modifier in &chunk.modifiers {
                if matches!(parse.tag(modifier), Tag::Jj | Tag::Cd) {
                    let word = parse.lower(modifier).to_owned();
                    let of_kind = self.adjectives.entry(word.clone()).or_default();
                    *of_kind.entry(kind).or_default() += 1;
                    let of_noun = self.pairs.entry(word).or_default();
                    *of_noun.entry(lemma.clone()).or_default() += 1;
                }
            }
        }
        for relation in &parse.relations {
            let (before, object) = (
                &parse.chunks[relation.before],
                &parse.chunks[relation.object],
            );
            let kind = |chunk: &Chunk| kind_of(parse.lexicon, &parse.head_lemma(chunk));
            let key = relation_key(parse, relation);
            if let (Some(first), Some(second)) = (kind(before), kind(object)) {
                let of_kinds = self.relations.entry(key.clone()).or_default();
                *of_kinds.entry([first, second]).or_default() += 1;
            }
            // A preposition is often the wrong one for a noun, a verb seldom.
            let weight = if relation.is_verb {
                COMPANY_AT_LEAST
            } else {
                1
            };
            let leading = self.before.entry(parse.head_lemma(before)).or_default();
            *leading.entry(key.clone()).or_default() += 1;
            let after = self.after.entry(parse.head_lemma(object)).or_default();
            *after.entry(key).or_default() += weight;
        }
    }

    fn table(&self) -> String {
        let mut table = HEAD.to_owned() + "#noun\n";
        for (lemma, noun) in &self.nouns {
            if noun.total < AT_LEAST {
                continue;
            }
            let company = |of: &BTreeMap<String, Tally<String>>| {
                let words = of.get(lemma).into_iter().flatten();
                let often = words.filter(|(_, count)| **count >= COMPANY_AT_LEAST);
                often
                    .map(|(words, _)| words.as_str())
                    .collect::<Vec<_>>()
                    .join(",")
            };
            let (after, before) = (company(&self.after), company(&self.before));
            let Noun {
                kind,
                total,
                with_article,
                bare,
                plural,
                ..
            } = noun;
            let of_noun = self
                .pairs
                .iter()
                .filter(|(_, nouns)| nouns.contains_key(lemma));
            let frequent = |word: &&String| self.pairs[*word].values().sum::<u32>() >= AT_LEAST;
            let adjectives: Vec<&str> = of_noun
                .map(|(word, _)| word)
                .filter(frequent)
                .map(String::as_str)
                .collect();
            let adjectives = adjectives.join(",");
            writeln!(
                table,
                "{lemma}\t{kind}\t{total}\t{with_article}\t{bare}\t{plural}\t{after}\t{before}\t{adjectives}"
            )
            .unwrap();
        }
        table += "#relation\n";
        for (words, seen) in &self.relations {
            let seen: String = seen
                .iter()
                .filter(|(_, count)| **count >= COMPANY_AT_LEAST)
                .map(|([a, b], count)| format!("\t{a}{b}{count}"))
                .collect();
            if !seen.is_empty() {
                writeln!(table, "{words}{seen}").unwrap();
            }
        }
        table += "#adjective\n";
        for (word, seen) in &self.adjectives {
            let total: u32 = seen.values().sum();
            let seen: String = seen
                .iter()
                .filter(|(_, count)| **count >= COMPANY_AT_LEAST)
                .map(|(kind, count)| format!("\t{kind}{count}"))
                .collect();
            if total >= AT_LEAST && !seen.is_empty() {
                writeln!(table, "{word}{seen}").unwrap();
            }
        }
        table += "#fixed\n";
        for (word, nouns) in &self.pairs {
            let total: u32 = nouns.values().sum();
            let most = nouns.iter().max_by_key(|(_, count)| **count);
            if let Some((noun, count)) = most
                && total >= AT_LEAST
                && 10 * count >= 7 * total
            {
                writeln!(table, "{word}\t{noun}").unwrap();
            }
        }
        table
    }
}

#[test]
#[ignore = "writes the table"]
fn write_the_table() {
    let captions = std::fs::read_to_string(std::env::var("CAPTIONS").unwrap()).unwrap();
    let mut tallies = Tallies::default();
    for parse in captions.lines().filter_map(|line| Parse::new(line).ok()) {
        tallies.add(&parse);
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/counts/captions.txt");
    std::fs::write(path, tallies.table()).unwrap();
}
