//! From embeddings to what is compared: similarity matrices and mean directions.

use candle_core::{Device, Tensor};

use super::ScoreError;

/// The cosines of all pairs of two matrices of normalised embeddings: `queries` [n, width] and
/// `candidates` [m, width], row-major, give [n, m]. f32 throughout, as the references compute it.
///
/// Memory is that of the result: for large sets call it with a block of queries at a time.
///
/// # Errors
/// [`ScoreError::Length`] if a matrix is no whole number of rows.
pub fn similarities(
    queries: &[f32],
    candidates: &[f32],
    width: usize,
) -> Result<Vec<f32>, ScoreError> {
    let n = rows("the query embeddings", queries, width)?;
    let m = rows("the candidate embeddings", candidates, width)?;
    if n == 0 || m == 0 {
        return Ok(Vec::new());
    }
    let product = || -> candle_core::Result<Vec<f32>> {
        let queries = Tensor::from_slice(queries, (n, width), &Device::Cpu)?;
        let candidates = Tensor::from_slice(candidates, (m, width), &Device::Cpu)?;
        queries.matmul(&candidates.t()?)?.flatten_all()?.to_vec1()
    };
    Ok(product().expect("the shapes were checked"))
}

/// The mean direction of embeddings [n, width]: each normalised, averaged, normalised again.
///
/// It makes a class weight of a class's templates (CLIP's prompt ensembling; Netflix/clove
/// `zero_shot_classifier.py`) and a video's embedding of its frames. Sums are f64.
///
/// # Errors
/// [`ScoreError::Length`] if the matrix is no whole number of rows, [`ScoreError::NoItems`]
/// without any, [`ScoreError::NoDirection`] for a row of length zero or that is not finite, or
/// rows that cancel.
pub fn mean_direction(embeddings: &[f32], width: usize) -> Result<Vec<f32>, ScoreError> {
    let what = "the embeddings to average";
    let n = rows(what, embeddings, width)?;
    if n == 0 {
        return Err(ScoreError::NoItems { what: what.into() });
    }
    let length = |row: usize, squares: f64| {
        let length = squares.sqrt();
        if length.is_normal() {
            Ok(length)
        } else {
            Err(ScoreError::NoDirection { what, row })
        }
    };
    let mut sum = vec![0f64; width];
    for (row, embedding) in embeddings.chunks_exact(width).enumerate() {
        let norm = length(row, embedding.iter().map(|&x| f64::from(x).powi(2)).sum())?;
        for (sum, &x) in sum.iter_mut().zip(embedding) {
            *sum += f64::from(x) / norm;
        }
    }
    let norm = length(n, sum.iter().map(|x| x * x).sum())?;
    // Opposite f32 rows leave their rounding errors: a direction made of noise.
    if norm / (n as f64) < 1e-6 {
        return Err(ScoreError::NoDirection { what, row: n });
    }
    Ok(sum.into_iter().map(|x| (x / norm) as f32).collect())
}

/// How many rows a matrix has.
fn rows(what: &'static str, matrix: &[f32], width: usize) -> Result<usize, ScoreError> {
    let rows = matrix.len() / width.max(1);
    if rows * width == matrix.len() {
        Ok(rows)
    } else {
        Err(ScoreError::Length {
            what,
            expected: (rows + 1) * width,
            found: matrix.len(),
        })
    }
}
