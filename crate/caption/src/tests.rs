//! What holds for every edit, on captions and on anything else.

use proptest::prelude::*;

use super::*;

/// Every edit of every kind.
fn all_edits(text: &str, seed: u64) -> Vec<Edit> {
    let negatives = NegativeKind::ALL.map(|kind| negative_pool(text, kind, seed));
    let positives = PositiveKind::ALL.map(|kind| positive_pool(text, kind));
    let pools = negatives.into_iter().chain(positives);
    let pools = pools.chain([generalisations(text)]);
    pools.filter_map(Result::ok).flatten().collect()
}

/// The original with the replacements put in, if they are where they say they are.
fn replayed(text: &str, edit: &Edit) -> Option<String> {
    let (mut out, mut at) = (String::new(), 0);
    for replacement in &edit.replaced {
        out += text.get(at..replacement.start)?;
        text.get(replacement.start..replacement.end)?;
        out += &replacement.with;
        at = replacement.end;
    }
    Some(out + text.get(at..)?)
}

fn check(text: &str, seed: u64) {
    let edits = all_edits(text, seed);
    assert_eq!(edits, all_edits(text, seed));
    for edit in &edits {
        assert_ne!(edit.text.to_lowercase(), text.to_lowercase(), "{edit:?}");
        assert_eq!(
            replayed(text, edit).as_deref(),
            Some(&*edit.text),
            "{edit:?}"
        );
        if edit.kind == EditKind::PositiveSwap {
            let back = positive_pool(&edit.text, PositiveKind::Swap).unwrap_or_default();
            assert!(
                back.iter().any(|back| back.text == text),
                "{text} | {edit:?}"
            );
        }
    }
}

/// Sentences that resemble captions enough to be edited in every way.
fn caption() -> impl Strategy<Value = String> {
    let words = "a an the two his A THE man women dog umbrella horse surfboard Frisbee street red \
                 old orange small very quickly sitting riding holding wears is are on in front of \
                 next to under with and , . by while that it who's 3 ski's é 🐈 black-and-white";
    let words: Vec<&'static str> = words.split_whitespace().collect();
    let word = prop::sample::select(words);
    prop::collection::vec(word, 0..20).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn edits_hold_on_captions(text in caption(), seed: u64) {
        check(&text, seed);
    }

    #[test]
    fn edits_hold_on_anything(text in "\\PC{0,60}|[\\s\\S]{0,60}", seed: u64) {
        check(&text, seed);
    }
}

fn texts(edits: Result<Vec<Edit>, NotEditable>) -> Vec<String> {
    edits
        .unwrap_or_default()
        .into_iter()
        .map(|edit| edit.text)
        .collect()
}

#[test]
fn replace_changes_one_element_and_keeps_form() {
    let caption = "A man riding two brown horses in front of an old barn.";
    for seed in 0..20 {
        let pool = negative_pool(caption, NegativeKind::Replace, seed).unwrap_or_default();
        // three things, two adjectives, a verb and a preposition, up to two of each
        assert!((8..=14).contains(&pool.len()), "{pool:?}");
        for edit in pool {
            assert_eq!(edit.replaced.len(), 1);
            let replaced = &edit.replaced[0];
            match &caption[replaced.start..replaced.end] {
                "riding" => assert!(replaced.with.ends_with("ing"), "{edit:?}"),
                "in front of" | "brown" | "two" | "man" | "A man" | "horses" | "barn"
                | "an old" | "old" => {}
                other => panic!("{other}: {edit:?}"),
            }
        }
    }
}

#[test]
fn seeds_differ() {
    let caption = "A man riding two brown horses in front of an old barn.";
    let of = |seed| texts(negatives(caption, seed));
    assert_eq!(of(1), of(1));
    assert!((0..10).any(|seed| of(seed) != of(10)));
}

#[test]
fn things_and_attributes_change_places() {
    let swapped = |text, kind| texts(negative_pool(text, kind, 0));
    assert_eq!(
        swapped(
            "The black cat and the orange dog.",
            NegativeKind::SwapAttributes
        ),
        ["The orange cat and the black dog."]
    );
    assert_eq!(
        swapped(
            "An orange cat near a black dog",
            NegativeKind::SwapAttributes
        ),
        ["A black cat near an orange dog"]
    );
    assert_eq!(
        swapped("A man holding a small child", NegativeKind::SwapObjects),
        ["A small child holding a man"]
    );
    assert_eq!(
        negative_pool("A man near a horse", NegativeKind::SwapObjects, 0),
        Err(NotEditable::NoPair("things in a relation with a direction"))
    );
}

