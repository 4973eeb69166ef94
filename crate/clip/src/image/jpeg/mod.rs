//! JPEG to the last bit as Pillow gives it, which is as libjpeg-turbo decodes it.
//!
//! No library serves. zune-jpeg's inverse DCT, chroma upsampling and rounding are its own: up
//! to four levels off in photos and tens of levels in narrow images. libjpeg-turbo-rs 0.9.0
//! is exact in photos, but panics on valid CMYK files whose inks are sampled unequally, and a
//! panic ends a wasm module. As most images are JPEGs, and a probe's margins a few
//! thousandths of a cosine, this one is libjpeg's arithmetic in Rust: Huffman-coded baseline,
//! extended and progressive frames of 8 bits, which is what cameras and the web produce.

#![deny(clippy::cast_possible_truncation)]

mod colour;
mod frame;
mod huffman;
mod idct;
mod scan;
mod standard;
mod upsample;

use colour::Colour;
use frame::Frame;
use scan::{Scan, Tables, natural};

use super::memory::{WorkingSet, reserve};
use super::orientation::Orientation;
use super::{Decoded, Format, ImageError, RgbImage, check_size, zeroed};

/// A block of 64 pixels costs at least one bit of one component.
const PIXELS_PER_BYTE: u64 = 64 * 8;

/// More scans than any encoder makes.
const MAX_SCANS: usize = 100;

/// How often scans may pass over each block, on average. libjpeg's own progression takes six
/// passes, mozjpeg's search for the smallest up to ten.
const MAX_PASSES: u64 = 16;

/// Blocks that scans may visit in any image: a second's work.
const FREE_VISITS: u64 = 1 << 23;

mod marker {
    pub(super) const TEMPORARY: u8 = 0x01;
    pub(super) const FIRST_FRAME: u8 = 0xc0;
    pub(super) const PROGRESSIVE: u8 = 0xc2;
    pub(super) const LOSSLESS: u8 = 0xc3;
    pub(super) const HUFFMAN_TABLES: u8 = 0xc4;
    pub(super) const FIRST_ARITHMETIC: u8 = 0xc9;
    pub(super) const ARITHMETIC_CONDITIONING: u8 = 0xcc;
    pub(super) const LAST_FRAME: u8 = 0xcf;
    pub(super) const FIRST_RESTART: u8 = 0xd0;
    pub(super) const START_OF_IMAGE: u8 = 0xd8;
    pub(super) const END_OF_IMAGE: u8 = 0xd9;
    pub(super) const START_OF_SCAN: u8 = 0xda;
    pub(super) const QUANTISATION_TABLES: u8 = 0xdb;
    pub(super) const RESTART_INTERVAL: u8 = 0xdd;
    pub(super) const APP0: u8 = 0xe0;
    pub(super) const APP1: u8 = 0xe1;
    pub(super) const APP14: u8 = 0xee;
}

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, ImageError> {
    let mut decoder = Decoder::default();
    let mut at = 0;
    loop {
        let (marker, after) = next_marker(bytes, at)
            .ok_or_else(|| truncated("its end-of-image marker is missing"))?;
        at = match marker {
            marker::END_OF_IMAGE => break,
            marker::TEMPORARY | marker::FIRST_RESTART..=marker::START_OF_IMAGE => after,
            _ => {
                let body = segment(bytes, after)?;
                let end = after + 2 + body.len();
                decoder.segment(marker, body, bytes, end)?
            }
        };
    }
    decoder.finish()
}

/// The next marker at or after byte `at`, and the byte after it. What is no marker is
/// skipped, as libjpeg does.
fn next_marker(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let pairs = bytes.get(from..)?.windows(2);
    let at = pairs
        .map(|pair| (pair[0], pair[1]))
        .position(|(lead, marker)| lead == 0xff && !matches!(marker, 0x00 | 0xff))?;
    let marker = from + at + 1;
    Some((bytes[marker], marker + 1))
}

