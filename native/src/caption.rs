//! `cliprobe caption`: hard negatives, hard positives and generalisations of captions.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use cliprobe::caption::{
    Edit, NegativeKind, NotEditable, PositiveKind, all_negatives, generalisations, negative_pool,
    pick, positive_pool,
};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::caption_order::{self, OrderArgs};
use crate::output::print_json;
use crate::texts;

/// Make hard negatives, hard positives and generalisations of captions
///
/// The same captions and seed give the same edits. Captions that cannot be edited are listed with the reason. The
/// exit code is then 3, or 1 if no caption could be edited.
#[derive(Debug, Args)]
pub(crate) struct CaptionArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Negatives(NegativesArgs),
    Positives(PositivesArgs),
    General(GeneralArgs),
    Order(OrderArgs),
}

#[derive(Debug, Args)]
struct Captions {
    /// Captions
    #[arg(value_name = "TEXT", required_unless_present = "file")]
    texts: Vec<String>,
    /// Captions from a file: one a line, or a JSON array of strings; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    file: Option<PathBuf>,
    /// Print a JSON array of {text, edits, not_editable}. An edit is {text, kind, replaced}; replaced lists
    /// {start, end, with}: a range of bytes in the original, and the text that replaces it
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Draw {
    /// Seed of the random choices
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draw N edits of a caption from all kinds together, instead of one of each kind
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Print every distinct edit that the caption offers, the likeliest words first
    #[arg(long, conflicts_with = "count")]
    all: bool,
}

/// Make hard negatives: false captions that differ little from the true one
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cliprobe caption negatives \"A man riding a brown horse\" --all
  cliprobe caption negatives --file captions.txt --kind replace,swap --json")]
struct NegativesArgs {
    #[command(flatten)]
    captions: Captions,
    /// Kinds of edits [default: all but negclip and order]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<Negative>,
    #[command(flatten)]
    draw: Draw,
}

/// Make hard positives: captions with the same meaning in other words
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe caption positives \"A man and a woman on a couch\"")]
struct PositivesArgs {
    #[command(flatten)]
    captions: Captions,
    /// Kinds of edits [default: all]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<Positive>,
    #[command(flatten)]
    draw: Draw,
}

