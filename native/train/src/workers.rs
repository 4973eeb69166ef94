//! Threads that each compute a part of a step by themselves.
//!
//! Only a matrix product is worth several threads, and between two products all but one thread
//! would wait. So every thread takes whole parts of the batch instead, in a rayon pool of its own
//! with one thread: what a kernel would spread over the pool stays on that thread, and there are
//! never more threads than asked for, whatever candle and gemm make of the number of cores.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use anyhow::{Context, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Graphs are walked recursively; the deepest towers need more than the 2 MiB of a thread.
const STACK: usize = 16 << 20;

/// A fixed number of threads.
#[derive(Debug)]
pub(crate) struct Workers {
    pools: Vec<ThreadPool>,
}

impl Workers {
    /// Starts `threads` threads, at least one.
    pub(crate) fn new(threads: usize) -> Result<Self> {
        let pools = (0..threads.max(1)).map(|worker| {
            ThreadPoolBuilder::new()
                .num_threads(1)
                .stack_size(STACK)
                .thread_name(move |_| format!("chunks-{worker}"))
                .build()
                .context("cannot start a thread that computes")
        });
        Ok(Self {
            pools: pools.collect::<Result<_>>()?,
        })
    }

    /// `make(0)`, `make(1)`, … `make(count − 1)`, in this order, each made on one of the threads.
    ///
    /// # Errors
    /// One of those of `make`; nothing more is begun after the first.
    pub(crate) fn map<T: Send>(
        &self,
        count: usize,
        make: impl Fn(usize) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let mut made = Vec::with_capacity(count);
        self.fold(count, make, |item| {
            made.push(item);
            Ok(())
        })?;
        Ok(made)
    }

    /// As [`Self::map`], each item given to `take` in the order of the numbers as soon as those
    /// before it are taken: what is summed does not depend on the number of threads.
    ///
    /// # Errors
    /// As [`Self::map`], or that of `take`.
    pub(crate) fn fold<T: Send>(
        &self,
        count: usize,
        make: impl Fn(usize) -> Result<T> + Sync,
        mut take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            // A thread waits until its item is received, so that few are held at a time.
            let (sender, receiver) = sync_channel(0);
            for pool in self.pools.iter().take(count) {
                let sender = sender.clone();
                let (next, failed, make) = (&next, &failed, &make);
                scope.spawn(move || {
                    pool.install(|| {
                        loop {
                            let index = next.fetch_add(1, Ordering::Relaxed);
                            if index >= count || failed.load(Ordering::Relaxed) {
                                return;
                            }
                            if sender.send((index, make(index))).is_err() {
                                return;
                            }
                        }
                    });
                });
            }
            drop(sender);
            let mut early = BTreeMap::new();
            let mut due = 0;
            for (index, item) in &receiver {
                let taken = item.and_then(|item| {
                    early.insert(index, item);
                    while let Some(item) = early.remove(&due) {
                        take(item)?;
                        due += 1;
                    }
                    Ok(())
                });
                if taken.is_err() {
                    failed.store(true, Ordering::Relaxed);
                    return taken;
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::{Condvar, Mutex};

    use anyhow::ensure;

    use super::*;

    #[test]
    fn items_are_taken_in_order() {
        let expected: Vec<usize> = (0..20).collect();
        let workers = Workers::new(1).unwrap();
        assert_eq!(workers.map(20, Ok).unwrap(), expected);
        assert!(workers.map(0, Ok).unwrap().is_empty());
        // With several threads every even item is done only after the odd one that follows it.
        for threads in [2, 5] {
            let workers = Workers::new(threads).unwrap();
            let (done, changed) = (Mutex::new([false; 20]), Condvar::new());
            let make = |index: usize| {
                let mut done = done.lock().unwrap();
                while index.is_multiple_of(2) && !done[index + 1] {
                    done = changed.wait(done).unwrap();
                }
                done[index] = true;
                changed.notify_all();
                Ok(index)
            };
            assert_eq!(workers.map(20, make).unwrap(), expected);
        }
    }

    #[test]
    fn each_item_has_one_thread() {
        let workers = Workers::new(3).unwrap();
        let seen = workers
            .map(9, |_| Ok(rayon::current_num_threads()))
            .unwrap();
        assert_eq!(seen, [1; 9]);
    }

    #[test]
    fn the_first_error_ends_it() {
        let workers = Workers::new(2).unwrap();
        let begun = AtomicUsize::new(0);
        let error = workers
            .map(1000, |index| {
                begun.fetch_add(1, Ordering::Relaxed);
                ensure!(index != 3, "item {index} is bad");
                Ok(index)
            })
            .unwrap_err();
        assert_eq!(error.to_string(), "item 3 is bad");
        assert!(begun.into_inner() < 20);
        let error = workers.fold(1000, Ok, |item| {
            ensure!(item < 5, "enough");
            Ok(())
        });
        assert_eq!(error.unwrap_err().to_string(), "enough");
    }
}