/// The segment whose length stands at byte `at`, without it.
fn segment(bytes: &[u8], at: usize) -> Result<&[u8], ImageError> {
    let early = || truncated("it ends within a segment");
    let &[high, low] = bytes.get(at..at + 2).ok_or_else(early)? else {
        return Err(early());
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < 2 {
        return Err(corrupt(&format!(
            "a segment at byte {at} has length {length}"
        )));
    }
    bytes.get(at + 2..at + length).ok_or_else(early)
}

/// What the segments read so far have set up.
#[derive(Default)]
struct Decoder {
    frame: Option<Frame>,
    quantisation: [Option<[u16; 64]>; 4],
    tables: Tables,
    scans: usize,
    /// Blocks that the scans so far passed over.
    visits: u64,
    memory: Option<WorkingSet<'static>>,
    jfif: bool,
    adobe_transform: Option<u8>,
    exif: Vec<u8>,
    xmp: Vec<u8>,
}

impl Decoder {
    /// Takes a segment in and returns the byte at which the next one is to be sought:
    /// `end`, or behind the scan that follows it.
    fn segment(
        &mut self,
        marker: u8,
        body: &[u8],
        bytes: &[u8],
        end: usize,
    ) -> Result<usize, ImageError> {
        match marker {
            marker::HUFFMAN_TABLES => self.tables.define(body)?,
            marker::QUANTISATION_TABLES => self.quantisation_tables(body)?,
            marker::RESTART_INTERVAL => {
                let &[high, low] = body else {
                    return Err(corrupt("its restart interval is malformed"));
                };
                self.tables.restart_interval = usize::from(u16::from_be_bytes([high, low]));
            }
            marker::ARITHMETIC_CONDITIONING => {}
            marker::FIRST_FRAME..=marker::LAST_FRAME => self.start_frame(marker, body, bytes)?,
            marker::START_OF_SCAN => return self.scan(body, bytes, end),
            // Pillow looks at metadata only as far as the first scan.
            marker::APP0..=marker::APP14 if self.scans == 0 => self.application(marker, body),
            _ => {}
        }
        Ok(end)
    }

    fn start_frame(&mut self, marker: u8, body: &[u8], bytes: &[u8]) -> Result<(), ImageError> {
        if self.frame.is_some() {
            return Err(corrupt("it has two frames"));
        }
        match marker {
            marker::FIRST_FRAME..=marker::PROGRESSIVE => {}
            marker::LOSSLESS => return Err(unsupported("it is lossless".to_owned())),
            marker::FIRST_ARITHMETIC..=marker::LAST_FRAME => {
                return Err(unsupported("it is coded arithmetically".to_owned()));
            }
            _ => return Err(unsupported("it is hierarchical".to_owned())),
        }
        let frame = Frame::read(body, marker == marker::PROGRESSIVE)?;
        check_size(Format::Jpeg, bytes, frame.size, Some(PIXELS_PER_BYTE))?;
        self.frame = Some(frame);
        Ok(())
    }

    fn scan(&mut self, body: &[u8], bytes: &[u8], at: usize) -> Result<usize, ImageError> {
        let frame = (self.frame.as_mut())
            .ok_or_else(|| corrupt("its first scan comes before its frame"))?;
        if self.scans == 0 {
            self.memory = Some(reserve(frame.size, frame.working_set())?);
            frame.allocate()?;
            if !frame.progressive {
                self.tables.fill_with_standard()?;
            }
        }
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(unsupported(format!("it has more than {MAX_SCANS} scans")));
        }
        let scan = Scan::read(body, frame)?;
        self.visits += scan.blocks(frame);
        if self.visits > FREE_VISITS.max(MAX_PASSES * frame.blocks()) {
            return Err(unsupported(format!(
                "its scans pass over each block more than {MAX_PASSES} times; save it again as a baseline JPEG"
            )));
        }
        for index in scan.components() {
            let component = &mut frame.components[index];
            if component.quantisation.is_none() {
                let table = self.quantisation[component.table].ok_or_else(|| {
                    corrupt("a component uses a quantisation table that is not there")
                })?;
                component.quantisation = Some(table);
            }
        }
        scan::decode(&scan, frame, &self.tables, bytes, at)
    }

    fn quantisation_tables(&mut self, mut body: &[u8]) -> Result<(), ImageError> {
        let malformed = || corrupt("a quantisation table is malformed");
        while let Some((&kind, rest)) = body.split_first() {
            let bytes_each = if kind >> 4 == 0 { 1 } else { 2 };
            let (values, rest) = rest
                .split_at_checked(64 * bytes_each)
                .ok_or_else(malformed)?;
            let mut table = [0; 64];
            for (at, value) in values.chunks_exact(bytes_each).enumerate() {
                table[natural(at)] = value
                    .iter()
                    .fold(0, |value, &byte| value << 8 | u16::from(byte));
            }
            *self
                .quantisation
                .get_mut(usize::from(kind & 15))
                .ok_or_else(malformed)? = Some(table);
            body = rest;
        }
        Ok(())
    }

    fn application(&mut self, marker: u8, body: &[u8]) {
        const EXIF: &[u8] = b"Exif\0\0";
        const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
        match marker {
            marker::APP0 if body.starts_with(b"JFIF\0") && body.len() >= 14 => self.jfif = true,
            marker::APP1 if body.starts_with(EXIF) => {
                // A long EXIF block continues in further segments.
                let skip = if self.exif.is_empty() { 0 } else { EXIF.len() };
                self.exif.extend_from_slice(&body[skip..]);
            }
            marker::APP1 => {
                if let Some(xmp) = body.strip_prefix(XMP) {
                    self.xmp = xmp.to_vec();
                }
            }
            marker::APP14 if body.starts_with(b"Adobe") && body.len() >= 12 => {
                self.adobe_transform = Some(body[11]);
            }
            _ => {}
        }
    }

    /// The image, once all scans are in.
    fn finish(self) -> Result<Decoded, ImageError> {
        let (Some(mut frame), Some(memory)) = (self.frame, self.memory) else {
            return Err(corrupt("it has no scan"));
        };
        frame.finish();
        let ids: Vec<u8> = frame
            .components
            .iter()
            .map(|component| component.id)
            .collect();
        let colour = Colour::of(&ids, self.jfif, self.adobe_transform);
        let mut rows = vec![vec![0; frame.width]; ids.len()];
        let (width, height) = frame.size;
        let mut data = zeroed(width, height, 3)?;
        for (y, out) in data.chunks_exact_mut(frame.width * 3).enumerate() {
            frame.row(y, &mut rows);
            colour.row(&rows, out);
        }
        Ok(Decoded {
            image: RgbImage {
                width,
                height,
                data,
            },
            orientation: Orientation::read(Some(&self.exif), Some(&self.xmp)),
            _memory: memory,
        })
    }
}

fn corrupt(detail: &str) -> ImageError {
    ImageError::Corrupt {
        format: Format::Jpeg,
        detail: detail.to_owned(),
    }
}

fn truncated(detail: &str) -> ImageError {
    ImageError::Truncated {
        format: Format::Jpeg,
        detail: detail.to_owned(),
    }
}

fn unsupported(detail: String) -> ImageError {
    ImageError::Unsupported {
        format: Format::Jpeg,
        detail,
    }
}