#[test]
fn negclip_swaps_within_families() {
    let pool = negative_pool(
        "A boy feeding a small cow and petting a brown dog",
        NegativeKind::Negclip,
        1,
    );
    let kinds: Vec<EditKind> = pool.iter().flatten().map(|edit| edit.kind).collect();
    assert_eq!(
        kinds,
        [
            EditKind::SwapNounPhrases,
            EditKind::SwapVerbPhrases,
            EditKind::SwapNouns,
            EditKind::SwapAdjectives
        ]
    );
    let found = texts(pool);
    assert!(found.contains(&"A boy petting a small cow and feeding a brown dog".to_owned()));
    assert!(found.contains(&"A boy feeding a brown cow and petting a small dog".to_owned()));
}

#[test]
fn swaps_within_families() {
    for (caption, kind, expected) in [
        (
            "A boy feeding a small cow and petting a brown dog",
            EditKind::SwapAdjectives,
            "A boy feeding a brown cow and petting a small dog",
        ),
        (
            "A man standing behind a child at a table",
            EditKind::SwapNouns,
            "A child standing behind a man at a table",
        ),
        (
            "A man standing behind a small child at a table",
            EditKind::SwapNouns,
            "A child standing behind a small man at a table",
        ),
    ] {
        let pool = negative_pool(caption, NegativeKind::Swap, 1).unwrap_or_default();
        let same = |edit: &&Edit| edit.kind == kind;
        let found: Vec<&str> = (pool.iter().filter(same))
            .map(|edit| edit.text.as_str())
            .collect();
        assert_eq!(found, [expected], "{pool:?}");
    }
    // True either way round.
    for caption in ["A man and a woman", "Two sinks next to two mirrors"] {
        assert_eq!(
            texts(negative_pool(caption, NegativeKind::Swap, 1)),
            [""; 0]
        );
    }
}

/// What nobody would say of an image is not offered: the counts of captions forbid it.
#[test]
fn implausible_swaps_are_dropped() {
    for caption in [
        "A woman in a yellow dress",
        "A man riding a brown horse",
        "A slice of pizza on a plate",
        "A woman with her dog",
    ] {
        for kind in [NegativeKind::SwapObjects, NegativeKind::Swap] {
            assert_eq!(texts(negative_pool(caption, kind, 0)), [""; 0], "{caption}");
        }
    }
}

#[test]
fn replacements_keep_article_number_and_company() {
    let replaced = |text: &str| -> Vec<(String, String)> {
        let edits = all_negatives(text, NegativeKind::Replace).unwrap_or_default();
        let pair = |edit: &Edit| {
            let replaced = &edit.replaced[0];
            let old = text[replaced.start..replaced.end].to_owned();
            (old, replaced.with.clone())
        };
        edits.iter().map(pair).collect()
    };
    let of = |text: &str, old: &str| -> Vec<String> {
        let edits = replaced(text).into_iter();
        edits
            .filter(|(from, _)| from.ends_with(old))
            .map(|(_, to)| to)
            .collect()
    };
    let riding = "A man riding a brown horse in front of an old barn.";
    assert_eq!(of(riding, "man"), ["woman"]);
    // neither `avalanching` nor `kneading`
    for verb in of(riding, "riding") {
        assert!(verb.ends_with("ing"), "{verb}");
        let known = [
            "leading", "feeding", "petting", "walking", "herding", "guiding", "kissing",
        ];
        assert!(known.contains(&verb.as_str()), "{verb}");
    }
    // No mass noun takes the article of `cake`, and nothing in the singular stands for `dogs`.
    let cutting = "A woman cutting a cake with two dogs";
    for thing in of(cutting, "cake") {
        assert!(
            !thing.contains("equipment") && !thing.ends_with("bread"),
            "{thing}"
        );
    }
    let dogs = of(cutting, "dogs");
    assert!(dogs.contains(&"cats".to_owned()), "{dogs:?}");
    assert!(
        dogs.iter()
            .all(|word| word.ends_with('s') || word == "sheep" || word == "cattle"),
        "{dogs:?}"
    );
    assert!(of(cutting, "two").contains(&"three".to_owned()));
    assert!(of("A black and white cat on a red chair", "black").is_empty());
    assert!(of("A sink made of stainless steel in a kitchen", "stainless").is_empty());
    assert!(of("A man with his dog on a street", "man").is_empty());
}

