//! The extract of WordNet 3.0 that edits draw on.
//!
//! `wordnet.txt` is made by `extract.py`, whose head describes the selection and the format.
//! WordNet 3.0 is copyright 2006 by Princeton University; `LICENSE-WordNet` goes with it.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

/// The extract; without the feature `lexicon` nothing of it is in the program.
#[cfg(feature = "lexicon")]
static EXTRACT: &str = include_str!("wordnet.txt");

/// By these a text that a caller brings is known to be the extract.
const EXTRACT_BYTES: usize = 567_738;
const EXTRACT_FINGERPRINT: u64 = 0xeb35_786e_f25d_7dae;

/// FNV-1a.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The four parts of speech that WordNet knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    Noun,
    Verb,
    Adjective,
    Adverb,
}

impl Class {
    pub(super) const ALL: [Self; 4] = [Self::Noun, Self::Verb, Self::Adjective, Self::Adverb];
}

/// A synset's place among those of its class.
pub(super) type SynsetId = u32;

/// A word in one of its senses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lemma {
    /// As WordNet writes it: `_` between words, capitals where they belong.
    pub(super) word: &'static str,
    /// How often sense-tagged texts use the word in this sense.
    pub(super) count: u32,
}

#[derive(Debug, Default)]
pub(super) struct Synset {
    pub(super) lemmas: Vec<Lemma>,
    pub(super) hypernyms: Vec<SynsetId>,
    pub(super) hyponyms: Vec<SynsetId>,
    pub(super) antonyms: Vec<Lemma>,
    /// Of an adjective: the noun synsets that its words are derivationally related to.
    nouns: Vec<SynsetId>,
}

/// The synsets of one class and who is who among them.
#[derive(Debug, Default)]
struct Taxonomy {
    synsets: Vec<Synset>,
    /// By word in lower case.
    senses: HashMap<String, Vec<SynsetId>>,
}

/// The whole extract, read once.
#[derive(Debug)]
pub(super) struct Lexicon {
    classes: [Taxonomy; 4],
    /// Adjectives derivationally related to a word of a noun synset.
    adjectives_of: HashMap<SynsetId, Vec<(SynsetId, Lemma)>>,
    /// Irregular forms of nouns and adjectives, and their bases.
    exceptions: HashMap<(Class, &'static str), &'static str>,
    irregular: HashMap<(Class, &'static str), &'static str>,
}

static LEXICON: OnceLock<Lexicon> = OnceLock::new();

/// The lexicon; reading it takes some milliseconds, the first time. `None` where the caller has to bring
/// it and has not.
pub(super) fn lexicon() -> Option<&'static Lexicon> {
    #[cfg(feature = "lexicon")]
    LEXICON.get_or_init(|| Lexicon::parse(EXTRACT));
    LEXICON.get()
}

/// Takes the text of `wordnet.txt`, where it is not compiled in. A second one changes nothing.
///
/// # Errors
/// A text that is not this version's.
pub fn install(text: String) -> Result<(), WrongLexicon> {
    if text.len() != EXTRACT_BYTES || fingerprint(text.as_bytes()) != EXTRACT_FINGERPRINT {
        return Err(WrongLexicon {
            bytes: text.len(),
            wanted: EXTRACT_BYTES,
        });
    }
    if LEXICON.get().is_none() {
        // Its words are lent out for good.
        let lexicon = Lexicon::parse(String::leak(text));
        LEXICON.get_or_init(|| lexicon);
    }
    Ok(())
}

/// A text that is no lexicon of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the lexicon's text has {bytes} bytes and is not this version's, which has {wanted}: it is damaged, or of another version"
)]
pub struct WrongLexicon {
    /// Its length.
    pub bytes: usize,
    /// What it should be.
    pub wanted: usize,
}

const WELL_FORMED: &str = "the extract is compiled in and tests read all of it";

fn number(text: &str) -> SynsetId {
    text.parse().expect(WELL_FORMED)
}

fn lemma(text: &'static str) -> Lemma {
    match text.split_once('*') {
        Some((word, count)) => Lemma {
            word,
            count: number(count),
        },
        None => Lemma {
            word: text,
            count: 0,
        },
    }
}

