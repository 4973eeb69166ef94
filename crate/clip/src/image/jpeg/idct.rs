//! libjpeg's accurate integer inverse DCT (`jdctint.c`, `jpeg_idct_islow`), which is what
//! Pillow's default decodes with: Loeffler, Ligtenberg and Moschytz's, in 13-bit fixed point.

use std::num::Wrapping;

/// A block's coefficients in natural order, row by row.
pub(super) type Block = [i16; 64];

type Int = Wrapping<i32>;

const CONST_BITS: usize = 13;
/// Extra bits that the first pass leaves for the second.
const PASS1_BITS: usize = 2;

const FIX_0_298631336: Int = Wrapping(2446);
const FIX_0_390180644: Int = Wrapping(3196);
const FIX_0_541196100: Int = Wrapping(4433);
const FIX_0_765366865: Int = Wrapping(6270);
const FIX_0_899976223: Int = Wrapping(7373);
const FIX_1_175875602: Int = Wrapping(9633);
const FIX_1_501321110: Int = Wrapping(12299);
const FIX_1_847759065: Int = Wrapping(15137);
const FIX_1_961570560: Int = Wrapping(16069);
const FIX_2_053119869: Int = Wrapping(16819);
const FIX_2_562915447: Int = Wrapping(20995);
const FIX_3_072711026: Int = Wrapping(25172);

/// Dequantises and transforms a block and writes its 8×8 samples at the start of `out`,
/// whose rows are `stride` apart.
///
/// Sums wrap, as they do in libjpeg-turbo's vector code; only a damaged file gets there.
pub(super) fn idct(block: &Block, quantisation: &[u16; 64], out: &mut [u8], stride: usize) {
    if block[1..].iter().all(|&coefficient| coefficient == 0) {
        let dc = Wrapping(i32::from(block[0].wrapping_mul(quantisation[0] as i16)));
        let level = to_sample(descale(dc << PASS1_BITS, PASS1_BITS + 3));
        for row in out.chunks_mut(stride).take(8) {
            row[..8].fill(level);
        }
        return;
    }
    let mut rows: [[Int; 8]; 8] = std::array::from_fn(|y| {
        std::array::from_fn(|x| {
            let at = 8 * y + x;
            Wrapping(i32::from(block[at].wrapping_mul(quantisation[at] as i16)))
        })
    });
    pass(&mut rows, CONST_BITS - PASS1_BITS);
    let mut columns = transposed(&rows);
    pass(&mut columns, CONST_BITS + PASS1_BITS + 3);
    let samples = transposed(&columns);
    for (row, samples) in out.chunks_mut(stride).zip(samples) {
        for (out, sample) in row.iter_mut().zip(samples) {
            *out = to_sample(sample);
        }
    }
}

fn to_sample(level: Int) -> u8 {
    (level.0.saturating_add(128)).clamp(0, 255) as u8
}

fn descale(value: Int, bits: usize) -> Int {
    (value + Wrapping(1 << (bits - 1))) >> bits
}

fn transposed(rows: &[[Int; 8]; 8]) -> [[Int; 8]; 8] {
    std::array::from_fn(|x| std::array::from_fn(|y| rows[y][x]))
}

/// Eight one-dimensional transforms down the columns, side by side so that they vectorise.
#[allow(clippy::needless_range_loop)] // what is walked is each row's lane
fn pass(rows: &mut [[Int; 8]; 8], bits: usize) {
    for lane in 0..8 {
        // Even part.
        let (z2, z3) = (rows[2][lane], rows[6][lane]);
        let z1 = (z2 + z3) * FIX_0_541196100;
        let even2 = z1 - z3 * FIX_1_847759065;
        let even3 = z1 + z2 * FIX_0_765366865;
        let even0 = (rows[0][lane] + rows[4][lane]) << CONST_BITS;
        let even1 = (rows[0][lane] - rows[4][lane]) << CONST_BITS;
        let sums = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];

        // Odd part.
        let [t0, t1, t2, t3] = [rows[7][lane], rows[5][lane], rows[3][lane], rows[1][lane]];
        let z5 = (t0 + t2 + t1 + t3) * FIX_1_175875602;
        let z1 = -(t0 + t3) * FIX_0_899976223;
        let z2 = -(t1 + t2) * FIX_2_562915447;
        let z3 = z5 - (t0 + t2) * FIX_1_961570560;
        let z4 = z5 - (t1 + t3) * FIX_0_390180644;
        let odds = [
            t3 * FIX_1_501321110 + z1 + z4,
            t2 * FIX_3_072711026 + z2 + z3,
            t1 * FIX_2_053119869 + z2 + z4,
            t0 * FIX_0_298631336 + z1 + z3,
        ];
        for (at, (sum, odd)) in sums.into_iter().zip(odds).enumerate() {
            rows[at][lane] = descale(sum + odd, bits);
            rows[7 - at][lane] = descale(sum - odd, bits);
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "made-up coefficients are smaller than 16 bits"
)]
mod tests {
    use super::*;

    /// The transform's definition (T.81, A.3.3) in double precision.
    fn exact(block: &Block) -> [f64; 64] {
        use std::f64::consts::{FRAC_1_SQRT_2, PI};
        std::array::from_fn(|at| {
            let (y, x) = ((at / 8) as f64, (at % 8) as f64);
            let mut sum = 0.0;
            for v in 0..8 {
                for u in 0..8 {
                    let scale = |k: usize| if k == 0 { FRAC_1_SQRT_2 } else { 1.0 };
                    let wave = |k: usize, t: f64| ((2.0 * t + 1.0) * k as f64 * PI / 16.0).cos();
                    sum +=
                        scale(u) * scale(v) * f64::from(block[8 * v + u]) * wave(u, x) * wave(v, y);
                }
            }
            sum / 4.0 + 128.0
        })
    }

    #[test]
    fn it_is_the_inverse_dct() {
        let mut block = [0; 64];
        let mut state = 1u32;
        for round in 0..100 {
            for coefficient in &mut block {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let spread = if round == 0 { 1 } else { 60 };
                *coefficient = ((state >> 16) as i32 % spread - spread / 2) as i16;
            }
            let mut out = [0; 64];
            idct(&block, &[1; 64], &mut out, 8);
            for (ours, exact) in out.iter().zip(exact(&block)) {
                let exact = exact.clamp(0.0, 255.0);
                assert!((f64::from(*ours) - exact).abs() < 0.6, "{ours} {exact}");
            }
        }
    }

    #[test]
    fn the_short_way_for_a_flat_block_is_the_long_way() {
        for dc in -1100..1100 {
            let mut block = [0; 64];
            block[0] = dc;
            let mut flat = [0; 64];
            idct(&block, &[1; 64], &mut flat, 8);
            // A coefficient that its table makes zero takes the long way.
            block[63] = 1;
            let mut table = [1; 64];
            table[63] = 0;
            let mut long = [0; 64];
            idct(&block, &table, &mut long, 8);
            assert_eq!(flat, long, "{dc}");
        }
    }
}
