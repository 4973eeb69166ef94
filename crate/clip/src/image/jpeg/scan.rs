//! One scan's coefficients, sequential or progressive (T.81, F.2 and G.1.2–G.2), as
//! libjpeg decodes them (`jdhuff.c`, `jdphuff.c`).

#![expect(
    clippy::cast_possible_truncation,
    reason = "coefficients have 16 bits, as in libjpeg; larger ones wrap"
)]

use super::frame::Frame;
use super::huffman::{Bits, Huffman};
use super::idct::Block;
use super::{corrupt, next_marker, standard};
use crate::image::ImageError;

/// Where each coefficient of a block stands, in the order of the file.
const NATURAL_ORDER: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The place of coefficient `at` of the file; runs that overshoot a block end in its corner.
pub(super) fn natural(at: usize) -> usize {
    usize::from(NATURAL_ORDER[at.min(63)])
}

/// A scan header (T.81, B.2.3).
pub(super) struct Scan {
    /// Index into the frame's components, and the DC and AC tables.
    components: Vec<(usize, usize, usize)>,
    /// Band of coefficients.
    first: usize,
    last: usize,
    /// Bits below the ones that earlier scans gave, and below the ones that this one gives.
    high: u8,
    low: u8,
}

impl Scan {
    pub(super) fn read(body: &[u8], frame: &Frame) -> Result<Self, ImageError> {
        let malformed = || corrupt("its scan header is malformed");
        let (&count, rest) = body.split_first().ok_or_else(malformed)?;
        let (specs, rest) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or_else(malformed)?;
        let &[first, last, bits, ..] = rest else {
            return Err(malformed());
        };
        let components = specs
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&[id, tables]| {
                let at = frame
                    .components
                    .iter()
                    .position(|component| component.id == id)?;
                let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
                (dc < 4 && ac < 4).then_some((at, dc, ac))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(malformed)?;
        let mut scan = Self {
            components,
            first: usize::from(first),
            last: usize::from(last),
            high: bits >> 4,
            low: bits & 15,
        };
        if !frame.progressive {
            // libjpeg warns and reads all.
            (scan.first, scan.last, scan.high, scan.low) = (0, 63, 0, 0);
        }
        let band_is_sane = if scan.first == 0 {
            scan.last == 0 || !frame.progressive
        } else {
            scan.first <= scan.last && scan.last < 64 && scan.components.len() == 1
        };
        let repeats = (1..scan.components.len()).any(|at| {
            scan.components[..at]
                .iter()
                .any(|c| c.0 == scan.components[at].0)
        });
        if scan.components.is_empty() || repeats || !band_is_sane || scan.low > 13 {
            return Err(malformed());
        }
        Ok(scan)
    }

    /// The frame's components that this scan carries.
    pub(super) fn components(&self) -> impl Iterator<Item = usize> {
        self.components.iter().map(|&(component, _, _)| component)
    }

    /// MCUs across and down. A component on its own has no MCUs and no padding blocks.
    fn mcus(&self, frame: &Frame) -> (usize, usize) {
        match self.components[..] {
            [(alone, _, _)] => {
                let component = &frame.components[alone];
                (component.blocks_wide, component.blocks_high)
            }
            _ => frame.mcus(),
        }
    }

    /// How many blocks it passes over.
    pub(super) fn blocks(&self, frame: &Frame) -> u64 {
        let (wide, high) = self.mcus(frame);
        let each: usize = match self.components[..] {
            [_] => 1,
            _ => (self.components())
                .map(|at| frame.components[at].across * frame.components[at].down)
                .sum(),
        };
        (wide * high * each) as u64
    }
}

/// Code tables that may be redefined between scans.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) dc: [Option<Huffman>; 4],
    pub(super) ac: [Option<Huffman>; 4],
    /// MCUs between restart markers; 0 for none.
    pub(super) restart_interval: usize,
}

impl Tables {
    /// Takes in the body of a segment that defines code tables.
    pub(super) fn define(&mut self, mut body: &[u8]) -> Result<(), ImageError> {
        let malformed = || corrupt("a Huffman table is malformed");
        while let Some((&kind, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(malformed)?;
            let count = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(count).ok_or_else(malformed)?;
            let tables = match kind >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(malformed()),
            };
            let table = tables
                .get_mut(usize::from(kind & 15))
                .ok_or_else(malformed)?;
            *table = Some(Huffman::new(counts, symbols).ok_or_else(malformed)?);
            body = rest;
        }
        Ok(())
    }

