//! Pillow's antialiased resampling to the last bit (`Resample.c`, `ImagingResample` for 8
//! bits a channel): weights in double precision, rounded to 22 bits of fixed point,
//! a horizontal pass and then a vertical one, with 8-bit samples between them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::RgbImage;

/// The filter. Both widen when the image shrinks, which is what antialiases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resample {
    /// Keys' cubic with a = −0.5, CLIP's own.
    Bicubic,
    /// A triangle.
    Bilinear,
}

impl Resample {
    /// Half the filter's width, in output pixels.
    fn support(self) -> f64 {
        match self {
            Self::Bicubic => 2.0,
            Self::Bilinear => 1.0,
        }
    }

    /// The filter's value. The order of operations is Pillow's, since it is rounded after.
    fn at(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Bicubic => {
                const A: f64 = -0.5;
                if x < 1.0 {
                    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
                } else if x < 2.0 {
                    (((x - 5.0) * x + 8.0) * x - 4.0) * A
                } else {
                    0.0
                }
            }
            Self::Bilinear => (1.0 - x).max(0.0),
        }
    }
}

/// Which part of the scaled image is wanted: its size as a whole, and columns and rows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Size of the whole.
    pub(crate) width: u64,
    /// Size of the whole.
    pub(crate) height: u64,
    /// Wanted columns.
    pub(crate) columns: Range<u64>,
    /// Wanted rows.
    pub(crate) rows: Range<u64>,
}

/// Fixed-point bits of a weight: 32 less 8 for the sample and 2 for overshoot.
const PRECISION: u32 = 32 - 8 - 2;

/// The weights of one output sample: its first input sample and one weight each from there.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

/// Weights for the `wanted` of `output` samples made of `input` ones
/// (Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc`).
fn taps(filter: Resample, input: u32, output: u64, wanted: Range<u64>) -> Vec<Taps> {
    let scale = f64::from(input) / output as f64;
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let per_stretch = 1.0 / stretch;
    wanted
        .map(|sample| {
            let center = (sample as f64 + 0.5) * scale;
            // Truncation towards zero, as C's cast does it, then clamped to the image.
            let first = ((center - support + 0.5) as i64).max(0);
            let end = ((center + support + 0.5) as i64).min(i64::from(input));
            let weights: Vec<f64> = (first..end)
                .map(|at| filter.at((at as f64 - center + 0.5) * per_stretch))
                .collect();
            let sum: f64 = weights.iter().sum();
            let weights = weights
                .into_iter()
                .map(|weight| {
                    let weight = if sum == 0.0 { weight } else { weight / sum };
                    let fixed = weight * f64::from(1u32 << PRECISION);
                    (if weight < 0.0 {
                        fixed - 0.5
                    } else {
                        fixed + 0.5
                    }) as i32
                })
                .collect();
            Taps {
                first: first as usize,
                weights,
            }
        })
        .collect()
}

