//! What each GGUF type costs: cosine to the f32 embeddings and changed rankings, over scenes and
//! captions of the generated world: `quantization_loss MODEL [SCENES]`.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use cliprobe::clip::Checkpoint;
use cliprobe::clip::bytes::FileSet;
use cliprobe::clip::checkpoint::{Overrides, Provenance};
use cliprobe::clip::model_file::write_gguf;
use cliprobe::clip::tensors::ElementType;
use cliprobe::engine::Embeddings;
use cliprobe::facade::{Clip, draw_scene, prepare_decoded};
use cliprobe::score::{cosine, rank};
use cliprobe::world::{PageProbe, sample_probe_for_page};

/// The CPU engine answers at once.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

struct Encoded {
    images: Embeddings,
    captions: Vec<Embeddings>,
}

fn encode(checkpoint: &Checkpoint, probes: &[PageProbe]) -> Result<Encoded, Box<dyn Error>> {
    let clip = Clip::on_cpu(checkpoint, &mut |_, _| {})?;
    let mut images = Embeddings::default();
    let mut captions = Vec::new();
    for probe in probes {
        let image = draw_scene(&probe.scene, 224)?;
        let prepared = prepare_decoded(&image, &checkpoint.preprocessing)?;
        let image = ready(clip.encode_prepared(&[prepared])).ok_or("not ready")??;
        images.dim = image.dim;
        images.values.extend(image.values);
        let texts: Vec<&str> = probe.captions.iter().map(|c| c.text.as_str()).collect();
        captions.push(
            ready(clip.encode_texts(&texts, &mut |_| {}))
                .ok_or("not ready")??
                .embeddings,
        );
    }
    Ok(Encoded { images, captions })
}

/// Captions of scene `i`, best first.
fn order(encoded: &Encoded, i: usize) -> Vec<usize> {
    let cosines: Vec<f32> = encoded.captions[i]
        .rows()
        .map(|row| cosine(encoded.images.row(i), row))
        .collect();
    rank(&cosines).iter().map(|ranked| ranked.index).collect()
}

/// Least and mean of some cosines.
fn least_and_mean(cosines: impl Iterator<Item = f32>) -> (f32, f32) {
    let (least, sum, n) = cosines.fold((1f32, 0f32, 0f32), |(least, sum, n), c| {
        (least.min(c), sum + c, n + 1.0)
    });
    (least, sum / n)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments
        .next()
        .ok_or("usage: quantization_loss MODEL [SCENES]")?;
    let scenes: u64 = arguments.next().map_or(Ok(500), |n| n.parse())?;
    let parent = Checkpoint::open(Path::new(&model), &Overrides::default())?;
    let probes: Vec<PageProbe> = (0..scenes).map(sample_probe_for_page).collect();
    let reference = encode(&parent, &probes)?;

    println!(
        "| type | MB | text cosine, least / mean | image cosine, least / mean | best caption changed | pairs of captions exchanged |"
    );
    println!("|---|---|---|---|---|---|");
    for element in ElementType::GGUF {
        let mut bytes = Vec::new();
        write_gguf(
            &parent,
            element,
            &Provenance::default(),
            &mut bytes,
            &mut |_, _| {},
        )?;
        let megabytes = bytes.len() as f64 / 1e6;
        let files = FileSet::from_memory("quantised", [("m.gguf".to_owned(), bytes)].into());
        let encoded = encode(
            &Checkpoint::from_files(&files, &Overrides::default())?,
            &probes,
        )?;

        let texts = reference.captions.iter().zip(&encoded.captions);
        let text = least_and_mean(
            texts.flat_map(|(a, b)| a.rows().zip(b.rows()).map(|(a, b)| cosine(a, b))),
        );
        let image = least_and_mean(
            reference
                .images
                .rows()
                .zip(encoded.images.rows())
                .map(|(a, b)| cosine(a, b)),
        );
        let (mut changed, mut exchanged, mut pairs) = (0, 0, 0);
        for i in 0..probes.len() {
            let (before, after) = (order(&reference, i), order(&encoded, i));
            changed += usize::from(before[0] != after[0]);
            let place = |caption: usize| after.iter().position(|&c| c == caption);
            for (first, &better) in before.iter().enumerate() {
                for &worse in &before[first + 1..] {
                    pairs += 1;
                    exchanged += usize::from(place(better) > place(worse));
                }
            }
        }
        println!(
            "| {element} | {megabytes:.2} | {:.5} / {:.6} | {:.5} / {:.6} | {:.1} % | {:.2} % |",
            text.0,
            text.1,
            image.0,
            image.1,
            100.0 * changed as f64 / probes.len() as f64,
            100.0 * f64::from(exchanged as u32) / f64::from(pairs),
        );
    }
    Ok(())
}