    /// Fills the places of the first two tables that are empty, as libjpeg-turbo does for the
    /// frames of Motion JPEG, which bring none.
    pub(super) fn fill_with_standard(&mut self) -> Result<(), ImageError> {
        let mut standard = Self::default();
        standard.define(&standard::TABLES)?;
        for (tables, standard) in [(&mut self.dc, standard.dc), (&mut self.ac, standard.ac)] {
            for (table, standard) in tables.iter_mut().zip(standard) {
                *table = table.take().or(standard);
            }
        }
        Ok(())
    }
}

/// What is carried from block to block.
struct State<'a> {
    bits: Bits<'a>,
    /// Last DC value of each component of the scan.
    dc: [i32; 4],
    /// Blocks that the current end-of-band run still covers.
    run: u32,
}

/// Decodes the scan whose bits begin at byte `at`, and returns the byte after them.
pub(super) fn decode(
    scan: &Scan,
    frame: &mut Frame,
    tables: &Tables,
    bytes: &[u8],
    at: usize,
) -> Result<usize, ImageError> {
    let needs_dc = scan.first == 0 && scan.high == 0;
    let needs_ac = scan.last > 0;
    let codes = scan
        .components
        .iter()
        .map(|&(_, dc, ac)| {
            let dc = tables.dc[dc].as_ref();
            let ac = tables.ac[ac].as_ref();
            let missing = (needs_dc && dc.is_none()) || (needs_ac && ac.is_none());
            (!missing).then_some((dc, ac))
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| corrupt("a scan uses a Huffman table that is not there"))?;

    let alone = scan.components.len() == 1;
    let (wide, high) = scan.mcus(frame);
    let mut state = State {
        bits: Bits::new(bytes, at),
        dc: [0; 4],
        run: 0,
    };
    let mut restarts = 0u8;
    for mcu in 0..wide * high {
        if tables.restart_interval > 0 && mcu > 0 && mcu % tables.restart_interval == 0 {
            restart(&mut state, bytes, restarts);
            restarts = (restarts + 1) % 8;
        }
        if state.bits.exhausted() {
            if tables.restart_interval == 0 {
                break;
            }
            continue; // until the next restart, as libjpeg does
        }
        let place = (mcu % wide, mcu / wide);
        for (slot, (&(component, _, _), &codes)) in scan.components.iter().zip(&codes).enumerate() {
            let component = &mut frame.components[component];
            let (across, down) = if alone {
                (1, 1)
            } else {
                (component.across, component.down)
            };
            for block in 0..across * down {
                let place = (
                    place.0 * across + block % across,
                    place.1 * down + block / across,
                );
                if frame.progressive {
                    let block = component.block_mut(place);
                    progressive_block(scan, &mut state, slot, codes, block);
                } else {
                    let mut block = [0; 64];
                    sequential_block(&mut state, slot, codes, &mut block);
                    component.put(place, &block);
                }
            }
        }
    }
    Ok(state.bits.position())
}

/// The code tables of one component, those that the scan needs.
type Codes<'a> = (Option<&'a Huffman>, Option<&'a Huffman>);

/// Goes on behind the restart marker that is due. If it is not what comes next, libjpeg's
/// `jpeg_resync_to_restart` decides: a marker just ahead of its turn is left standing (its
/// predecessors are lost), an old one or nonsense is passed over, any other is taken.
///
/// Where a marker is left standing, the bits go on at that marker, as in libjpeg. The next
/// restart therefore begins its search there: no byte is searched twice, however many
/// restarts the header asks for.
fn restart(state: &mut State<'_>, bytes: &[u8], due: u8) {
    state.dc = [0; 4];
    state.run = 0;
    let mut at = state.bits.position();
    while let Some((marker, after)) = next_marker(bytes, at) {
        match marker {
            0xd0..=0xd7 => match (marker - 0xd0).wrapping_sub(due) % 8 {
                1 | 2 => return state.bits.stand_at(after - 2),
                6 | 7 => at = after,
                _ => return state.bits.restart(after),
            },
            0x01..0xc0 => at = after,
            _ => return state.bits.stand_at(after - 2),
        }
    }
    state.bits.stand_at(bytes.len());
}

fn sequential_block(state: &mut State<'_>, slot: usize, codes: Codes<'_>, block: &mut Block) {
    let (Some(dc), Some(ac)) = codes else { return };
    let bits = &mut state.bits;
    let size = u32::from(bits.symbol(dc)).min(16);
    state.dc[slot] = state.dc[slot].wrapping_add(bits.signed(size));
    block[0] = state.dc[slot] as i16;
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(ac);
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size > 0 {
            at += run;
            block[natural(at)] = bits.signed(size) as i16;
            at += 1;
        } else if run == 15 {
            at += 16;
        } else {
            break;
        }
    }
}

