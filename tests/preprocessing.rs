//! Decoding and preprocessing against Pillow 13.0.0 and HF's CLIP processor.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use cliprobe_clip::image::{Exif, Format, ImageError, RgbImage, decode, decode_then};
use cliprobe_clip::preprocessing::Preprocessing;
use proptest::prelude::*;
use safetensors::SafeTensors;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// Every image that is committed, with its name.
fn images() -> Vec<(String, Vec<u8>)> {
    let mut images = Vec::new();
    for folder in ["images", "modes"] {
        for entry in fs::read_dir(golden().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension != "safetensors")
            {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                images.push((name, fs::read(path).unwrap()));
            }
        }
    }
    images.sort();
    assert!(images.len() > 90, "{} images", images.len());
    images
}

/// The largest and the mean absolute difference.
fn differences(ours: &[u8], theirs: &[u8]) -> (u8, f64) {
    assert_eq!(ours.len(), theirs.len());
    let each = ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b));
    let largest = each.clone().max().unwrap();
    let sum: f64 = each.map(f64::from).sum();
    (largest, sum / ours.len() as f64)
}

#[test]
fn the_golden_images_are_preprocessed_as_hf_does() {
    let file = fs::read(golden().join("preprocessed.safetensors")).unwrap();
    let (_, header) = SafeTensors::read_metadata(&file).unwrap();
    let names: Vec<String> =
        serde_json::from_str(&header.metadata().as_ref().unwrap()["images"]).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let cropped = tensors.tensor("cropped_u8").unwrap();
    let expected = cropped.data().chunks_exact(3 * 224 * 224);
    assert_eq!(expected.len(), names.len());

    let preprocessing = Preprocessing::clip_default(224);
    for (name, expected) in names.iter().zip(expected) {
        let image = decode(&fs::read(golden().join("images").join(name)).unwrap()).unwrap();
        let ours = preprocessing.apply(&image).unwrap();
        assert_eq!((ours.height, ours.width), (224, 224));
        assert_eq!(differences(&ours.data, expected), (0, 0.0), "{name}");
    }

    let first = decode(&fs::read(golden().join("images").join(&names[0])).unwrap()).unwrap();
    let values = preprocessing
        .apply(&first)
        .unwrap()
        .pixel_values(&preprocessing);
    let expected = tensors.tensor("pixel_values_0").unwrap();
    let expected = expected.data().chunks_exact(4);
    assert_eq!(values.len(), expected.len());
    for (at, (ours, theirs)) in values.iter().zip(expected).enumerate() {
        assert_eq!(ours.to_le_bytes(), theirs, "value {at}");
    }
}

#[test]
fn every_mode_of_every_format_is_decoded_as_pillow_does() {
    let file = fs::read(golden().join("modes/modes.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&file).unwrap();
    for (name, expected) in expected.iter() {
        let image = decode(&fs::read(golden().join("modes").join(name)).unwrap()).unwrap();
        let shape = [image.height() as usize, image.width() as usize, 3];
        assert_eq!(shape, expected.shape(), "{name}");
        assert_eq!(
            differences(image.data(), expected.data()),
            (0, 0.0),
            "{name}"
        );
    }
}

/// A PNG that is a header and nothing else.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(&header);
    bytes.extend(crc32(&header).to_be_bytes());
    bytes
}

/// PNG's checksum, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let error = decode(&png_header(30_000, 30_000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an image of 30000×30000 pixels is over the limit of 178956970 pixels; scale it down first"
    );
    // Within the limit, but the file cannot hold it.
    let error = decode(&png_header(10_000, 10_000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the PNG file is truncated: 33 bytes cannot hold 10000×10000 pixels"
    );
    // The widest GIF canvas, no frame yet decoded.
    let gif = b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    assert!(matches!(
        decode(gif),
        Err(ImageError::TooManyPixels { width: 65535, .. })
    ));
}

