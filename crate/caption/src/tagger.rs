//! Part-of-speech tags of a caption's words.
//!
//! A Viterbi search over what each word can be, by the lexicon (WordNet's counts for open
//! classes, a list for closed ones), and over what follows what in captions. The scores of the
//! latter are set by hand: captions are short and much alike, and no tagged captions with a
//! licence that allows it were found to learn them from.

use super::lexicon::{Class, Lexicon};
use super::morphology;
use super::tags::Tag::{self, *};
use super::tokens::Token;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tagged {
    pub(super) tag: Tag,
    /// The base form in lower case; of words that the lexicon does not know, the word.
    pub(super) lemma: String,
}

/// Words of closed classes, and those whose use in captions differs from that of WordNet's texts.
/// Nothing but these tags is possible for them.
const CLOSED: &[(&[Tag], &str)] = &[
    (
        &[Dt],
        "a an the some any each every another no this these those both all either neither",
    ),
    (&[Dt, Nn], "half"),
    (&[Dt, Wdt, In], "that"),
    (&[Cc], "and or but & nor"),
    (
        &[Md],
        "can could will would shall should may might must 'll",
    ),
    (&[Ex], "there"),
    (&[To], "to"),
    (
        &[Prp],
        "he she it they him them i you we us himself herself itself themselves something someone everyone nothing anything each-other 'em me",
    ),
    (&[PrpS], "his its their my your our"),
    (&[PrpS, Prp], "her"),
    (&[Pos, Vbz], "'s ’s"),
    (
        &[Wdt],
        "which who whose whom what where when while how why because if although though whose",
    ),
    (&[Wdt, In], "as"),
    (
        &[In],
        "of in at with from into onto by for against between among amongst amid amidst beneath beside besides behind above below under underneath during without within upon toward towards via aboard atop alongside per throughout until till unto since than despite beyond outside inside over through thru near across including",
    ),
    (&[In, Rp, Rb], "on down around along past by"),
    (&[Rp, In, Rb], "off out up"),
    (&[In, Vbp], "like"),
    (&[In, Rb], "next before after"),
    (
        &[Rb],
        "not n't very too also just nearby together away outdoors indoors here almost only still then now so upside back forward apart ahead n’t really",
    ),
    (&[Rb, Jjr, Nn], "more"),
    (&[Rb, Jjs], "most"),
    (
        &[Cd],
        "one two three four five six seven eight nine ten eleven twelve dozen",
    ),
    (&[Jj], "several many few other various multiple own such"),
    (&[Vbz], "is has does 're"),
    (&[Vbp], "are have do 've 'm am"),
    (&[Vbd], "was were had did"),
    (&[Vb], "be"),
    (&[Vbg], "being having laying"),
    (&[Vbn], "been done"),
    (&[Vbp, Vb, Nn], "play ride feed"),
    (&[Vbp, Vb], "eat pose graze sit"),
    (&[Nns], "people"),
    (
        &[Nn],
        "front top kite bat bench girl boy dog cat bear man woman child grass t-shirt pizza lot bunch couple group pair bus train truck car snow person baby beach wall ground clock tower bathroom kitchen bed horse giraffe zebra elephant food tennis baseball soccer computer umbrella",
    ),
    (&[Nns], "men women children dogs cats bananas trees"),
    (
        &[Jj],
        "white black blue red green yellow brown pink purple grey gray large small little big old young tall wooden colorful beautiful",
    ),
    (&[Jj, Nn], MATERIALS),
];

/// Colours and materials that are nouns as well.
const MATERIALS: &str = "orange silver gold tan beige maroon teal turquoise metal brick stone glass wood plastic leather concrete";

fn is_material(word: &str) -> bool {
    MATERIALS.split(' ').any(|material| material == word)
}

/// How gladly the second tag follows the first; unnamed pairs score [`UNUSUAL`]. `None` is the
/// edge of the caption.
const UNUSUAL: f64 = -1.5;
type Following = &'static [(f64, &'static [Tag])];

const VERB_FORMS: &[Tag] = &[Vb, Vbd, Vbp, Vbz];