fn progressive_block(
    scan: &Scan,
    state: &mut State<'_>,
    slot: usize,
    (dc, ac): Codes<'_>,
    block: &mut Block,
) {
    match (scan.first, scan.high, dc, ac) {
        (0, 0, Some(dc), _) => {
            let size = u32::from(state.bits.symbol(dc)).min(16);
            state.dc[slot] = state.dc[slot].wrapping_add(state.bits.signed(size));
            block[0] = (state.dc[slot] << scan.low) as i16;
        }
        (0, _, _, _) => block[0] |= (state.bits.take(1) << scan.low) as i16,
        (_, 0, _, Some(ac)) => first_band(scan, state, ac, block),
        (_, _, _, Some(ac)) => refine_band(scan, state, ac, block),
        _ => {}
    }
}

/// The first bits of a band (`decode_mcu_AC_first`).
fn first_band(scan: &Scan, state: &mut State<'_>, ac: &Huffman, block: &mut Block) {
    if state.run > 0 {
        state.run -= 1;
        return;
    }
    let mut at = scan.first;
    while at <= scan.last {
        let symbol = state.bits.symbol(ac);
        let (run, size) = (symbol >> 4, u32::from(symbol & 15));
        if size > 0 {
            at += usize::from(run);
            block[natural(at)] = (state.bits.signed(size) << scan.low) as i16;
            at += 1;
        } else if run == 15 {
            at += 16;
        } else {
            state.run = end_of_band_run(state, run) - 1;
            break;
        }
    }
}

/// One more bit of a band (`decode_mcu_AC_refine`).
fn refine_band(scan: &Scan, state: &mut State<'_>, ac: &Huffman, block: &mut Block) {
    let bit = 1i16 << scan.low;
    let mut at = scan.first;
    if state.run == 0 {
        while at <= scan.last {
            let symbol = state.bits.symbol(ac);
            let (mut run, size) = (symbol >> 4, symbol & 15);
            let mut new = 0;
            if size > 0 {
                new = if state.bits.take(1) == 1 { bit } else { -bit };
            } else if run != 15 {
                state.run = end_of_band_run(state, run);
                break;
            }
            // Refine what is known and pass over `run` coefficients that are still zero.
            while at <= scan.last {
                let coefficient = &mut block[natural(at)];
                if *coefficient != 0 {
                    refine(coefficient, bit, &mut state.bits);
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                at += 1;
            }
            if new != 0 {
                block[natural(at)] = new;
            }
            at += 1;
        }
    }
    if state.run > 0 {
        for at in at..=scan.last {
            let coefficient = &mut block[natural(at)];
            if *coefficient != 0 {
                refine(coefficient, bit, &mut state.bits);
            }
        }
        state.run -= 1;
    }
}

/// Blocks, this one included, whose band has ended.
fn end_of_band_run(state: &mut State<'_>, exponent: u8) -> u32 {
    (1 << exponent) + state.bits.take(u32::from(exponent))
}

fn refine(coefficient: &mut i16, bit: i16, bits: &mut Bits<'_>) {
    if bits.take(1) == 1 && *coefficient & bit == 0 {
        *coefficient = if *coefficient >= 0 {
            coefficient.wrapping_add(bit)
        } else {
            coefficient.wrapping_sub(bit)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the search for a restart marker ends, the next one begins: the work of all restarts
    /// together is one pass over the file.
    #[test]
    fn no_restart_searches_what_another_has_searched() {
        // Old markers without end, as seen by the first restart; then one ahead of its turn.
        let mut bytes = [0xff, 0xd7].repeat(1000);
        let standing = bytes.len();
        bytes.extend([0xff, 0xd1, 0x55]);
        let mut state = State {
            bits: Bits::new(&bytes, 0),
            dc: [0; 4],
            run: 3,
        };
        restart(&mut state, &bytes, 0);
        assert_eq!((state.bits.position(), state.run), (standing, 0));
        assert_eq!(state.bits.take(8), 0, "the bits are behind the marker");
        assert_eq!(state.bits.position(), standing);
        restart(&mut state, &bytes, 1);
        assert_eq!(state.bits.position(), standing + 2);
        assert_eq!(state.bits.take(8), 0x55);
        restart(&mut state, &bytes, 2);
        assert_eq!(state.bits.position(), bytes.len(), "nothing is left");
    }
}