/// Make a chain of ever more general captions, down to the kind of the main thing
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe caption general \"A black dog running on a beach\"")]
struct GeneralArgs {
    #[command(flatten)]
    captions: Captions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Negative {
    /// Replace a thing, an attribute or a relation (after CLoVe's REPLACE)
    Replace,
    /// Swap two phrases, nouns, verbs, adverbs or adjectives, if the result makes sense
    Swap,
    /// Swap two things in a relation
    SwapObjects,
    /// Swap attributes of two things
    SwapAttributes,
    /// NegCLIP's swaps as published: possible for nearly every caption, but few of them read well
    Negclip,
    /// ARO's four perturbations of word order
    Order,
}

impl Negative {
    const fn kind(self) -> NegativeKind {
        match self {
            Self::Replace => NegativeKind::Replace,
            Self::Negclip => NegativeKind::Negclip,
            Self::Swap => NegativeKind::Swap,
            Self::SwapObjects => NegativeKind::SwapObjects,
            Self::SwapAttributes => NegativeKind::SwapAttributes,
            Self::Order => NegativeKind::Order,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Positive {
    /// Swap what stands before and after "and"
    Swap,
    /// Replace a word by a synonym (from the list of Kamath et al.)
    Replace,
}

impl Positive {
    const fn kind(self) -> PositiveKind {
        match self {
            Self::Swap => PositiveKind::Swap,
            Self::Replace => PositiveKind::Replace,
        }
    }
}

/// The result for one caption.
struct Edited {
    text: String,
    edits: Vec<Edit>,
    /// The kind, by its name on the command line; a chain of generalisations has no kind.
    not_editable: Vec<(String, NotEditable)>,
}

pub(crate) fn run(args: &CaptionArgs) -> Result<ExitCode> {
    match &args.action {
        Action::Negatives(args) => {
            let kinds = chosen(&args.kind, |kind| kind.kind().reads_well());
            run_drawn(&args.captions, &args.draw, &kinds, |text, kind| {
                if args.draw.all && kind.kind().reads_well() {
                    all_negatives(text, kind.kind())
                } else {
                    negative_pool(text, kind.kind(), args.draw.seed)
                }
            })
        }
        Action::Positives(args) => {
            let kinds = chosen(&args.kind, |_| true);
            run_drawn(&args.captions, &args.draw, &kinds, |text, kind| {
                positive_pool(text, kind.kind())
            })
        }
        Action::Order(args) => caption_order::run(args).map(|()| ExitCode::SUCCESS),
        Action::General(args) => run_each(&args.captions, |text| match generalisations(text) {
            Ok(chain) => (chain, Vec::new()),
            Err(why) => (Vec::new(), vec![("general".to_owned(), why)]),
        }),
    }
}

fn chosen<K: ValueEnum + PartialEq>(named: &[K], default: impl Fn(&K) -> bool) -> Vec<K> {
    let all = K::value_variants().iter();
    all.filter(|kind| {
        if named.is_empty() {
            default(kind)
        } else {
            named.contains(kind)
        }
    })
    .cloned()
    .collect()
}

fn run_drawn<K: ValueEnum + Sync>(
    captions: &Captions,
    draw: &Draw,
    kinds: &[K],
    pool: impl Fn(&str, &K) -> Result<Vec<Edit>, NotEditable> + Sync,
) -> Result<ExitCode> {
    run_each(captions, |text| {
        let (mut edits, mut not_editable): (Vec<Edit>, _) = (Vec::new(), Vec::new());
        for kind in kinds {
            match pool(text, kind) {
                Ok(pool) => {
                    let of_kind = if draw.all || draw.count.is_some() {
                        pool
                    } else {
                        pick(text, pool, 1, draw.seed)
                    };
                    let new = |edit: &Edit| edits.iter().all(|other| other.text != edit.text);
                    let of_kind: Vec<Edit> = of_kind.into_iter().filter(new).collect();
                    edits.extend(of_kind);
                }
                Err(why) => {
                    let name = kind
                        .to_possible_value()
                        .map(|value| value.get_name().to_owned());
                    not_editable.push((name.unwrap_or_default(), why));
                }
            }
        }
        if let Some(count) = draw.count {
            edits = pick(text, edits, count as usize, draw.seed);
        }
        (edits, not_editable)
    })
}

fn run_each(
    captions: &Captions,
    edit: impl Fn(&str) -> (Vec<Edit>, Vec<(String, NotEditable)>) + Sync,
) -> Result<ExitCode> {
    let texts = match &captions.file {
        Some(file) => texts::read(file)?,
        None => captions.texts.clone(),
    };
    if texts.is_empty() {
        bail!("there are no captions in the file");
    }
    let results: Vec<Edited> = texts
        .into_par_iter()
        .map(|text| {
            let (edits, not_editable) = edit(&text);
            Edited {
                text,
                edits,
                not_editable,
            }
        })
        .collect();
    let unedited = || results.iter().filter(|result| result.edits.is_empty());
    if let ([only], Some(_)) = (results.as_slice(), unedited().next()) {
        bail!("{}", reasons(only));
    }
    if captions.json {
        print_json(&results.iter().map(as_json).collect::<Vec<_>>())?;
    } else {
        results.iter().for_each(print);
    }
    match unedited().count() {
        0 => Ok(ExitCode::SUCCESS),
        count if count == results.len() => bail!("none of the {count} captions could be edited"),
        count => {
            eprintln!(
                "cliprobe: {count} of {} captions could not be edited",
                results.len()
            );
            Ok(ExitCode::from(3))
        }
    }
}

fn reasons(result: &Edited) -> String {
    let mut sentences: Vec<String> = Vec::new();
    for (_, why) in &result.not_editable {
        let sentence = why.to_string();
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences.join("; ")
}

fn as_json(result: &Edited) -> Value {
    let why = |(kind, why): &(String, NotEditable)| json!({"kind": kind, "why": why.to_string()});
    json!({
        "text": result.text,
        "edits": result.edits,
        "not_editable": result.not_editable.iter().map(why).collect::<Vec<_>>(),
    })
}

fn print(result: &Edited) {
    println!("{}", result.text);
    for edit in &result.edits {
        let kind = serde_json::to_value(edit.kind).unwrap_or_default();
        println!("  {:<28} {}", kind.as_str().unwrap_or_default(), edit.text);
    }
    if result.edits.is_empty() {
        println!("  not edited: {}", reasons(result));
    }
}
