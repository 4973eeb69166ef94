//! The frame: its components, their geometry and their storage while scans fill them.

use super::idct::{Block, idct};
use super::upsample::{Plane, Upsampling};
use super::{corrupt, unsupported};
use crate::image::{ImageError, pixels, zeroed};

/// Side of a block, in samples.
const BLOCK: usize = 8;

/// A frame header (T.81, B.2.2) and what its scans have given so far.
pub(super) struct Frame {
    /// Columns and rows.
    pub(super) size: (u32, u32),
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// Largest sampling factors of all components.
    across: usize,
    down: usize,
}

/// One colour component.
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors: its blocks in an MCU, across and down.
    pub(super) across: usize,
    pub(super) down: usize,
    /// Which of the four quantisation tables it uses.
    pub(super) table: usize,
    /// That table as it was when the component's first scan began, which is what counts.
    pub(super) quantisation: Option<[u16; 64]>,
    /// Blocks that carry the image.
    pub(super) blocks_wide: usize,
    pub(super) blocks_high: usize,
    /// Blocks in a row of whole MCUs.
    blocks_stride: usize,
    /// Coefficients of all blocks, for a progressive frame.
    coefficients: Vec<Block>,
    plane: Plane,
    upsampling: Upsampling,
}

impl Frame {
    /// Reads the header. Nothing is allocated for the image before [`Frame::allocate`].
    pub(super) fn read(body: &[u8], progressive: bool) -> Result<Self, ImageError> {
        let &[bits, h0, h1, w0, w1, count, ref specs @ ..] = body else {
            return Err(corrupt("its frame header is too short"));
        };
        if bits != 8 {
            return Err(unsupported(format!("it has {bits} bits a sample")));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(unsupported(format!("it has {count} components")));
        }
        let (specs, rest) = specs.as_chunks::<3>();
        if specs.len() != usize::from(count) || !rest.is_empty() {
            return Err(corrupt("its frame header has the wrong length"));
        }
        let size = [[w0, w1], [h0, h1]].map(u16::from_be_bytes);
        let [width, height] = size.map(usize::from);
        let factors =
            |&[_, factors, _]: &[u8; 3]| (usize::from(factors >> 4), usize::from(factors & 15));
        let across = specs.iter().map(|spec| factors(spec).0).max().unwrap_or(1);
        let down = specs.iter().map(|spec| factors(spec).1).max().unwrap_or(1);
        let components = specs
            .iter()
            .map(|spec| {
                let (h, v) = factors(spec);
                if !(1..=4).contains(&h) || !(1..=4).contains(&v) || spec[2] > 3 {
                    return Err(corrupt("a component's sampling or table is out of range"));
                }
                if across % h != 0 || down % v != 0 {
                    return Err(unsupported(format!(
                        "a component is sampled {h}×{v} where another is {across}×{down}"
                    )));
                }
                let plane = Plane {
                    samples: Vec::new(),
                    stride: 0,
                    width: (width * h).div_ceil(across),
                    height: (height * v).div_ceil(down),
                };
                Ok(Component {
                    id: spec[0],
                    across: h,
                    down: v,
                    table: usize::from(spec[2]),
                    quantisation: None,
                    blocks_wide: plane.width.div_ceil(BLOCK),
                    blocks_high: plane.height.div_ceil(BLOCK),
                    blocks_stride: 0,
                    coefficients: Vec::new(),
                    upsampling: Upsampling::new(across / h, down / v, plane.width),
                    plane,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            size: (size[0].into(), size[1].into()),
            width,
            height,
            progressive,
            components,
            across,
            down,
        })
    }

    /// MCUs of an interleaved scan, across and down.
    pub(super) fn mcus(&self) -> (usize, usize) {
        (
            self.width.div_ceil(BLOCK * self.across),
            self.height.div_ceil(BLOCK * self.down),
        )
    }

    /// Blocks of all components, with those that pad the last MCUs.
    pub(super) fn blocks(&self) -> u64 {
        let (wide, high) = self.mcus();
        let each: usize = self.components.iter().map(|c| c.across * c.down).sum();
        (wide * high * each) as u64
    }

    /// Bytes that decoding holds at once: a sample of each component, for a progressive frame its
    /// coefficient, and the image twice where it is turned.
    pub(super) fn working_set(&self) -> u64 {
        let each = if self.progressive { 3 } else { 1 };
        let samples = (BLOCK * BLOCK) as u64;
        self.blocks() * samples * each + 6 * pixels(self.size)
    }

    /// Makes room for samples (grey until a scan says otherwise) and coefficients.
    pub(super) fn allocate(&mut self) -> Result<(), ImageError> {
        let (wide, high) = self.mcus();
        for component in &mut self.components {
            let (stride, rows) = (wide * component.across, high * component.down);
            // Sides of 16 bits, filled up to whole MCUs.
            let [wide, high] = [stride, rows].map(|blocks| u32::try_from(blocks * BLOCK));
            let (Ok(wide), Ok(high)) = (wide, high) else {
                return Err(corrupt("its size is beyond the format's"));
            };
            let samples = zeroed(wide, high, 1)?;
            component.blocks_stride = stride;
            component.plane.stride = stride * BLOCK;
            component.plane.samples = samples;
            component.plane.samples.fill(128);
            if self.progressive {
                let blocks = stride * rows;
                (component.coefficients.try_reserve_exact(blocks)).map_err(|_| {
                    ImageError::OutOfMemory {
                        width: self.width as u64,
                        height: self.height as u64,
                    }
                })?;
                component.coefficients.resize(blocks, [0; 64]);
            }
        }
        Ok(())
    }

    /// Transforms what progressive scans have collected.
    pub(super) fn finish(&mut self) {
        for component in &mut self.components {
            let coefficients = std::mem::take(&mut component.coefficients);
            for (at, block) in coefficients.iter().enumerate() {
                let place = (at % component.blocks_stride, at / component.blocks_stride);
                component.put(place, block);
            }
        }
    }

    /// Row `y` of every component at full size into `rows`, each [`Frame::width`] long.
    pub(super) fn row(&self, y: usize, rows: &mut [Vec<u8>]) {
        for (component, row) in self.components.iter().zip(rows) {
            component.upsampling.row(&component.plane, y, row);
        }
    }
}

impl Component {
    /// The coefficients of the block at column and row, of a progressive frame.
    pub(super) fn block_mut(&mut self, (column, row): (usize, usize)) -> &mut Block {
        &mut self.coefficients[row * self.blocks_stride + column]
    }

    /// Transforms a block into the samples at its column and row.
    pub(super) fn put(&mut self, (column, row): (usize, usize), block: &Block) {
        // Without a table there was no scan, and the samples stay grey.
        if let Some(quantisation) = &self.quantisation {
            let at = row * BLOCK * self.plane.stride + column * BLOCK;
            let out = &mut self.plane.samples[at..];
            idct(block, quantisation, out, self.plane.stride);
        }
    }
}