fn following(tag: Option<Tag>) -> Following {
    match tag {
        None => &[
            (2.0, &[Dt, Ex]),
            (1.0, &[Nns, Cd, PrpS]),
            (0.5, &[Nn, Jj, Prp, In]),
            (0.0, &[Nnp, Vbg, Rb, Jjs, Punct]),
            (-1.0, &[Vbn, Vb, Wdt]),
            (-4.0, &[Vbz, Vbd, Vbp, Rp, Pos]),
        ],
        Some(Dt | PrpS) => &[
            (2.0, &[Nn]),
            (1.5, &[Nns, Jj, Jjs]),
            (0.8, &[Nnp, Jjr]),
            (0.0, &[Cd]),
            (-0.3, &[Vbn, Vbg, Rb]),
            (-2.0, &[Dt, Prp]),
            (-3.0, &[Punct, In]),
            (-6.0, &[Vbz, Vbp, Vb, Vbd, Md, Cc, To, Rp, Pos, Wdt]),
        ],
        Some(Jj | Jjr | Jjs) => &[
            (2.0, &[Nn, Nns]),
            (1.0, &[Jj]),
            (0.5, &[Cc, Nnp]),
            (0.0, &[In, Punct, To]),
            (-0.5, &[Vbg, Cd, Rb]),
            (-1.0, &[Vbn]),
            (-3.0, &[Vbz, Vbp, Vbd, Vb, Dt, Md, Prp]),
        ],
        Some(Cd) => &[
            (2.0, &[Nns]),
            (1.0, &[Jj]),
            (0.5, &[Nn]),
            (0.0, &[In, Vbg, Cc, Punct, Vbn, Jjr]),
            (-1.0, &[Vbp, Vbz]),
        ],
        Some(Nn | Nnp) => &[
            (1.5, &[In]),
            (1.0, &[Vbz, Vbg, Cc, Punct, Pos]),
            (0.7, &[Nn]),
            (0.5, &[Nns, Vbn, To, Wdt, Md, Nnp]),
            (0.0, &[Vbd, Rb]),
            (-1.0, &[Jj, Prp, PrpS, Ex, Cd, Dt, Vbp]),
            (-2.0, &[Rp]),
            (-4.0, &[Vb]),
        ],
        Some(Nns) => &[
            (1.5, &[In]),
            (1.0, &[Vbp, Vbg, Cc, Punct]),
            (0.5, &[Vbn, To, Wdt, Pos, Md]),
            (0.0, &[Vbd, Rb]),
            (-0.5, &[Dt]),
            (-1.0, &[Jj, Prp, PrpS, Ex, Cd]),
            (-2.0, &[Nn, Nns, Vbz, Vb, Rp]),
        ],
        Some(Vbg) => &[
            (1.5, &[Dt, In]),
            (1.0, &[PrpS, Rp]),
            (0.5, &[Rb, To, Prp]),
            (0.3, &[Cc, Punct, Cd, Nns]),
            (0.0, &[Nn, Jj, Wdt]),
            (-0.3, &[Vbn]),
            (-3.0, VERB_FORMS),
        ],
        Some(Vbz | Vbp | Vbd) => &[
            (1.5, &[Vbg, Dt]),
            (1.0, &[In, Vbn, PrpS]),
            (0.5, &[Jj, Rb, Cd, Rp]),
            (0.3, &[To]),
            (-0.3, &[Nn, Nns, Punct, Cc, Prp, Wdt]),
            (-3.0, VERB_FORMS),
        ],
        Some(Vb) => &[
            (1.5, &[Dt]),
            (1.0, &[In, PrpS]),
            (0.5, &[Rp, Rb, Prp, Jj, To]),
            (0.0, &[Nn, Nns, Cc, Punct, Vbg, Vbn]),
            (-3.0, VERB_FORMS),
        ],
        Some(Vbn) => &[
            (1.5, &[In]),
            (0.8, &[Rp]),
            (0.5, &[To]),
            (0.3, &[Rb, Cc, Punct]),
            (0.0, &[Nn, Nns, Wdt]),
            (-0.5, &[Dt, Jj, Vbg]),
            (-3.0, VERB_FORMS),
        ],
        Some(Rb) => &[
            (1.0, &[Jj]),
            (0.7, &[Vbg, Vbn, In]),
            (0.5, &[Punct]),
            (0.3, &[Dt, Cc, Cd]),
            (0.0, &[Rb, Vbz, Vbp, Vbd, Vb, To]),
            (-0.5, &[Nns, Wdt]),
            (-1.0, &[Nn]),
        ],
        Some(In) => &[
            (2.0, &[Dt]),
            (1.5, &[PrpS]),
            (1.0, &[Nn, Nns, Jj, Cd, Nnp]),
            (0.7, &[Prp]),
            (0.3, &[Vbg]),
            (0.0, &[Vbn, Wdt, Jjs]),
            (-0.7, &[In, To]),
            (-2.0, &[Punct]),
            (-5.0, VERB_FORMS),
        ],
        Some(To) => &[
            (2.0, &[Vb]),
            (1.5, &[Dt]),
            (1.0, &[PrpS]),
            (0.5, &[Nn, Prp]),
            (0.0, &[Nns, Jj, Cd, Rb]),
            (-5.0, &[Vbz, Vbp, Vbd]),
        ],
        Some(Cc) => &[
            (1.5, &[Dt]),
            (1.0, &[Nn, Nns, Jj, Vbg, Cd, PrpS]),
            (0.3, &[Vbz, Vbn, In, Rb, Prp, Nnp]),
            (0.0, &[Vbp, Vb, Wdt, Vbd]),
        ],
        Some(Md) => &[(2.0, &[Vb]), (0.0, &[Rb])],
        Some(Prp) => &[
            (1.0, &[Vbz, Vbp, Vbd, Md]),
            (0.5, &[In, Vbg, Punct, To]),
            (0.0, &[Cc, Rb, Dt, Rp]),
            (-2.0, &[Nn, Nns]),
        ],
        Some(Wdt) => &[
            (2.0, &[Vbz, Vbp]),
            (1.0, &[Vbd, Dt, Md, Vbg, Prp]),
            (0.5, &[Nn, Nns, PrpS, Cd, Jj, Ex]),
            (0.0, &[In, Vbn, To]),
        ],
        Some(Punct) => &[
            (1.0, &[Dt]),
            (0.7, &[Vbg]),
            (0.5, &[Nn, Nns, Jj, Cc, In, Cd, Wdt, PrpS, Punct]),
            (0.0, &[Vbn, Rb, Prp, Nnp, Ex, To]),
        ],
        Some(Ex) => &[(2.0, &[Vbz, Vbp, Vbd]), (0.0, &[Md])],
        Some(Rp) => &[
            (1.0, &[In, Dt]),
            (0.5, &[Punct, To, Cc, PrpS]),
            (0.0, &[Rb, Nn, Nns, Jj, Cd, Prp]),
        ],
        Some(Pos) => &[(2.0, &[Nn, Nns]), (1.5, &[Jj]), (0.5, &[Cd]), (0.0, &[Jjs])],
    }
}

