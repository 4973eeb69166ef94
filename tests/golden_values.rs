//! The golden models' files and what the reference computed with them; a part of several tests.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{Device, Tensor};
use cliprobe_clip::Checkpoint;
use cliprobe_clip::bytes::FileSet;
use cliprobe_clip::checkpoint::{Overrides, Provenance};
use cliprobe_clip::model_file::write_gguf;
use cliprobe_clip::tensors::ElementType;
use cliprobe_engine::Embeddings;
use cliprobe_engine::clip::{Clip, TextEmbeddings};

/// A file of the golden values.
pub(crate) fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name)
}

/// What a future of the library gives: natively each is ready when first polled.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("natively the engines answer at once"),
    }
}

/// A checkpoint as a GGUF file of one type, opened from memory.
pub(crate) fn as_gguf(parent: &Checkpoint, element: ElementType) -> Checkpoint {
    let (mut bytes, provenance) = (Vec::new(), Provenance::default());
    write_gguf(parent, element, &provenance, &mut bytes, &mut |_, _| {}).unwrap();
    let files = FileSet::from_memory("m", [("m.gguf".to_owned(), bytes)].into());
    Checkpoint::from_files(&files, &Overrides::default()).unwrap()
}

/// What the reference computed with one model.
pub(crate) struct Golden {
    pub(crate) captions: Vec<String>,
    pub(crate) images: Vec<PathBuf>,
    pub(crate) text: Tensor,
    pub(crate) image: Tensor,
}

impl Golden {
    /// Reads them.
    pub(crate) fn load(model: &str) -> Self {
        let path = golden(&format!("{model}.safetensors"));
        let bytes = std::fs::read(&path).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        let list = |key: &str| -> Vec<String> { serde_json::from_str(&metadata[key]).unwrap() };
        // SAFETY: the file is part of the repository and not written while the test runs.
        #[expect(unsafe_code, reason = "a memory map of a constant file")]
        let tensors = unsafe { MmapedSafetensors::new(path).unwrap() };
        let tensor = |name: &str| tensors.load(name, &Device::Cpu).unwrap();
        Self {
            captions: list("captions"),
            images: list("images")
                .iter()
                .map(|name| golden("images").join(name))
                .collect(),
            text: tensor("text_embeds"),
            image: tensor("image_embeds"),
        }
    }

    /// The same captions and images through a model.
    pub(crate) fn embed(&self, clip: &Clip) -> (TextEmbeddings, Embeddings) {
        let text = ready(clip.encode_texts(&self.captions, &mut |_| {})).unwrap();
        let prepared: Vec<_> = self
            .images
            .iter()
            .map(|file| clip.prepare(&std::fs::read(file).unwrap()).unwrap())
            .collect();
        let images = ready(clip.encode_prepared(&prepared)).unwrap();
        (text, images)
    }
}

/// The largest difference of two tables' elements.
///
/// # Panics
/// Where the tables have other sizes, or a number is none: `f32::max` would pass over NaN.
pub(crate) fn largest_difference<'a>(
    ours: impl ExactSizeIterator<Item = &'a [f32]>,
    theirs: impl ExactSizeIterator<Item = &'a [f32]>,
) -> f32 {
    assert_eq!(ours.len(), theirs.len(), "rows");
    let differences = ours.zip(theirs).flat_map(|(a, b)| {
        assert_eq!(a.len(), b.len(), "columns");
        a.iter().zip(b).map(|(a, b)| (a - b).abs())
    });
    differences.fold(0.0, |largest, difference| {
        assert!(!difference.is_nan(), "a value is not a number");
        largest.max(difference)
    })
}

/// The least of some numbers, infinity of none.
///
/// # Panics
/// As [`largest_difference`].
#[allow(dead_code, reason = "not every test that shares this file has budgets")]
pub(crate) fn least(numbers: impl Iterator<Item = f32>) -> f32 {
    numbers.fold(f32::INFINITY, |least, number| {
        assert!(!number.is_nan(), "a value is not a number");
        least.min(number)
    })
}

#[test]
#[should_panic(expected = "not a number")]
fn no_difference_hides_behind_nan() {
    let (ours, theirs) = ([1.0, f32::NAN], [1.0, 2.0]);
    largest_difference(
        [ours.as_slice()].into_iter(),
        [theirs.as_slice()].into_iter(),
    );
}
