//! How many tokens the GPU engine does not compute because captions of a batch begin alike:
//! `shared_prefixes TOKENIZER_DIR FILE…`, where a file is SugarCrepe's JSON or HierarCaps' CSV.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use cliprobe::clip::bytes::FileSet;
use cliprobe::clip::tokenizer::{Tokenizer, tokenizer_json};
use cliprobe::clip::{ClipConfig, architectures};
use cliprobe::engine::PackedTokens;
use cliprobe::engine::gpu::computed_tokens;
use cliprobe::probe::{read_hierarcaps, read_sugarcrepe};

/// Tokens of a batch, as the library and the GPU's largest batch have them.
const BATCHES: [usize; 2] = [2048, 8192];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, files @ ..] = arguments.as_slice() else {
        return Err("usage: shared_prefixes TOKENIZER_DIR FILE…".into());
    };
    let json = architectures::open_clip_json("ViT-B-32").ok_or("ViT-B-32 is not known")?;
    let config = ClipConfig::from_open_clip_json(&json)?;
    let set = FileSet::from_directory(Path::new(directory))?;
    let tokenizer = tokenizer_json(&set)?.ok_or("there is no tokenizer in the directory")?;
    let tokenizer = Tokenizer::from_json(&tokenizer, &config.text)?;
    for file in files {
        let text = std::fs::read_to_string(file)?;
        let name = Path::new(file)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let texts = if file.ends_with(".csv") {
            read_hierarcaps(&text)?.texts
        } else {
            read_sugarcrepe(&name, &text)?.texts
        };
        let encoded = texts
            .iter()
            .map(|text| tokenizer.encode(text))
            .collect::<Result<Vec<_>, _>>()?;
        let seen: Vec<&[u32]> = encoded
            .iter()
            .map(|tokens| tokenizer.seen(tokens))
            .collect();
        let all: usize = seen.iter().map(|ids| ids.len()).sum();
        print!("{name}: {} captions, {all} tokens", seen.len());
        for batch in BATCHES {
            let computed: usize = batches(&seen, batch)
                .map(|captions| computed_tokens(&PackedTokens::new(captions.iter().copied())))
                .sum();
            let saved = 100.0 * (all - computed) as f64 / all as f64;
            print!("; in batches of {batch}: {computed} computed, {saved:.1} % saved");
        }
        println!();
    }
    Ok(())
}

/// Consecutive captions of at most `most` tokens together.
fn batches<'a, 'b>(
    captions: &'b [&'a [u32]],
    most: usize,
) -> impl Iterator<Item = &'b [&'a [u32]]> {
    let mut rest = captions;
    std::iter::from_fn(move || {
        let mut tokens = 0;
        let fitting = rest
            .iter()
            .take_while(|ids| {
                tokens += ids.len();
                tokens <= most
            })
            .count()
            .max(1);
        let (batch, after) = rest.split_at_checked(fitting)?;
        rest = after;
        Some(batch)
    })
}
