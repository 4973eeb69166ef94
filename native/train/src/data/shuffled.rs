//! Finite collections as endless streams: every record once an epoch, in an order of its own.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::bad::BadSamples;
use super::dice::dice;
use crate::sample::Source;

/// Records in a row that may be bad before it is no chance any more.
const ATTEMPTS: u64 = 1000;
/// A batch lies in at most two epochs, unless it is larger than the collection.
const DECKS: usize = 2;

/// A collection whose records can be read in any order.
pub(super) trait Records<T>: Send + Sync {
    /// The parts that its records come in, as consecutive numbers: files that are better read one
    /// after the other. One part where that does not matter.
    fn parts(&self) -> &[Range<u32>];

    /// How many parts are mixed with one another.
    fn parts_at_once(&self) -> usize {
        1
    }

    /// How many items a record gives.
    fn items(&self) -> usize {
        1
    }

    /// A record's items. What is random about them comes from the dice.
    ///
    /// # Errors
    /// Why it cannot be used, with its name.
    fn read(&self, record: u32, dice: &mut ChaCha8Rng) -> Result<Vec<T>>;
}

/// The stream of a collection. A record that cannot be used is replaced by another, chosen by lot.
pub(super) struct Shuffled<R> {
    records: R,
    seed: u64,
    /// Items of a step, over all processes.
    batch: usize,
    bad: Arc<BadSamples>,
    workers: Arc<ThreadPool>,
    decks: Mutex<VecDeque<(u64, Arc<Vec<u32>>)>>,
}

impl<R> Shuffled<R> {
    /// `batch` is the number of items of a step, over all processes.
    pub(super) fn new(
        records: R,
        seed: u64,
        batch: usize,
        bad: Arc<BadSamples>,
        workers: Arc<ThreadPool>,
    ) -> Self {
        Self {
            records,
            seed,
            batch,
            bad,
            workers,
            decks: Mutex::default(),
        }
    }

    /// The order of an epoch.
    fn deck<T>(&self, epoch: u64) -> Arc<Vec<u32>>
    where
        R: Records<T>,
    {
        let mut decks = self.decks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, deck)) = decks.iter().find(|(known, _)| *known == epoch) {
            return deck.clone();
        }
        let deck = Arc::new(shuffle(
            self.records.parts(),
            self.records.parts_at_once(),
            &mut dice([self.seed, epoch]),
        ));
        decks.truncate(DECKS - 1);
        decks.push_front((epoch, deck.clone()));
        deck
    }

    fn one<T>(&self, step: u64, unit: usize, units: usize) -> Result<Vec<T>>
    where
        R: Records<T>,
    {
        let all = self.records.parts().last().map_or(0, |part| part.end);
        let draw = step * units as u64 + unit as u64;
        let (epoch, place) = (draw / u64::from(all), draw % u64::from(all));
        let mut record = self.deck(epoch)[place as usize];
        let mut last = None;
        for attempt in 0..ATTEMPTS {
            let mut dice = dice([self.seed, step, unit as u64, attempt]);
            if attempt > 0 {
                record = dice.random_range(0..all);
            }
            match self.records.read(record, &mut dice) {
                Ok(items) => {
                    self.bad.good();
                    return Ok(items);
                }
                Err(why) => {
                    let why = format!("{why:#}");
                    self.bad.bad(why.clone())?;
                    last = Some(why);
                }
            }
        }
        bail!(
            "{ATTEMPTS} samples one after another cannot be used; the last one: {}",
            last.unwrap_or_default()
        )
    }
}

/// Parts in random order, the records of a few at a time mixed.
fn shuffle(parts: &[Range<u32>], at_once: usize, dice: &mut ChaCha8Rng) -> Vec<u32> {
    let mut order: Vec<&Range<u32>> = parts.iter().collect();
    order.shuffle(dice);
    let mut deck = Vec::new();
    for group in order.chunks(at_once.max(1)) {
        let begin = deck.len();
        deck.extend(group.iter().flat_map(|part| (*part).clone()));
        deck[begin..].shuffle(dice);
    }
    deck
}

