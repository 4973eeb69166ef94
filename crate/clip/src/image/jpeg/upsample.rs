//! Chroma to full size as libjpeg-turbo's "fancy" upsampling does it (`jdsample.c`): a
//! triangle filter for factors of two, whose roundings alternate, and repetition for others.

#![expect(
    clippy::cast_possible_truncation,
    reason = "a weighted mean of samples is a sample"
)]

/// One component's samples.
pub(super) struct Plane {
    /// Rows of `stride` samples, at least `height` of them.
    pub(super) samples: Vec<u8>,
    pub(super) stride: usize,
    /// Columns that carry the image.
    pub(super) width: usize,
    /// Rows that carry the image.
    pub(super) height: usize,
}

impl Plane {
    fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.stride..][..self.width]
    }

    /// Row `y / 2` and, of its neighbours, the one that row `y` of twice the height is nearer to.
    fn near_and_far(&self, y: usize) -> (&[u8], &[u8]) {
        let near = y / 2;
        let far = if y.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            (near + 1).min(self.height - 1)
        };
        (self.row(near), self.row(far))
    }
}

/// How a component is brought to full size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upsampling {
    /// Twice as wide, by the triangle filter.
    Wider,
    /// Twice as high, by the triangle filter.
    Higher,
    /// Both.
    WiderAndHigher,
    /// Every sample this many times across and down.
    Repeat { across: usize, down: usize },
}

impl Upsampling {
    /// libjpeg's choice for a component that is `across` and `down` times too small and
    /// `width` samples wide: the filter wants three columns.
    pub(super) fn new(across: usize, down: usize, width: usize) -> Self {
        match (across, down) {
            (2, 1) if width > 2 => Self::Wider,
            (1, 2) => Self::Higher,
            (2, 2) if width > 2 => Self::WiderAndHigher,
            _ => Self::Repeat { across, down },
        }
    }

    /// Row `y` of the full-sized component into `out`, which its samples may overshoot.
    pub(super) fn row(self, plane: &Plane, y: usize, out: &mut [u8]) {
        match self {
            Self::Repeat { across: 1, down } => {
                let row = plane.row(y / down);
                let length = out.len().min(row.len());
                out[..length].copy_from_slice(&row[..length]);
            }
            Self::Repeat { across, down } => {
                for (out, &sample) in out.chunks_mut(across).zip(plane.row(y / down)) {
                    out.fill(sample);
                }
            }
            Self::Higher => {
                let (near, far) = plane.near_and_far(y);
                let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                for ((out, &near), &far) in out.iter_mut().zip(near).zip(far) {
                    *out = ((3 * u16::from(near) + u16::from(far) + bias) >> 2) as u8;
                }
            }
            Self::Wider => {
                let samples: Vec<u16> = plane.row(y).iter().copied().map(u16::from).collect();
                widen::<1, 2, 2>(out, &samples);
            }
            Self::WiderAndHigher => {
                let (near, far) = plane.near_and_far(y);
                let sums: Vec<u16> = (near.iter().zip(far))
                    .map(|(&near, &far)| 3 * u16::from(near) + u16::from(far))
                    .collect();
                widen::<8, 7, 4>(out, &sums);
            }
        }
    }
}

/// Two output samples for each input one, of which there are at least two: three quarters of
/// it and a quarter of its left, then of its right neighbour, with `LEFT` and `RIGHT` added
/// before the shift. At the borders, where a neighbour is missing, the sample stands for it.
fn widen<const LEFT: u16, const RIGHT: u16, const SHIFT: u32>(out: &mut [u8], samples: &[u16]) {
    let pair = |left: u16, sample: u16, right: u16| {
        [
            ((3 * sample + left + LEFT) >> SHIFT) as u8,
            ((3 * sample + right + RIGHT) >> SHIFT) as u8,
        ]
    };
    let (&[first, second, ..], &[.., before_last, last]) = (samples, samples) else {
        return;
    };
    out[..2].copy_from_slice(&pair(first, first, second));
    for (out, around) in out[2..].chunks_exact_mut(2).zip(samples.windows(3)) {
        out.copy_from_slice(&pair(around[0], around[1], around[2]));
    }
    // The last pair, unless the middle has filled all; of an odd row only its first sample.
    let end = pair(before_last, last, last);
    let at = 2 * (samples.len() - 1);
    let rest = &mut out[at..];
    let length = rest.len().min(2);
    rest[..length].copy_from_slice(&end[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(samples: &[u8], width: usize) -> Plane {
        Plane {
            samples: samples.to_vec(),
            stride: width,
            width,
            height: samples.len() / width,
        }
    }

    #[test]
    fn three_quarters_and_a_quarter_with_alternating_rounding() {
        let mut out = [0; 6];
        Upsampling::Wider.row(&plane(&[10, 20, 31], 3), 0, &mut out);
        // 10, (30+20+2)/4, (60+10+1)/4, (60+31+2)/4, (93+20+1)/4, 31
        assert_eq!(out, [10, 13, 17, 23, 28, 31]);
        let mut out = [0; 2];
        let tall = plane(&[10, 11, 20, 22], 2);
        Upsampling::Higher.row(&tall, 1, &mut out);
        assert_eq!(out, [(30 + 20 + 2) / 4, (33 + 22 + 2) / 4]);
        Upsampling::Higher.row(&tall, 2, &mut out);
        assert_eq!(out, [(60 + 10 + 1) / 4, (66 + 11 + 1) / 4]);
    }

    #[test]
    fn narrow_components_are_repeated() {
        assert_eq!(
            Upsampling::new(2, 2, 2),
            Upsampling::Repeat { across: 2, down: 2 }
        );
        let mut out = [0; 3];
        Upsampling::new(2, 2, 2).row(&plane(&[1, 2, 3, 4], 2), 3, &mut out);
        assert_eq!(out, [3, 3, 4]);
    }
}
