//! `cliprobe tokens`: what the text encoder sees of a caption.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use crate::model::ModelArgs;
use crate::output::print_json;
use crate::{console, texts};

/// Show the tokens of captions, and which captions are truncated
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe tokens openai/clip-vit-base-patch32 \"a photo of a cat\"")]
pub(crate) struct TokensArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Captions
    #[arg(value_name = "TEXT", required_unless_present = "file")]
    texts: Vec<String>,
    /// Captions from a file: one a line, or a JSON array of strings; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    file: Option<PathBuf>,
    /// Print a JSON array of {text, ids, pieces, truncated, length}; length is the number of tokens before truncation
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &TokensArgs) -> Result<()> {
    let tokenizer = args.model.open()?.tokenizer()?;
    let texts = match &args.file {
        Some(file) => texts::read(file)?,
        None => args.texts.clone(),
    };
    if texts.is_empty() {
        bail!("there are no captions in the file");
    }
    let mut report = Vec::new();
    for text in &texts {
        if console::takes_no_more() {
            break;
        }
        let tokens = tokenizer.encode(text)?;
        let pieces = tokenizer.pieces(&tokens.ids);
        if args.json {
            report.push(json!({
                "text": text,
                "ids": tokens.ids,
                "pieces": pieces,
                "truncated": tokens.truncated(),
                "length": tokens.untruncated,
            }));
            continue;
        }
        println!("{text}");
        let shown: Vec<String> = tokens
            .ids
            .iter()
            .zip(&pieces)
            .map(|(id, piece)| format!("{piece}:{id}"))
            .collect();
        println!("  {}", shown.join(" "));
        if tokens.truncated() {
            println!(
                "  cut off: {} of {} tokens are seen",
                tokens.ids.len(),
                tokens.untruncated
            );
        }
    }
    if args.json {
        print_json(&report)
    } else {
        Ok(())
    }
}
