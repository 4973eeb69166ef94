//! Loops over the rows of a matrix.

use rayon::prelude::*;

/// Elements below which a loop is not worth the threads.
pub(super) const PARALLEL_ELEMENTS: usize = 1 << 14;

/// Runs `f(row index, row)` over the rows of `data`, in parallel where it pays.
pub(super) fn for_rows(data: &mut [f32], width: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    if data.len() < PARALLEL_ELEMENTS {
        data.chunks_mut(width)
            .enumerate()
            .for_each(|(i, row)| f(i, row));
    } else {
        let rows_per_task = (PARALLEL_ELEMENTS / width).max(1);
        data.par_chunks_mut(rows_per_task * width)
            .enumerate()
            .for_each(|(task, rows)| {
                for (i, row) in rows.chunks_mut(width).enumerate() {
                    f(task * rows_per_task + i, row);
                }
            });
    }
}
