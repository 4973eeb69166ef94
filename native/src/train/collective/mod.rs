//! What several processes that train one model together say to each other.

use anyhow::Result;

/// The processes of a run, as one of them sees the others. Every process makes the same calls in
/// the same order; each call waits for all of them. The process that ends early ends the others:
/// their call fails, and names it where that is known.
pub(crate) trait Collective: Send {
    /// Number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn world(&self) -> usize;

    /// What every process gave, in the order of their ranks; lengths may differ.
    fn all_gather(&self, values: &[f32]) -> Result<Vec<Vec<f32>>>;

    /// Replaces `values`, equally many in every process, by their sums over all processes: the
    /// same bits in all of them.
    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()>;

    /// Returns when every process has called it.
    fn barrier(&self) -> Result<()>;
}

/// The only process of its run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alone;

impl Collective for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn world(&self) -> usize {
        1
    }

    fn all_gather(&self, values: &[f32]) -> Result<Vec<Vec<f32>>> {
        Ok(vec![values.to_vec()])
    }

    fn all_reduce_sum(&self, _values: &mut [f32]) -> Result<()> {
        Ok(())
    }

    fn barrier(&self) -> Result<()> {
        Ok(())
    }
}
