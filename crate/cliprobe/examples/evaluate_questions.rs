//! Evaluates questions of one's own: a probe file (docs/benchmarks.md describes it) and its images.
//!
//!     cargo run --release -p cliprobe --example evaluate_questions -- MODEL QUESTIONS.json IMAGES
//!
//! Prints the metrics with their 95 % intervals, and which questions were answered wrongly.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::facade::Clip;
use cliprobe::probe::{Image, evaluate, read_json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, questions, folder] = arguments.as_slice() else {
        return Err("usage: evaluate_questions MODEL QUESTIONS.json IMAGES".into());
    };
    let checkpoint = Checkpoint::open(Path::new(model), &Overrides::default())?;
    let clip = Clip::on_cpu(&checkpoint, &mut |_, _| {})?;
    let set = read_json(&std::fs::read_to_string(questions)?)?;

    let mut images = Vec::new();
    for image in &set.images {
        let Image::File { name, crop: None } = image else {
            return Err("this example shows whole files only".into());
        };
        images.push(clip.prepare(&std::fs::read(Path::new(folder).join(name))?)?);
    }
    let images = pollster::block_on(clip.encode_prepared(&images))?;
    let texts = pollster::block_on(clip.encode_texts(&set.texts, &mut |_| {}))?.embeddings;
    // The empty text is the root of a hierarchy; other questions do not ask for it.
    let root = pollster::block_on(clip.encode_texts(&[""], &mut |_| {}))?.embeddings;

    // A row for each image and text, or the reason why it has none.
    let images: Vec<Result<&[f32], &str>> = images.rows().map(Ok).collect();
    let texts: Vec<Result<&[f32], &str>> = texts.rows().map(Ok).collect();
    let evaluation = evaluate(&set, &images, &texts, Some(root.row(0)), None)?;
    for metric in &evaluation.metrics {
        print!("{}: {:.4}", metric.name, metric.value);
        if let Some(interval) = &metric.interval {
            print!(" ({:.4} to {:.4})", interval.low, interval.high);
        }
        println!(", {} items", metric.n);
    }
    for answer in &evaluation.answers {
        for (metric, _) in answer
            .detail
            .form()
            .marks()
            .iter()
            .filter(|(_, right)| !right)
        {
            println!("wrong: item {} ({metric})", answer.id);
        }
    }
    Ok(())
}
