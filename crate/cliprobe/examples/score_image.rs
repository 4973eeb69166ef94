//! Ranks captions for an image by their cosine with it.
//!
//!     cargo run --release -p cliprobe --example score_image -- MODEL IMAGE CAPTION…
//!
//! MODEL is a Hugging Face or OpenCLIP directory, or a GGUF file such as models/default.gguf.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::facade::Clip;
use cliprobe::score::{cosine, rank};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, image, captions @ ..] = arguments.as_slice() else {
        return Err("usage: score_image MODEL IMAGE CAPTION…".into());
    };
    let checkpoint = Checkpoint::open(Path::new(model), &Overrides::default())?;
    let clip = Clip::on_cpu(&checkpoint, &mut |_, _| {})?;

    let image = clip.prepare(&std::fs::read(image)?)?;
    // The engines share an asynchronous interface, because browsers' GPUs have no other.
    let image = pollster::block_on(clip.encode_prepared(&[image]))?;
    let texts = pollster::block_on(clip.encode_texts(captions, &mut |_| {}))?;

    // Embeddings have length 1, so the cosine is their product.
    let cosines: Vec<f32> = texts
        .embeddings
        .rows()
        .map(|text| cosine(image.row(0), text))
        .collect();
    for ranked in rank(&cosines) {
        println!("{:7.4}  {}", ranked.cosine, captions[ranked.index]);
    }
    Ok(())
}