#[test]
fn all_negatives_hold_what_the_pool_draws_from() {
    let caption = "A man riding a brown horse in front of an old barn.";
    for kind in NegativeKind::ALL {
        if !kind.reads_well() {
            continue; // as many as there are orders
        }
        let all = texts(all_negatives(caption, kind));
        for seed in 0..5 {
            for text in texts(negative_pool(caption, kind, seed)) {
                assert!(all.contains(&text), "{text}");
            }
        }
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
    assert!(texts(all_negatives(caption, NegativeKind::Replace)).len() >= 8);
}

#[test]
fn conjuncts_change_places_where_that_is_safe() {
    let swapped = |text| texts(positive_pool(text, PositiveKind::Swap));
    for (caption, expected) in [
        (
            "The black cat and the carpeted floor",
            "The carpeted floor and the black cat",
        ),
        ("An orange and white cat", "A white and orange cat"),
        ("A man and woman on a bench", "A woman and man on a bench"),
        ("A bowl of soup and a spoon", "A spoon and a bowl of soup"),
        (
            "A child holding an umbrella and petting a yak.",
            "A child petting a yak and holding an umbrella.",
        ),
        (
            "A man in a hat and a woman in a dress",
            "A woman in a dress and a man in a hat",
        ),
    ] {
        assert_eq!(swapped(caption), [expected], "{caption}");
    }
    for caption in [
        "A woman and her dog",
        "A man near a table and a woman sitting on a chair",
        "A cat",
    ] {
        assert_eq!(swapped(caption), [""; 0], "{caption}");
    }
}

#[test]
fn synonyms_of_the_published_list() {
    let replaced = |text| texts(positive_pool(text, PositiveKind::Replace));
    for (caption, expected) in [
        ("walking elephant", "strolling elephant"),
        ("chair in conference room", "chair within conference room"),
        ("man wears shorts", "man in shorts"),
        ("A white cup", "An ivory cup"),
        ("person riding horse", "person traveling on horse"),
    ] {
        assert_eq!(replaced(caption), [expected], "{caption}");
    }
    for caption in [
        "surrounded by people",
        "a black and white dog",
        "a man in front",
    ] {
        assert_eq!(replaced(caption), [""; 0], "{caption}");
    }
}

#[test]
fn chains_become_more_general() {
    let chain = |text| texts(generalisations(text));
    assert_eq!(
        chain("A blue bird sitting on top of a small branch with autumn leaves."),
        [
            "A bird sitting on top of a branch with autumn leaves.",
            "A bird sitting on top of a branch",
            "A bird",
            "bird",
            "animal"
        ]
    );
    assert_eq!(chain("There is a group of dogs"), ["dogs", "animals"]);
    assert_eq!(generalisations("running quickly"), Err(NotEditable::NoNoun));
}

#[test]
fn order_has_five_options() {
    let options = order_options("A man rides (two) Horses!", 1);
    let options = options.unwrap_or_default();
    assert_eq!(options[0], "a man rides two horses");
    let sorted = |text: &str| {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    for option in &options {
        assert_eq!(sorted(option), sorted(&options[0]));
    }
}

#[test]
fn what_cannot_be_edited_says_why() {
    assert_eq!(negatives("", 0), Err(NotEditable::Empty));
    assert_eq!(negatives(" \n", 0), Err(NotEditable::Empty));
    assert_eq!(
        negatives(&"a dog ".repeat(200), 0),
        Err(NotEditable::TooLong {
            tokens: 400,
            at_most: MAX_TOKENS
        })
    );
    assert_eq!(
        negative_pool("A dog", NegativeKind::Replace, 0),
        Err(NotEditable::TooSimple { things: 1 })
    );
}