/// How gladly a caption ends after a tag.
const fn ending(tag: Tag) -> f64 {
    match tag {
        Nn | Nns | Nnp | Punct => 1.0,
        Rb | Prp | Rp | Cd => 0.3,
        Vbg | Vbn => 0.0,
        Dt | Cc | Md | PrpS | Pos => -4.0,
        In | To => -2.0,
        _ => -1.0,
    }
}

struct Transitions([[f64; Tag::ALL.len()]; Tag::ALL.len() + 1]);

impl Transitions {
    fn new() -> Self {
        let mut scores = [[UNUSUAL; Tag::ALL.len()]; Tag::ALL.len() + 1];
        let firsts = Tag::ALL.into_iter().map(Some).chain([None]);
        for (row, first) in scores.iter_mut().zip(firsts) {
            for &(score, tags) in following(first) {
                for &tag in tags {
                    row[tag as usize] = score;
                }
            }
        }
        Self(scores)
    }

    fn score(&self, first: Option<Tag>, second: Tag) -> f64 {
        self.0[first.map_or(Tag::ALL.len(), |tag| tag as usize)][second as usize]
    }
}

/// What a word can be, with a score (the logarithm of a share) for each.
fn candidates(lexicon: &Lexicon, token: &Token<'_>, first: bool) -> Vec<(f64, Tagged)> {
    let word = token.lower.as_str();
    let base = |tag: Tag| -> String {
        morphology::readings(lexicon, word)
            .into_iter()
            .find_map(|(t, base)| (t == tag).then_some(base))
            .unwrap_or_else(|| word.to_owned())
    };
    let closed: Vec<Tag> = CLOSED
        .iter()
        .filter(|(_, words)| words.split(' ').any(|w| w == word))
        .flat_map(|(tags, _)| tags.iter().copied())
        .collect();
    if !closed.is_empty() {
        let tagged = |(i, &tag): (usize, &Tag)| {
            let lemma = base(tag);
            (-0.3 * i as f64, Tagged { tag, lemma })
        };
        return closed.iter().enumerate().map(tagged).collect();
    }
    let only = |tag: Tag| {
        let lemma = word.to_owned();
        vec![(0.0, Tagged { tag, lemma })]
    };
    if !word.chars().any(char::is_alphanumeric) {
        return only(Punct);
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return only(Cd);
    }
    let weighted: Vec<(f64, Tagged)> = morphology::readings(lexicon, word)
        .into_iter()
        .map(|(tag, lemma)| {
            let class = match tag {
                Nn | Nns => Class::Noun,
                Jj | Jjr | Jjs => Class::Adjective,
                Rb => Class::Adverb,
                _ => Class::Verb,
            };
            // A form as an entry of its own (a `painting`) is rarer than its base's counts say.
            let count = f64::from(lexicon.frequency(class, &lemma)) + 0.5;
            let share = match tag {
                Vb | Vbp => 0.3,
                Vbd => 0.5,
                Vbz => 0.6,
                Vbg => 2.0,
                Rb => 0.5,
                _ => 1.0,
            };
            (count * share, Tagged { tag, lemma })
        })
        .collect();
    if weighted.is_empty() {
        return unknown(token, first);
    }
    let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
    weighted
        .into_iter()
        .map(|(weight, tagged)| (0.7 * (weight / total).max(1e-3).ln(), tagged))
        .collect()
}

