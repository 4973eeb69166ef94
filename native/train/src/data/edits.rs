//! Hard negatives and hard positives made of a caption while training.

use cliprobe_caption::{Edit, NotEditable, negative_pool, positive_pool};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::recipe::EditsRecipe;
use crate::sample::Sample;

impl EditsRecipe {
    /// Gives a sample at most one hard negative and one hard positive, where its data brought none.
    /// A caption that cannot be edited stays without (CLoVe: "0 or 1 negative per caption").
    pub(super) fn apply(&self, sample: &mut Sample, dice: &mut ChaCha8Rng) {
        // The same numbers are drawn whatever the data brought.
        let seed = dice.random();
        let caption = &sample.caption;
        let negative = one_of(&self.hard_negatives, dice, |kind| {
            negative_pool(caption, kind, seed)
        });
        let positive = one_of(&self.hard_positives, dice, |kind| {
            positive_pool(caption, kind)
        });
        if sample.hard_negatives.is_empty() {
            sample.hard_negatives.extend(negative);
        }
        if sample.hard_positive.is_none() {
            sample.hard_positive = positive;
        }
    }
}

fn one_of<K: Copy>(
    kinds: &[K],
    dice: &mut ChaCha8Rng,
    pool: impl Fn(K) -> Result<Vec<Edit>, NotEditable>,
) -> Option<String> {
    let mut kinds = kinds.to_vec();
    kinds.shuffle(dice);
    let pool = kinds.into_iter().find_map(|kind| pool(kind).ok())?;
    pool.choose(dice).map(|edit| edit.text.clone())
}

#[cfg(test)]
mod tests {
    use cliprobe_caption::{NegativeKind, PositiveKind};

    use super::super::dice::dice;
    use super::*;

    fn sample(caption: &str) -> Sample {
        Sample {
            pixels: Vec::new(),
            caption: caption.to_owned(),
            hard_negatives: Vec::new(),
            hard_positive: None,
        }
    }

    fn all() -> EditsRecipe {
        EditsRecipe {
            hard_negatives: vec![NegativeKind::Replace, NegativeKind::Negclip],
            hard_positives: PositiveKind::ALL.to_vec(),
        }
    }

    const CAPTION: &str = "A black dog and a white cat sit on a small bench";

    #[test]
    fn a_caption_gets_one_of_each_and_another_one_later() {
        let mut negatives = std::collections::BTreeSet::new();
        for epoch in 0..20 {
            let mut edited = sample(CAPTION);
            all().apply(&mut edited, &mut dice([epoch]));
            assert_eq!(edited.caption, CAPTION);
            assert_eq!(edited.hard_negatives.len(), 1);
            assert_ne!(edited.hard_negatives[0], CAPTION);
            assert!(
                edited
                    .hard_positive
                    .as_ref()
                    .is_some_and(|text| text != CAPTION)
            );
            let mut again = sample(CAPTION);
            all().apply(&mut again, &mut dice([epoch]));
            assert_eq!(again, edited);
            negatives.extend(edited.hard_negatives);
        }
        assert!(negatives.len() > 5, "{negatives:?}");
    }

    #[test]
    fn what_cannot_be_edited_stays_and_what_the_data_brought_too() {
        let mut plain = sample("a cat");
        let replace = EditsRecipe {
            hard_negatives: vec![NegativeKind::Replace],
            hard_positives: vec![PositiveKind::Swap],
        };
        replace.apply(&mut plain, &mut dice([1]));
        assert_eq!(plain, sample("a cat"));
        let mut given = sample(CAPTION);
        given.hard_negatives = vec!["from the table".to_owned()];
        all().apply(&mut given, &mut dice([1]));
        assert_eq!(given.hard_negatives, ["from the table"]);
    }
}