/// A PNG of one red pixel with a text that is stored compressed.
fn png_with_text(keyword: &str, text: String) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 1, 1);
    encoder.set_color(png::ColorType::Rgb);
    if keyword == "XML:com.adobe.xmp" {
        let mut writer = encoder.write_header().unwrap();
        let mut chunk = png::text_metadata::ITXtChunk::new(keyword, text);
        chunk.compressed = true;
        writer.write_text_chunk(&chunk).unwrap();
        writer.write_image_data(&[255, 0, 0]).unwrap();
    } else {
        let chunk = png::text_metadata::ZTXtChunk::new(keyword, text);
        let mut writer = encoder.write_header().unwrap();
        writer.write_text_chunk(&chunk).unwrap();
        writer.write_image_data(&[255, 0, 0]).unwrap();
    }
    file
}

#[test]
fn a_png_text_expands_to_a_mebibyte_and_no_further() {
    for keyword in ["XML:com.adobe.xmp", "Raw profile type exif"] {
        let most = png_with_text(keyword, " ".repeat(1 << 20));
        assert!(most.len() < 5000);
        assert_eq!(decode(&most).unwrap().data(), [255, 0, 0]);
        let bomb = png_with_text(keyword, " ".repeat((1 << 20) + 1));
        assert_eq!(
            decode(&bomb).unwrap_err().to_string(),
            format!(
                "the PNG file is corrupt: its text \"{keyword}\" expands to more than 1048576 bytes; \
                 save it again without metadata"
            )
        );
    }
    // Texts that are not needed are not expanded.
    let comment = png_with_text("Comment", " ".repeat(1 << 22));
    assert_eq!(decode(&comment).unwrap().data(), [255, 0, 0]);
}

/// A lossless WebP of one colour, black: 28 bytes at any size.
fn black_webp(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"RIFF\x14\0\0\0WEBPVP8L\x08\0\0\0\x2f".to_vec();
    bytes.extend(((width - 1) | ((height - 1) << 14)).to_le_bytes());
    // No transform, no cache, no groups of codes; five codes of one symbol, 0.
    bytes.extend(&(0x11111u32 << 3).to_le_bytes()[..3]);
    bytes
}

#[test]
fn a_few_bytes_of_webp_are_no_large_image() {
    let small = decode(&black_webp(1000, 700)).unwrap();
    assert_eq!((small.width(), small.height()), (1000, 700));
    assert!(small.data().iter().all(|&sample| sample == 0));
    assert_eq!(
        decode(&black_webp(13_000, 13_000)).unwrap_err().to_string(),
        "the WebP file is truncated: 28 bytes cannot hold 13000×13000 pixels"
    );
}

/// A grey progressive JPEG whose scans, all but empty, each give the first bits of every block.
fn jpeg_of_scans(side: u16, scans: usize, length: usize) -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    bytes.extend([1; 64]);
    bytes.extend(b"\xff\xc2\0\x0b\x08");
    bytes.extend(side.to_be_bytes());
    bytes.extend(side.to_be_bytes());
    bytes.extend(b"\x01\x01\x11\0");
    // One code, `0`, for a difference of no bits.
    bytes.extend(b"\xff\xc4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    for _ in 0..scans {
        bytes.extend(b"\xff\xda\0\x08\x01\x01\0\0\0\0\0");
    }
    bytes.resize(length.max(bytes.len()), 0);
    bytes.extend(b"\xff\xd9");
    bytes
}

#[test]
fn the_scans_of_a_large_jpeg_are_bounded() {
    let grey = decode(&jpeg_of_scans(40, 90, 0)).unwrap();
    assert!(grey.data().iter().all(|&sample| sample == 128));
    assert_eq!(
        decode(&jpeg_of_scans(8000, 17, 130_000))
            .unwrap_err()
            .to_string(),
        "this kind of JPEG is not read: its scans pass over each block more than 16 times; \
         save it again as a baseline JPEG"
    );
}

/// `image` mirrored left to right.
fn mirrored(image: &RgbImage) -> Vec<u8> {
    let rows = image.data().chunks_exact(image.width() as usize * 3);
    rows.flat_map(|row| row.chunks_exact(3).rev().flatten().copied())
        .collect()
}