/// A sum of weighted samples back to 8 bits.
fn to_sample(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

const ROUNDING: i32 = 1 << (PRECISION - 1);

/// The window of the image scaled to `window.width × window.height`:
/// `rows × columns × 3`, exactly the samples that scaling the whole would put there.
pub(crate) fn resample(image: &RgbImage, filter: Resample, window: &Window) -> Vec<u8> {
    let vertical = taps(filter, image.height(), window.height, window.rows.clone());
    // A pass that keeps its size is skipped, as Pillow does; its weights would be 1.
    let needed = if u64::from(image.height()) == window.height {
        window.rows.start as usize..window.rows.end as usize
    } else {
        let first = vertical.first().map_or(0, |taps| taps.first);
        let end = vertical
            .last()
            .map_or(0, |taps| taps.first + taps.weights.len());
        first..end
    };
    let columns = (window.columns.end - window.columns.start) as usize;
    let stride = image.width() as usize * 3;
    let source = &image.data()[needed.start * stride..needed.end * stride];

    let narrowed = if u64::from(image.width()) == window.width {
        let wanted = window.columns.start as usize * 3..window.columns.end as usize * 3;
        source
            .chunks_exact(stride)
            .flat_map(|row| &row[wanted.clone()])
            .copied()
            .collect()
    } else {
        let horizontal = taps(filter, image.width(), window.width, window.columns.clone());
        resample_rows(source, stride, &horizontal)
    };
    if u64::from(image.height()) == window.height {
        return narrowed;
    }
    resample_columns(&narrowed, columns * 3, needed.start, &vertical)
}

/// The horizontal pass over whole rows of `stride` bytes.
fn resample_rows(source: &[u8], stride: usize, taps: &[Taps]) -> Vec<u8> {
    let width = taps.len() * 3;
    let mut out = vec![0; source.len() / stride * width];
    // Weights thrice, so that a row is read as plain bytes and the sums vectorise.
    let tripled: Vec<Vec<i32>> = taps
        .iter()
        .map(|taps| {
            taps.weights
                .iter()
                .flat_map(|&weight| [weight; 3])
                .collect()
        })
        .collect();
    each_row(&mut out, width, |y, out| {
        let row = &source[y * stride..(y + 1) * stride];
        for ((pixel, taps), weights) in out.chunks_exact_mut(3).zip(taps).zip(&tripled) {
            let samples = &row[taps.first * 3..][..weights.len()];
            pixel.copy_from_slice(&weighted_pixel(samples, weights).map(to_sample));
        }
    });
    out
}

/// Sums of red, green and blue. Integer addition may be reordered, so lanes change nothing.
fn weighted_pixel(samples: &[u8], weights: &[i32]) -> [i32; 3] {
    const LANES: usize = 24; // three vectors of eight, and a whole number of pixels
    let mut lanes = [0i32; LANES];
    let (samples, samples_rest) = samples.as_chunks::<LANES>();
    let (weights, weights_rest) = weights.as_chunks::<LANES>();
    for (samples, weights) in samples.iter().zip(weights) {
        for lane in 0..LANES {
            lanes[lane] += i32::from(samples[lane]) * weights[lane];
        }
    }
    let mut sums = [ROUNDING; 3];
    for (lane, partial) in lanes.into_iter().enumerate() {
        sums[lane % 3] += partial;
    }
    for (lane, (&sample, &weight)) in samples_rest.iter().zip(weights_rest).enumerate() {
        sums[lane % 3] += i32::from(sample) * weight;
    }
    sums
}

/// The vertical pass over rows of `stride` bytes, of which the first is row `top`.
fn resample_columns(source: &[u8], stride: usize, top: usize, taps: &[Taps]) -> Vec<u8> {
    let mut out = vec![0; taps.len() * stride];
    each_row(&mut out, stride, |y, out| {
        let taps = &taps[y];
        let mut sums = vec![ROUNDING; stride];
        let rows = source[(taps.first - top) * stride..].chunks_exact(stride);
        for (row, &weight) in rows.zip(&taps.weights) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += i32::from(sample) * weight;
            }
        }
        for (sample, sum) in out.iter_mut().zip(sums) {
            *sample = to_sample(sum);
        }
    });
    out
}

/// Fills rows of `stride` bytes, in parallel where there are threads.
fn each_row(out: &mut [u8], stride: usize, fill: impl Fn(usize, &mut [u8]) + Sync) {
    #[cfg(not(target_arch = "wasm32"))]
    {
        use rayon::prelude::*;
        out.par_chunks_exact_mut(stride)
            .with_min_len(16)
            .enumerate()
            .for_each(|(y, row)| fill(y, row));
    }
    #[cfg(target_arch = "wasm32")]
    for (y, row) in out.chunks_exact_mut(stride).enumerate() {
        fill(y, row);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// An image without symmetry.
    fn image(width: u32, height: u32) -> RgbImage {
        let count = width as usize * height as usize * 3;
        let data = (0..count).map(|at| (at * 97 % 251) as u8).collect();
        RgbImage::from_samples(width, height, data).unwrap()
    }

    fn whole(width: u64, height: u64) -> Window {
        Window {
            width,
            height,
            columns: 0..width,
            rows: 0..height,
        }
    }

    #[test]
    fn weights_of_a_sample_sum_to_one() {
        for filter in [Resample::Bicubic, Resample::Bilinear] {
            for (input, output) in [(640, 335), (3, 224), (1, 224), (2000, 7)] {
                for taps in taps(filter, input, output, 0..output) {
                    let sum: i32 = taps.weights.iter().sum();
                    let error = (sum - (1 << PRECISION)).unsigned_abs() as usize;
                    assert!(
                        error <= taps.weights.len(),
                        "{filter:?} {input}→{output}: {sum}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_same_size_is_the_same_image() {
        let image = image(17, 9);
        assert_eq!(
            resample(&image, Resample::Bicubic, &whole(17, 9)),
            image.data()
        );
    }

    #[test]
    fn a_window_is_a_cutting_of_the_whole() {
        let image = image(57, 83);
        for (width, height) in [(20, 31), (57, 31), (20, 83), (57, 83), (114, 90)] {
            let all = resample(&image, Resample::Bicubic, &whole(width, height));
            let window = Window {
                width,
                height,
                columns: 3..14,
                rows: 5..26,
            };
            let cut: Vec<u8> = (5..26)
                .flat_map(|y: usize| {
                    let row = &all[y * width as usize * 3..][..width as usize * 3];
                    row[9..42].to_vec()
                })
                .collect();
            assert_eq!(
                resample(&image, Resample::Bicubic, &window),
                cut,
                "{width}×{height}"
            );
        }
    }
}
