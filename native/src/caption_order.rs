//! `cliprobe caption order`: ARO's Order sets, frozen.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use cliprobe::caption::order_options;
use cliprobe::probe::{Image, Probes, read_retrieval_csv, read_retrieval_json};
use serde_json::json;

use crate::output::write_whole;

/// Make an Order set: every caption with four perturbations of its word order
///
/// ARO's authors make their perturbations anew in every run, and the result depends on the versions of spaCy, NLTK
/// and NumPy. A file made here is fixed by its seed. Name it coco_order.json or flickr30k_order.json, so that
/// `cliprobe eval aro` finds it.
#[derive(Debug, Args)]
pub(crate) struct OrderArgs {
    /// Images with their captions: Karpathy's JSON, whole or of one split, or a table with the
    /// columns filepath and title
    #[arg(value_name = "FILE")]
    list: PathBuf,
    /// Which split of a whole Karpathy file
    #[arg(long, default_value = "test")]
    split: String,
    /// Seed of the shuffles
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// File to write
    #[arg(long, value_name = "F.json")]
    out: PathBuf,
}

pub(crate) fn run(args: &OrderArgs) -> Result<()> {
    let name = args.list.display().to_string();
    let text = std::fs::read_to_string(&args.list).with_context(|| name.clone())?;
    let is_table = args
        .list
        .extension()
        .is_some_and(|extension| extension == "csv" || extension == "tsv");
    let set = if is_table {
        read_retrieval_csv(&name, &text)?
    } else {
        read_retrieval_json(&name, &text, &args.split)?
    };
    let Probes::Retrieval(retrieval) = &set.probes else {
        bail!("{name} has no captions");
    };
    let mut items = Vec::with_capacity(retrieval.captions.len());
    let mut left_out = 0;
    for (&caption, &place) in retrieval.captions.iter().zip(&retrieval.image_of) {
        let Image::File { name: image, .. } = &set.images[retrieval.images[place]] else {
            continue; // a list of captions names files
        };
        match order_options(&set.texts[caption], args.seed) {
            Ok(options) => items.push(json!({"image": image, "captions": options})),
            Err(_) => left_out += 1,
        }
    }
    let json = serde_json::to_string(&items)?;
    write_whole(&args.out, |file| Ok(file.write_all(json.as_bytes())?))?;
    println!(
        "{} captions with four perturbations each in {}; {left_out} empty or too long ones left out",
        items.len(),
        args.out.display()
    );
    Ok(())
}
