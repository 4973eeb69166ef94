//! Components to RGB: libjpeg's choice of colour space (`jdapimin.c`) and arithmetic
//! (`jdcolor.c`), then Pillow's for four components (`Convert.c`, `cmyk2rgb`).

#![expect(
    clippy::cast_possible_truncation,
    reason = "samples are clamped to 8 bits"
)]

/// What a JPEG's components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

impl Colour {
    /// Judges by the components' identifiers, one, three or four of them, whether there is a
    /// JFIF segment, and the transform that an Adobe segment names.
    pub(super) fn of(components: &[u8], jfif: bool, adobe_transform: Option<u8>) -> Self {
        match (components, adobe_transform) {
            ([_], _) => Self::Grey,
            ([_, _, _], _) if jfif => Self::YCbCr,
            ([_, _, _], Some(0)) => Self::Rgb,
            (b"RGB", None) => Self::Rgb,
            ([_, _, _], _) => Self::YCbCr,
            (_, None | Some(0)) => Self::Cmyk,
            (_, Some(_)) => Self::Ycck,
        }
    }

    /// A row of RGB from a row of each component.
    pub(super) fn row(self, components: &[Vec<u8>], out: &mut [u8]) {
        if let (Self::YCbCr, [y, cb, cr]) = (self, components) {
            return ycbcr_row(y, cb, cr, out);
        }
        let pixels = out.chunks_exact_mut(3);
        match (self, components) {
            (Self::Rgb, [red, green, blue]) => {
                for (((pixel, &red), &green), &blue) in pixels.zip(red).zip(green).zip(blue) {
                    pixel.copy_from_slice(&[red, green, blue]);
                }
            }
            // Pillow takes every four-component file for Adobe's inverted kind.
            (Self::Cmyk, [c, m, y, k]) => {
                for ((((pixel, &c), &m), &y), &k) in pixels.zip(c).zip(m).zip(y).zip(k) {
                    pixel.copy_from_slice(&[c, m, y].map(|ink| under_black(ink, k)));
                }
            }
            (Self::Ycck, [y, cb, cr, k]) => {
                for ((((pixel, &y), &cb), &cr), &k) in pixels.zip(y).zip(cb).zip(cr).zip(k) {
                    // libjpeg inverts once to make CMY of RGB, and Pillow once more.
                    let rgb = ycbcr_to_rgb(y, cb, cr);
                    pixel.copy_from_slice(&rgb.map(|sample| under_black(255 - sample, k)));
                }
            }
            _ => {
                for (pixel, &grey) in pixels.zip(components.iter().flatten()) {
                    pixel.fill(grey);
                }
            }
        }
    }
}

/// A row of the commonest kind, sixteen pixels at a time so that it vectorises.
fn ycbcr_row(y: &[u8], cb: &[u8], cr: &[u8], out: &mut [u8]) {
    const LANES: usize = 16;
    let (y, y_rest) = y.as_chunks::<LANES>();
    let (cb, cb_rest) = cb.as_chunks::<LANES>();
    let (cr, cr_rest) = cr.as_chunks::<LANES>();
    let (out, out_rest) = out.split_at_mut(y.len() * LANES * 3);
    for (((out, y), cb), cr) in out.chunks_exact_mut(LANES * 3).zip(y).zip(cb).zip(cr) {
        let rgb: [[u8; 3]; LANES] =
            std::array::from_fn(|lane| ycbcr_to_rgb(y[lane], cb[lane], cr[lane]));
        out.copy_from_slice(rgb.as_flattened());
    }
    let rest = y_rest.iter().zip(cb_rest).zip(cr_rest);
    for (out, ((&y, &cb), &cr)) in out_rest.chunks_exact_mut(3).zip(rest) {
        out.copy_from_slice(&ycbcr_to_rgb(y, cb, cr));
    }
}

/// JFIF's YCbCr in 16-bit fixed point, rounded as libjpeg's tables are.
fn ycbcr_to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const BITS: i32 = 16;
    const HALF: i32 = 1 << (BITS - 1);
    const CR_TO_RED: i32 = 91_881; // 1.40200
    const CB_TO_BLUE: i32 = 116_130; // 1.77200
    const CR_TO_GREEN: i32 = 46_802; // 0.71414
    const CB_TO_GREEN: i32 = 22_554; // 0.34414
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    [
        y + ((CR_TO_RED * cr + HALF) >> BITS),
        y + ((-CB_TO_GREEN * cb - CR_TO_GREEN * cr + HALF) >> BITS),
        y + ((CB_TO_BLUE * cb + HALF) >> BITS),
    ]
    .map(|sample| sample.clamp(0, 255) as u8)
}

/// Pillow's CMYK to RGB for one ink, both inverted (255 is no ink): what black leaves of
/// white, less the ink's share of it.
fn under_black(ink: u8, black: u8) -> u8 {
    let white = u32::from(black);
    let product = u32::from(255 - ink) * white + 128;
    let covered = ((product >> 8) + product) >> 8;
    white.saturating_sub(covered) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_spaces_are_judged_as_libjpeg_judges() {
        let of = Colour::of;
        assert_eq!(of(&[1], false, Some(0)), Colour::Grey);
        assert_eq!(of(&[1, 2, 3], false, None), Colour::YCbCr);
        assert_eq!(of(b"RGB", false, None), Colour::Rgb);
        assert_eq!(of(b"RGB", true, None), Colour::YCbCr);
        assert_eq!(of(&[1, 2, 3], false, Some(0)), Colour::Rgb);
        assert_eq!(of(&[1, 2, 3], true, Some(0)), Colour::YCbCr);
        assert_eq!(of(&[1, 2, 3, 4], false, None), Colour::Cmyk);
        assert_eq!(of(&[1, 2, 3, 4], true, Some(2)), Colour::Ycck);
    }

    #[test]
    fn primaries() {
        assert_eq!(ycbcr_to_rgb(255, 128, 128), [255; 3]);
        assert_eq!(ycbcr_to_rgb(76, 85, 255), [254, 0, 0]);
        assert_eq!(under_black(255, 255), 255, "no ink, no black");
        assert_eq!(under_black(0, 255), 0, "full ink");
        assert_eq!(under_black(255, 0), 0, "full black");
    }
}