/// What a word that the lexicon does not know looks like.
fn unknown(token: &Token<'_>, first: bool) -> Vec<(f64, Tagged)> {
    let word = token.lower.as_str();
    let named = token.text.starts_with(char::is_uppercase) && !first;
    let tags: &[(f64, Tag)] = if named {
        &[(0.0, Nnp), (-1.5, Nn), (-1.5, Jj)]
    } else if word.ends_with("ing") {
        &[(0.0, Vbg), (-1.0, Nn), (-1.5, Jj)]
    } else if word.ends_with("ed") {
        &[(0.0, Vbn), (-0.7, Jj), (-1.0, Vbd)]
    } else if word.ends_with("ly") {
        &[(0.0, Rb), (-1.0, Jj)]
    } else if word.contains('-') {
        &[(0.0, Jj), (-0.3, Nn)]
    } else if word.ends_with("er") || word.ends_with("ist") {
        &[(0.0, Nn), (-2.0, Jj)]
    } else if word.ends_with('s') && !word.ends_with("ss") {
        &[(0.0, Nns), (-1.0, Vbz), (-1.5, Nn)]
    } else {
        &[(0.0, Nn), (-1.0, Jj), (-2.0, Vb)]
    };
    let tagged = |&(score, tag): &(f64, Tag)| {
        let lemma = word.to_owned();
        (score, Tagged { tag, lemma })
    };
    tags.iter().map(tagged).collect()
}

/// The tag and base form of each token.
pub(super) fn tag(lexicon: &Lexicon, tokens: &[Token<'_>]) -> Vec<Tagged> {
    let transitions = Transitions::new();
    let lattice: Vec<Vec<(f64, Tagged)>> = tokens
        .iter()
        .enumerate()
        .map(|(i, token)| candidates(lexicon, token, i == 0))
        .collect();
    // For each candidate the best score of a way there and the candidate that it comes from.
    let mut best: Vec<Vec<(f64, usize)>> = Vec::with_capacity(lattice.len());
    for (i, column) in lattice.iter().enumerate() {
        let ways = column.iter().map(|(emission, to)| {
            let (score, from) = match i.checked_sub(1) {
                None => (transitions.score(None, to.tag), 0),
                Some(previous) => best[previous]
                    .iter()
                    .zip(&lattice[previous])
                    .map(|((score, _), (_, from))| {
                        score + transitions.score(Some(from.tag), to.tag)
                    })
                    .enumerate()
                    .map(|(from, score)| (score, from))
                    .max_by(|a, b| a.0.total_cmp(&b.0))
                    .expect("every token has a candidate"),
            };
            (score + emission, from)
        });
        best.push(ways.collect());
    }
    let mut tags = Vec::with_capacity(tokens.len());
    let (Some(last), Some(column)) = (best.last(), lattice.last()) else {
        return tags;
    };
    let mut at = last
        .iter()
        .zip(column)
        .map(|((score, _), (_, tagged))| score + ending(tagged.tag))
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(at, _)| at);
    for (column, ways) in lattice.iter().zip(&best).rev() {
        tags.push(column[at].1.clone());
        at = ways[at].1;
    }
    tags.reverse();
    agree(lexicon, tokens, &mut tags);
    tags
}

/// `a horse grazes`: after `a` and a noun, what looks like a plural is a verb. The search sees
/// two words at a time and cannot know.
fn agree(lexicon: &Lexicon, tokens: &[Token<'_>], tags: &mut [Tagged]) {
    let mut one = false;
    for i in 0..tags.len() {
        match tags[i].tag {
            Dt => one = matches!(tokens[i].lower.as_str(), "a" | "an" | "another" | "every"),
            Nns if one && i > 0 && tags[i - 1].tag == Nn => {
                let verb = morphology::readings(lexicon, &tokens[i].lower)
                    .into_iter()
                    .find(|(tag, _)| *tag == Vbz);
                if let Some((tag, lemma)) = verb {
                    tags[i] = Tagged { tag, lemma };
                }
                one = false;
            }
            // `an orange and white cat`
            Nn if tokens.get(i + 1).is_some_and(|next| next.lower == "and")
                && tags.get(i + 2).is_some_and(|tagged| tagged.tag == Jj)
                && is_material(&tokens[i].lower) =>
            {
                tags[i].tag = Jj;
            }
            Nn | Nnp | Jj | Cd | Rb | Vbn => {}
            _ => one = false,
        }
    }
}