impl Lexicon {
    fn parse(extract: &'static str) -> Self {
        let mut lexicon = Self {
            classes: Default::default(),
            adjectives_of: HashMap::new(),
            exceptions: HashMap::new(),
            irregular: HashMap::new(),
        };
        let mut class = None;
        let mut path: Vec<SynsetId> = Vec::new();
        for line in extract.lines() {
            if let Some(heading) = line.strip_prefix('#') {
                class = Class::ALL
                    .into_iter()
                    .zip(["noun", "verb", "adjective", "adverb"])
                    .find_map(|(class, name)| (name == heading).then_some(class));
                path.clear();
                continue;
            }
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            match class {
                Some(class) => {
                    let (depth, words, links) = (field(), field(), field());
                    lexicon.add_synset(class, &mut path, number(depth), words, links);
                }
                None => {
                    let class = if field() == "n" {
                        Class::Noun
                    } else {
                        Class::Adjective
                    };
                    let (form, base) = (field(), field());
                    lexicon.exceptions.entry((class, form)).or_insert(base);
                    lexicon.irregular.entry((class, base)).or_insert(form);
                }
            }
        }
        for taxonomy in &mut lexicon.classes {
            for id in 0..taxonomy.synsets.len() {
                for parent in taxonomy.synsets[id].hypernyms.clone() {
                    taxonomy.synsets[parent as usize]
                        .hyponyms
                        .push(id as SynsetId);
                }
            }
        }
        lexicon
    }

    fn add_synset(
        &mut self,
        class: Class,
        path: &mut Vec<SynsetId>,
        depth: u32,
        words: &'static str,
        links: &'static str,
    ) {
        let taxonomy = &mut self.classes[class as usize];
        let id = taxonomy.synsets.len() as SynsetId;
        let mut synset = Synset {
            lemmas: words.split_terminator(' ').map(lemma).collect(),
            ..Synset::default()
        };
        path.truncate(depth as usize);
        synset.hypernyms.extend(path.last());
        path.push(id);
        for link in links.split_terminator(' ') {
            let (kind, rest) = link.split_at(1);
            match kind {
                "@" => synset.hypernyms.push(number(rest)),
                "!" => {
                    let (_, word) = rest.split_once('=').expect(WELL_FORMED);
                    synset.antonyms.push(lemma(word));
                }
                _ => {
                    let (index, noun) = rest.split_once(':').expect(WELL_FORMED);
                    let (noun, word) = (number(noun), synset.lemmas[number(index) as usize]);
                    synset.nouns.push(noun);
                    self.adjectives_of.entry(noun).or_default().push((id, word));
                }
            }
        }
        for lemma in &synset.lemmas {
            let senses = taxonomy
                .senses
                .entry(lemma.word.to_lowercase())
                .or_default();
            senses.push(id);
        }
        taxonomy.synsets.push(synset);
    }

    pub(super) fn synset(&self, class: Class, id: SynsetId) -> &Synset {
        &self.classes[class as usize].synsets[id as usize]
    }

    /// The senses of a base form in lower case, most frequent first.
    pub(super) fn senses(&self, class: Class, word: &str) -> Vec<SynsetId> {
        let mut senses = self.classes[class as usize]
            .senses
            .get(word)
            .cloned()
            .unwrap_or_default();
        senses.sort_by_key(|&id| std::cmp::Reverse(self.count_in(class, id, word)));
        senses
    }

    /// Of the senses those that are meant at least a quarter as often as the most frequent.
    pub(super) fn usual_senses(&self, class: Class, word: &str) -> Vec<SynsetId> {
        let mut senses = self.senses(class, word);
        let count = |&id: &SynsetId| self.count_in(class, id, word);
        let most = senses.first().map_or(0, count);
        senses.retain(|id| count(id) >= most.div_ceil(4));
        senses
    }

    fn count_in(&self, class: Class, id: SynsetId, word: &str) -> u32 {
        let synset = self.synset(class, id);
        let same = |lemma: &&Lemma| lemma.word.eq_ignore_ascii_case(word);
        synset.lemmas.iter().find(same).map_or(0, |l| l.count)
    }

    pub(super) fn knows(&self, class: Class, word: &str) -> bool {
        self.classes[class as usize].senses.contains_key(word)
    }

