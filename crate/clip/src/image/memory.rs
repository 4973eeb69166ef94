//! Memory that decoders share.
//!
//! A header of a few bytes may declare an image of 179 million pixels, and images are decoded
//! on all cores at once. Each decoder therefore states what it will need before it allocates
//! anything. Decoders wait while the others hold the budget, so the peak does not grow with the
//! number of cores; one that needs more than the whole budget is admitted alone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::ImageError;

/// What all decoders of the process hold together, in bytes: 1 GiB. Forty photos of 8 million
/// pixels fit.
const BUDGET: u64 = 1 << 30;

/// What is asked for is tried out from this size on. Smaller allocations do not fail in practice.
const TRIED_FROM: u64 = 32 << 20;

static SHARED: Budget = Budget::new(BUDGET);

/// A number of bytes that is given out and taken back.
struct Budget {
    all: u64,
    held: Mutex<u64>,
    returned: Condvar,
}

impl Budget {
    const fn new(all: u64) -> Self {
        Self {
            all,
            held: Mutex::new(0),
            returned: Condvar::new(),
        }
    }

    fn held(&self) -> MutexGuard<'_, u64> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `bytes` are free, or nothing is held.
    fn take(&self, bytes: u64) -> WorkingSet<'_> {
        let mut held = self.held();
        while *held > 0 && held.saturating_add(bytes) > self.all {
            held = (self.returned.wait(held)).unwrap_or_else(PoisonError::into_inner);
        }
        *held = held.saturating_add(bytes);
        WorkingSet {
            budget: self,
            bytes,
        }
    }
}

/// A decoder's share; given back when dropped.
///
/// A thread holds at most one: two would wait for each other.
pub(super) struct WorkingSet<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Drop for WorkingSet<'_> {
    fn drop(&mut self) {
        let mut held = self.budget.held();
        *held = held.saturating_sub(self.bytes);
        drop(held);
        self.budget.returned.notify_all();
    }
}

/// Takes what decoding an image of this size needs from the budget, in bytes.
///
/// # Errors
/// [`ImageError::OutOfMemory`] where the machine has no such memory. The decoders of libraries
/// abort the process there.
pub(super) fn reserve(
    (width, height): (u32, u32),
    bytes: u64,
) -> Result<WorkingSet<'static>, ImageError> {
    let out_of_memory = || ImageError::OutOfMemory {
        width: width.into(),
        height: height.into(),
    };
    let taken = SHARED.take(bytes);
    if bytes >= TRIED_FROM {
        let length = usize::try_from(bytes).map_err(|_| out_of_memory())?;
        (Vec::<u8>::new().try_reserve_exact(length)).map_err(|_| out_of_memory())?;
    }
    Ok(taken)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn decoders_together_hold_no_more_than_the_budget() {
        let budget = Budget::new(100);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8u64 {
                let (budget, now, most) = (&budget, &now, &most);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let bytes = 20 + (thread * 7 + turn) % 30;
                        let taken = budget.take(bytes);
                        let held = now.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        most.fetch_max(held, Ordering::SeqCst);
                        now.fetch_sub(bytes, Ordering::SeqCst);
                        drop(taken);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 100);
        assert_eq!(*budget.held(), 0);
    }

    #[test]
    fn what_is_larger_than_the_budget_is_admitted_alone() {
        let budget = Budget::new(100);
        drop(budget.take(1000));
        let small = budget.take(10);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| drop(budget.take(1000)));
            drop(small);
            waiting.join().unwrap();
        });
        assert_eq!(*budget.held(), 0);
    }

    #[test]
    fn a_size_beyond_any_machine_is_one_sentence() {
        let error = reserve((u32::MAX, u32::MAX), u64::MAX >> 2)
            .map(drop)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "no memory for an image of 4294967295×4294967295 pixels"
        );
    }
}