impl<T: Send, R: Records<T>> Source<T> for Shuffled<R> {
    fn draw(&self, step: u64, rows: Range<usize>) -> Result<Vec<T>> {
        let each = self.records.items();
        let units = self.batch / each;
        // Records are drawn whole, also where another process takes a part of their items.
        let wanted = rows.start / each..rows.end.div_ceil(each);
        let skipped = rows.start - wanted.start * each;
        let drawn: Vec<Vec<T>> = self.workers.install(|| {
            let units_wanted = wanted.into_par_iter();
            units_wanted
                .map(|unit| self.one(step, unit, units))
                .collect::<Result<_>>()
        })?;
        let items = drawn.into_iter().flatten();
        Ok(items.skip(skipped).take(rows.len()).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use anyhow::ensure;
    use rayon::ThreadPoolBuilder;

    use super::*;

    /// Numbers, of which those above a limit are bad.
    struct Numbers {
        parts: Vec<Range<u32>>,
        at_once: usize,
        items: usize,
        bad_from: u32,
    }

    impl Records<(u32, usize)> for Numbers {
        fn parts(&self) -> &[Range<u32>] {
            &self.parts
        }

        fn parts_at_once(&self) -> usize {
            self.at_once
        }

        fn items(&self) -> usize {
            self.items
        }

        fn read(&self, record: u32, _: &mut ChaCha8Rng) -> Result<Vec<(u32, usize)>> {
            ensure!(record < self.bad_from, "number {record} is too large");
            Ok((0..self.items).map(|item| (record, item)).collect())
        }
    }

    fn stream(numbers: Numbers, batch: usize, percent: f64) -> Shuffled<Numbers> {
        let workers = ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let bad = Arc::new(BadSamples::new(percent));
        Shuffled::new(numbers, 7, batch, bad, Arc::new(workers))
    }

    fn plain(count: u32) -> Numbers {
        Numbers {
            parts: std::iter::once(0..count).collect(),
            at_once: 1,
            items: 1,
            bad_from: count,
        }
    }

    fn numbers(source: &Shuffled<Numbers>, step: u64, rows: Range<usize>) -> Vec<u32> {
        let drawn = source.draw(step, rows).unwrap();
        drawn.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn every_record_comes_once_an_epoch_in_another_order_each() {
        let source = stream(plain(10), 4, 1.0);
        let drawn: Vec<u32> = (0..5)
            .flat_map(|step| numbers(&source, step, 0..4))
            .collect();
        for epoch in drawn.chunks(10) {
            let mut sorted = epoch.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(drawn[..10], drawn[10..]);
        // A resumed run, and each of several processes, draws the same.
        let resumed = stream(plain(10), 4, 1.0);
        assert_eq!(numbers(&resumed, 3, 1..3), drawn[13..15]);
    }

    #[test]
    fn a_batch_may_be_larger_than_the_collection() {
        let source = stream(plain(3), 8, 1.0);
        let mut counts = [0; 3];
        for number in numbers(&source, 0, 0..8) {
            counts[number as usize] += 1;
        }
        assert!(counts.iter().all(|&count| count >= 2), "{counts:?}");
    }

    #[test]
    fn parts_are_mixed_a_few_at_a_time() {
        let parts: Vec<Range<u32>> = (0..6).map(|part| 10 * part..10 * part + 10).collect();
        let deck = shuffle(&parts, 2, &mut dice([1]));
        assert_eq!(deck.len(), 60);
        for group in deck.chunks(20) {
            let mut of: Vec<u32> = group.iter().map(|number| number / 10).collect();
            assert!(of.windows(2).any(|pair| pair[0] != pair[1]));
            of.sort_unstable();
            of.dedup();
            assert_eq!(of.len(), 2);
        }
    }

    #[test]
    fn records_of_several_items_are_cut_where_processes_part() {
        let source = stream(
            Numbers {
                items: 2,
                ..plain(10)
            },
            8,
            1.0,
        );
        let whole = source.draw(1, 0..8).unwrap();
        let halves: Vec<usize> = whole.iter().map(|(_, item)| *item).collect();
        assert_eq!(halves, [0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(source.draw(1, 3..6).unwrap(), whole[3..6]);
    }

    #[test]
    fn bad_records_are_replaced_and_named_until_they_are_too_many() {
        let numbers_to_50 = || Numbers {
            bad_from: 48,
            ..plain(50)
        };
        let source = stream(numbers_to_50(), 10, 50.0);
        let drawn: Vec<u32> = (0..5)
            .flat_map(|step| numbers(&source, step, 0..10))
            .collect();
        assert_eq!(drawn.len(), 50);
        assert!(drawn.iter().all(|number| *number < 48));
        let mut named = source.bad.take_untold();
        named.sort();
        assert_eq!(named, ["number 48 is too large", "number 49 is too large"]);
        // The same replacements in a resumed run.
        assert_eq!(
            numbers(&stream(numbers_to_50(), 10, 50.0), 2, 0..10),
            drawn[20..30]
        );

        let strict = stream(numbers_to_50(), 10, 1.0);
        let error = (0..20).find_map(|step| strict.draw(step, 0..10).err());
        assert!(
            error
                .unwrap()
                .to_string()
                .contains("more than data.max_bad_percent = 1 allows")
        );
        let hopeless = stream(
            Numbers {
                bad_from: 0,
                ..plain(50)
            },
            10,
            100.0,
        );
        let error = hopeless.draw(0, 0..1).unwrap_err().to_string();
        assert!(
            error.starts_with("1000 samples one after another"),
            "{error}"
        );
    }
}
