//! ARO's four perturbations of word order.
//!
//! After mertyg/vision-language-models-are-bows `dataset_zoo/perturbations.py`. Theirs draw from
//! NumPy's and Python's generators on spaCy's and NLTK's tokens; ours draw from our generator on
//! our tokens and tags, so an option set is of the same kind but not the same.

use super::choice::Choice;
use super::edit::{Edit, EditKind, Replacement};
use super::parse::Parse;
use super::{NotEditable, pool_or};

/// Words that ARO keeps of a caption.
const MAX_WORDS: usize = 30;

const KINDS: [EditKind; 4] = [
    EditKind::ShuffleNounsAndAdjectives,
    EditKind::ShuffleOthers,
    EditKind::ShuffleWithinTrigrams,
    EditKind::ShuffleTrigrams,
];

/// ARO's `pre_caption` with 30 words: lower case, `.!"()*#:;~` to spaces, single spaces.
pub fn pre_caption(text: &str) -> String {
    let spaced: String = text
        .to_lowercase()
        .chars()
        .map(|c| if ".!\"()*#:;~".contains(c) { ' ' } else { c })
        .collect();
    let words: Vec<&str> = spaced.split_whitespace().take(MAX_WORDS).collect();
    words.join(" ")
}

/// The five options of ARO's order sets: the caption and its four perturbations, each through
/// [`pre_caption`]. As in ARO a perturbation may equal the caption.
///
/// # Errors
/// When the caption is empty or too long.
pub fn order_options(text: &str, seed: u64) -> Result<[String; 5], NotEditable> {
    let parse = Parse::new(text)?;
    let mut choice = Choice::new(seed, text, "order");
    let [a, b, c, d] = KINDS.map(|kind| pre_caption(&perturbed(&parse, kind, &mut choice)));
    Ok([pre_caption(text), a, b, c, d])
}

/// Up to `count` different orders of a caption's words, each other than its own, drawn uniformly.
///
/// Words are what spaces part; they keep their case and punctuation. A caption of few words has fewer
/// orders than asked for, and one of equal words none. No lexicon is needed.
pub fn shuffles(text: &str, count: usize, seed: u64) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let original = words.join(" ");
    let mut choice = Choice::new(seed, text, "shuffles");
    let mut found: Vec<String> = Vec::new();
    // A caption of three words has five other orders: they are soon all found, and then no more come.
    for _ in 0..count.saturating_mul(TRIES) {
        if found.len() == count || words.len() < 2 {
            break;
        }
        let mut shuffled = words.clone();
        choice.shuffle(&mut shuffled);
        let shuffled = shuffled.join(" ");
        if shuffled != original && !found.contains(&shuffled) {
            found.push(shuffled);
        }
    }
    found
}

/// Draws for each order asked for.
const TRIES: usize = 8;

/// Those perturbations that differ from the caption; each replaces the whole.
pub(super) fn pool(parse: &Parse<'_>, choice: &mut Choice) -> Result<Vec<Edit>, NotEditable> {
    let original = pre_caption(parse.text);
    let edits = KINDS.into_iter().filter_map(|kind| {
        let with = pre_caption(&perturbed(parse, kind, choice));
        if with == original {
            return None;
        }
        let whole = Replacement {
            start: 0,
            end: parse.text.len(),
            with,
        };
        Edit::new(parse.text, kind, vec![whole])
    });
    pool_or(edits.collect::<Vec<_>>(), NotEditable::NoOrder)
}

fn perturbed(parse: &Parse<'_>, kind: EditKind, choice: &mut Choice) -> String {
    let mut words: Vec<&str> = parse.tokens.iter().map(|token| token.text).collect();
    let all = 0..words.len();
    let adjective = |&i: &usize| parse.tag(i).is_adjective();
    let noun = |&i: &usize| parse.tag(i).is_noun();
    match kind {
        EditKind::ShuffleNounsAndAdjectives => {
            permute(&mut words, all.clone().filter(noun).collect(), choice);
            permute(&mut words, all.filter(adjective).collect(), choice);
        }
        EditKind::ShuffleOthers => {
            let others = all.filter(|i| !noun(i) && !adjective(i)).collect();
            permute(&mut words, others, choice);
        }
        EditKind::ShuffleWithinTrigrams => {
            for group in words.chunks_mut(3) {
                choice.shuffle(group);
            }
        }
        _ => {
            let mut groups: Vec<&[&str]> = words.chunks(3).collect();
            choice.shuffle(&mut groups);
            return groups.concat().join(" ");
        }
    }
    words.join(" ")
}

/// Permutes the words at some places among themselves.
fn permute<'t>(words: &mut [&'t str], places: Vec<usize>, choice: &mut Choice) {
    let mut moved: Vec<&'t str> = places.iter().map(|&place| words[place]).collect();
    choice.shuffle(&mut moved);
    for (place, word) in places.into_iter().zip(moved) {
        words[place] = word;
    }
}
