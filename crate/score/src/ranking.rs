/// A caption in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Which caption, in the order they were given.
    pub index: usize,
    /// Its cosine with the image, from −1 to 1.
    pub cosine: f32,
    /// 1 is best; equal cosines share a place.
    pub place: usize,
    /// How far its cosine is above the next one's; none for the last. Zero is a tie.
    pub margin: Option<f32>,
}

/// The cosine of two normalised embeddings: their dot product, summed in f64.
///
/// ```
/// use cliprobe_score::cosine;
/// assert_eq!(cosine(&[0.6, 0.8], &[1.0, 0.0]), 0.6);
/// ```
///
/// # Panics
/// If the two are of different lengths: they are of different models.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "embeddings of one model have one length");
    // In f64: margins of a few thousandths are what is read off.
    a.iter()
        .zip(b)
        .map(|(&x, &y)| f64::from(x) * f64::from(y))
        .sum::<f64>() as f32
}

/// Orders captions by their cosine with an image, best first; ties keep the given order.
///
/// ```
/// use cliprobe_score::rank;
/// let ranked = rank(&[0.25, 0.5, 0.25]);
/// let order: Vec<usize> = ranked.iter().map(|ranked| ranked.index).collect();
/// assert_eq!(order, [1, 0, 2]);
/// assert_eq!(ranked[0].margin, Some(0.25));
/// assert_eq!(ranked[1].margin, Some(0.0)); // a tie
/// ```
pub fn rank(cosines: &[f32]) -> Vec<Ranked> {
    let mut order: Vec<usize> = (0..cosines.len()).collect();
    order.sort_by(|&a, &b| cosines[b].total_cmp(&cosines[a]));
    let margin = |at: usize| {
        order
            .get(at + 1)
            .map(|&next| cosines[order[at]] - cosines[next])
    };
    let mut shared_place = 1;
    (0..order.len())
        .map(|at| {
            let cosine = cosines[order[at]];
            if at > 0 && cosine != cosines[order[at - 1]] {
                shared_place = at + 1;
            }
            Ranked {
                index: order[at],
                cosine,
                place: shared_place,
                margin: margin(at),
            }
        })
        .collect()
}

/// `softmax(τ · cosines)` with `τ = e^logit_scale`: the probabilities that CLIP was trained with.
pub fn softmax(cosines: &[f32], logit_scale: f32) -> Vec<f32> {
    let scale = f64::from(logit_scale).exp();
    let largest = cosines.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = cosines
        .iter()
        .map(|&c| (scale * f64::from(c - largest)).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|w| (w / total) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_first_with_margins_and_stable_ties() {
        let ranked = rank(&[0.25, 0.5, 0.25]);
        assert_eq!(
            ranked.iter().map(|r| r.index).collect::<Vec<_>>(),
            [1, 0, 2]
        );
        assert_eq!(
            ranked.iter().map(|r| r.margin).collect::<Vec<_>>(),
            [Some(0.25), Some(0.0), None]
        );
        assert_eq!(
            ranked.iter().map(|r| r.place).collect::<Vec<_>>(),
            [1, 2, 2]
        );
        assert!(rank(&[]).is_empty());
    }

    #[test]
    fn softmax_of_clip() {
        let p = softmax(&[0.3, 0.2], 100f32.ln());
        assert!((p[0] - 1.0 / (1.0 + (-10f32).exp())).abs() < 1e-6);
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