    /// How often sense-tagged texts use a base form as this part of speech.
    pub(super) fn frequency(&self, class: Class, word: &str) -> u32 {
        let senses = self.classes[class as usize].senses.get(word);
        senses.map_or(0, |ids| {
            ids.iter().map(|&id| self.count_in(class, id, word)).sum()
        })
    }

    /// The base of an irregular form: `men`, `better`.
    pub(super) fn irregular_base(&self, class: Class, form: &str) -> Option<&'static str> {
        self.exceptions.get(&(class, form)).copied()
    }

    /// The irregular plural or comparative of a base: `men`.
    pub(super) fn irregular_form(&self, class: Class, base: &str) -> Option<&'static str> {
        self.irregular.get(&(class, base)).copied()
    }

    /// All synsets above, the nearest first.
    pub(super) fn ancestors(&self, class: Class, id: SynsetId) -> Vec<SynsetId> {
        let mut seen = BTreeSet::from([id]);
        let mut found = vec![id];
        let mut next = 0;
        while let Some(&at) = found.get(next) {
            for &parent in &self.synset(class, at).hypernyms {
                if seen.insert(parent) {
                    found.push(parent);
                }
            }
            next += 1;
        }
        found.remove(0);
        found
    }

    /// Some synsets with all that is more general or more special, each once.
    pub(super) fn above_and_below(&self, class: Class, ids: &[SynsetId]) -> BTreeSet<SynsetId> {
        let above = ids.iter().flat_map(|&id| self.ancestors(class, id));
        let above: BTreeSet<SynsetId> = above.collect();
        let mut found: BTreeSet<SynsetId> = ids.iter().copied().collect();
        let mut next = ids.to_vec();
        while let Some(id) = next.pop() {
            let below = self.synset(class, id).hyponyms.iter();
            next.extend(below.filter(|&&id| found.insert(id)));
        }
        found.extend(above);
        found
    }

    /// Siblings and cousins: what shares a grand-hypernym with the synset, but itself.
    /// A synset is named once for each way that leads to it, as CLoVe counts them.
    fn cousins(&self, class: Class, id: SynsetId) -> Vec<SynsetId> {
        let synset = |id: SynsetId| self.synset(class, id);
        let mut found = Vec::new();
        for &parent in &synset(id).hypernyms {
            for &grandparent in &synset(parent).hypernyms {
                for &uncle in &synset(grandparent).hyponyms {
                    let cousins = synset(uncle).hyponyms.iter();
                    found.extend(cousins.copied().filter(|&cousin| cousin != id));
                }
            }
        }
        found
    }

    /// Words that exclude, more likely than not, what a sense says: antonyms, and the words of
    /// siblings and cousins. Adjectives have no hypernyms; theirs are found through the nouns
    /// that they are derived from (`red` → redness → blueness → `blue`).
    pub(super) fn alternatives(&self, class: Class, id: SynsetId) -> Vec<Lemma> {
        let synset = self.synset(class, id);
        let mut found = synset.antonyms.clone();
        if class == Class::Adjective {
            let nouns: BTreeSet<SynsetId> = synset.nouns.iter().copied().collect();
            for noun in nouns {
                for cousin in self.cousins(Class::Noun, noun) {
                    let adjectives = self.adjectives_of.get(&cousin).into_iter().flatten();
                    found.extend(
                        adjectives
                            .filter(|(of, _)| *of != id)
                            .map(|(_, lemma)| lemma),
                    );
                }
            }
        } else {
            for cousin in self.cousins(class, id) {
                found.extend(&self.synset(class, cousin).lemmas);
            }
        }
        found
    }

    /// Whether a noun's most frequent sense lies below any of the named concepts.
    pub(super) fn noun_is_a(&self, word: &str, concepts: &[&str]) -> bool {
        let Some(&first) = self.senses(Class::Noun, word).first() else {
            return false;
        };
        std::iter::once(first)
            .chain(self.ancestors(Class::Noun, first))
            .any(|id| {
                let lemmas = &self.synset(Class::Noun, id).lemmas;
                lemmas.iter().any(|lemma| concepts.contains(&lemma.word))
            })
    }
}