#[test]
fn without_exif_the_pixels_are_as_stored() {
    let file = fs::read(golden().join("modes/exif_2.jpg")).unwrap();
    let stored = decode_then(&file, Exif::Ignore, |image| image).unwrap();
    assert_eq!(mirrored(&stored), decode(&file).unwrap().data());
    assert_ne!(stored.data(), decode(&file).unwrap().data());
    for (name, size) in [
        ("modes/exif_6.webp", (37, 27)),
        ("images/11_exif6_400x300.jpg", (400, 300)),
    ] {
        let file = fs::read(golden().join(name)).unwrap();
        let ignoring = Preprocessing {
            exif: Exif::Ignore,
            ..Preprocessing::clip_default(224)
        };
        let stored = ignoring.decode_then(&file, |image| image).unwrap();
        assert_eq!((stored.width(), stored.height()), size, "{name}");
        let turned = decode(&file).unwrap();
        assert_eq!(
            (turned.width(), turned.height()),
            (size.1, size.0),
            "{name}"
        );
        // Clockwise: the stored first row is the turned last column.
        let last = turned.width() as usize - 1;
        let column: Vec<u8> = (turned.data().chunks_exact(turned.width() as usize * 3))
            .flat_map(|row| row[last * 3..].to_vec())
            .collect();
        assert_eq!(
            &stored.data()[..stored.width() as usize * 3],
            column,
            "{name}"
        );
    }
}

#[test]
fn an_image_cut_in_half_is_an_error_that_names_its_format() {
    for (name, bytes) in images() {
        let format = Format::of(&bytes).unwrap();
        let error = decode(&bytes[..bytes.len() / 2]).unwrap_err();
        let (ImageError::Truncated { format: named, .. }
        | ImageError::Corrupt { format: named, .. }) = error
        else {
            panic!("{name}: {error}");
        };
        assert_eq!(named, format, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Whatever happens to a file, the answer is an image of sane size or an error.
    #[test]
    fn damage_never_panics(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        thread_local! {
            static IMAGES: Vec<(String, Vec<u8>)> = images();
        }
        let mut bytes = IMAGES.with(|images| {
            // The large ones cost too much to decode two thousand times.
            let small: Vec<_> = images.iter().filter(|(_, bytes)| bytes.len() < 50_000).collect();
            which.get(&small).1.clone()
        });
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        if !bytes.is_empty() {
            for (at, value) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= value;
            }
        }
        if let Ok(image) = decode(&bytes) {
            prop_assert_eq!(
                image.data().len() as u64,
                u64::from(image.width()) * u64::from(image.height()) * 3
            );
        }
    }
}

/// Every byte value at every place of the headers of the smallest file of each format.
#[test]
fn no_header_byte_panics() {
    let mut smallest: HashMap<String, Vec<u8>> = HashMap::new();
    for (name, bytes) in images() {
        let extension = name.rsplit('.').next().unwrap().to_owned();
        let known = smallest.entry(extension).or_insert_with(|| bytes.clone());
        if bytes.len() < known.len() {
            *known = bytes;
        }
    }
    assert_eq!(smallest.len(), 4);
    for bytes in smallest.into_values() {
        for at in 0..bytes.len().min(200) {
            for value in [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 63, 127, 128, 254, 255] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = decode(&damaged);
            }
        }
    }
}

/// Frames of Motion JPEG leave out the tables that the standard gives; Pillow's files bring just those.
#[test]
fn a_jpeg_without_code_tables_has_the_standard_ones() {
    const HUFFMAN_TABLES: u8 = 0xc4;
    const START_OF_SCAN: u8 = 0xda;
    let file = fs::read(golden().join("modes/420.jpg")).unwrap();
    let mut bare = file[..2].to_vec();
    let mut at = 2;
    while file[at + 1] != START_OF_SCAN {
        let end = at + 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        if file[at + 1] != HUFFMAN_TABLES {
            bare.extend_from_slice(&file[at..end]);
        }
        at = end;
    }
    bare.extend_from_slice(&file[at..]);
    assert!(bare.len() + 400 < file.len());
    assert_eq!(decode(&bare).unwrap().data(), decode(&file).unwrap().data());
}
