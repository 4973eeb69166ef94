//! `cliprobe world export`: the generated world as files that other software reads.
//!
//! | module | what |
//! |---|---|
//! | `folder` | what was asked for stands in the folder itself, so that nothing else is mixed in |
//! | `captioned` | scenes by their numbers, and all that training may say of them |
//! | `table` | OpenCLIP's and NegCLIP's tables, images beside them |
//! | `webdataset` | tar archives |
//! | `benchmarks` | the probe sets as the authors of each benchmark write theirs |

mod benchmarks;
mod captioned;
mod folder;
mod scene_file;
mod similar;
mod table;
mod webdataset;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, ValueEnum};
use cliprobe::world::{Combination, MAX_IMAGE_SIDE, Split, Style};
use serde::Serialize;
use serde_json::json;

use self::benchmarks::Benchmark;
use self::captioned::{CaptionedScenes, Captions};
use crate::progress;

/// Write scenes as training data, or Tableau's questions in the form of published benchmarks
///
/// As training data (--format): images as PNG with captions, in a table or in tar archives. As benchmarks
/// (--benchmark): the items of `cliprobe eval tableau`, in the files and folders that the authors' scripts
/// and `cliprobe eval BENCH --data DIR` open. docs/tableau.md lists the layouts, and how to call each script.
///
/// The same options write the same bytes. A command that was stopped continues when it is given again: it keeps the
/// archives, images and lists that exist. A folder holds one export, which its export.json describes; other options
/// need another folder.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["format", "benchmark"])))]
#[command(after_help = "Examples:
  cliprobe world export --out scenes --format tsv --scenes 50000 --hard-negatives
  cliprobe world export --out shards --format webdataset --scenes 1000000
  cliprobe world export --out sets --benchmark sugarcrepe winoground --items 200")]
pub(super) struct ExportArgs {
    /// Directory to write into; created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Width and height of the images
    #[arg(long, value_name = "PIXELS", default_value_t = 96, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_IMAGE_SIDE)))]
    size: u32,
    /// How scenes are drawn
    #[arg(long, default_value = Style::Everyday.word(), value_parser = style())]
    style: Style,

    /// Training data as captions.csv or captions.tsv with images beside it, or as archives 000000.tar …
    #[arg(long, value_enum, help_heading = "Training data")]
    format: Option<Format>,
    #[command(flatten)]
    training: TrainingArgs,

    /// Benchmarks to write, each into a folder of its own
    #[arg(long, value_enum, num_args = 1.., value_name = "BENCH", help_heading = "Benchmarks")]
    benchmark: Vec<WhichBenchmark>,
    #[command(flatten)]
    items: ItemsArgs,
}

#[derive(Debug, Args)]
struct TrainingArgs {
    /// How many scenes
    #[arg(long, value_name = "N", default_value_t = 10_000, conflicts_with = "benchmark", help_heading = "Training data",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    scenes: u64,
    /// The first scene's number in its split; the others follow
    #[arg(long, value_name = "SEED", default_value_t = 0, conflicts_with = "benchmark", help_heading = "Training data",
        value_parser = clap::value_parser!(u64).range(..=captioned::LAST_SEED))]
    from: u64,
    /// Which scenes: those for training, which never show a held-out combination, or others
    #[arg(long, value_enum, default_value_t = WhichSplit::Training, conflicts_with = "benchmark", help_heading = "Training data")]
    split: WhichSplit,
    /// What captions say: some of the scene, as on the web, or everything it shows
    #[arg(long, value_enum, default_value_t = Captions::Web, conflicts_with = "benchmark", help_heading = "Training data")]
    captions: Captions,
    /// Add NegCLIP's columns neg_caption and neg_image to a table; scenes whose caption has no hard negative are then
    /// left out (archives always have hard negatives, in KEY.json)
    #[arg(long, conflicts_with = "benchmark", help_heading = "Training data")]
    hard_negatives: bool,
    /// Scenes in an archive
    #[arg(long, value_name = "N", default_value_t = 5_000, conflicts_with = "benchmark", help_heading = "Training data",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    shard_size: u32,
}

#[derive(Debug, Args)]
struct ItemsArgs {
    /// Items of each set
    #[arg(long, value_name = "N", default_value_t = 500, conflicts_with = "format", help_heading = "Benchmarks",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(benchmarks::MOST_ITEMS)))]
    items: u32,
    /// Whether items ask about combinations that training shows, or about held-out ones
    #[arg(long, value_enum, default_value_t = WhichCombination::Seen, conflicts_with = "format", help_heading = "Benchmarks")]
    combination: WhichCombination,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// Commas between columns
    Csv,
    /// Tabs between columns, OpenCLIP's default
    Tsv,
    /// KEY.png, KEY.txt and KEY.json in tar archives
    Webdataset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhichBenchmark {
    /// Each of them
    All,
    /// Seven JSON files: swap, replace and add objects, attributes and relations
    Sugarcrepe,
    /// VG-Relation and VG-Attribution
    Aro,
    /// SVO-Probes
    Svo,
    /// Two images, two captions of the same words
    Winoground,
    /// SWAP and REPLACE: captions that stay true in other words
    HardPositives,
    /// Chains of captions from the general to the specific
    Hierarcaps,
    /// Nouns, colours with nouns, categories, domains: CLIP_benchmark's webdatasets
    Classification,
    /// Karpathy's JSON of one split
    Retrieval,
}

impl WhichBenchmark {
    fn benchmarks(self) -> Vec<Benchmark> {
        match self {
            Self::All => Benchmark::ALL.to_vec(),
            Self::Sugarcrepe => vec![Benchmark::Sugarcrepe],
            Self::Aro => vec![Benchmark::Aro],
            Self::Svo => vec![Benchmark::Svo],
            Self::Winoground => vec![Benchmark::Winoground],
            Self::HardPositives => vec![Benchmark::HardPositives],
            Self::Hierarcaps => vec![Benchmark::Hierarcaps],
            Self::Classification => vec![Benchmark::Classification],
            Self::Retrieval => vec![Benchmark::Retrieval],
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhichSplit {
    Training,
    Evaluation,
    Exhibition,
}

impl From<WhichSplit> for Split {
    fn from(which: WhichSplit) -> Self {
        match which {
            WhichSplit::Training => Self::Training,
            WhichSplit::Evaluation => Self::Evaluation,
            WhichSplit::Exhibition => Self::Exhibition,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhichCombination {
    /// Combinations that training shows
    Seen,
    /// A held-out combination in every item
    HeldOut,
}

impl From<WhichCombination> for Combination {
    fn from(which: WhichCombination) -> Self {
        match which {
            WhichCombination::Seen => Self::Seen,
            WhichCombination::HeldOut => Self::HeldOut,
        }
    }
}

fn style() -> impl TypedValueParser<Value = Style> {
    PossibleValuesParser::new(Style::ALL.iter().map(|style| style.word())).map(|word| {
        let mut styles = Style::ALL.iter().copied();
        let style = styles.find(|style| style.word() == word);
        style.expect("it is one of the possible values")
    })
}

pub(super) fn run(args: &ExportArgs) -> Result<()> {
    let done = match args.format {
        Some(format) => training_data(args, format),
        None => benchmarks(args),
    };
    let written = done?;
    println!("{written} in {}", args.out.display());
    Ok(())
}

/// The sentence for an error while files are written. The files that exist are complete.
fn stopped(out: &Path) -> String {
    format!(
        "the export into {} stopped; the same command continues it",
        out.display()
    )
}

fn training_data(args: &ExportArgs, format: Format) -> Result<String> {
    let asked = &args.training;
    ensure!(
        asked.from + (asked.scenes - 1) <= captioned::LAST_SEED,
        "{} scenes from {} on exceed the split, whose last scene is {}",
        asked.scenes,
        asked.from,
        captioned::LAST_SEED
    );
    let captioned = CaptionedScenes::new(
        asked.split.into(),
        asked.from,
        asked.scenes,
        asked.captions,
        args.style,
    );
    let mut parameters = json!({
        "format": format,
        "size": args.size,
        "style": args.style,
        "scenes": asked.scenes,
        "from": asked.from,
        "split": Split::from(asked.split),
        "captions": asked.captions,
    });
    match format {
        Format::Webdataset => parameters["shard_size"] = json!(asked.shard_size),
        Format::Csv | Format::Tsv => parameters["hard_negatives"] = json!(asked.hard_negatives),
    }
    folder::claim(&args.out, &parameters)?;
    let bar = progress::bar("Exporting", "scenes");
    bar.set_length(asked.scenes);
    let done = match format {
        Format::Webdataset => {
            webdataset::write(&args.out, &captioned, args.size, asked.shard_size, &bar)
        }
        Format::Csv | Format::Tsv => {
            let table = table::Table {
                path: args.out.join(match format {
                    Format::Csv => "captions.csv",
                    _ => "captions.tsv",
                }),
                separator: if matches!(format, Format::Csv) {
                    b','
                } else {
                    b'\t'
                },
                hard_negatives: asked.hard_negatives,
                size: args.size,
            };
            table.write(&captioned, &bar)
        }
    };
    bar.finish_and_clear();
    done.with_context(|| stopped(&args.out))
}

fn benchmarks(args: &ExportArgs) -> Result<String> {
    let chosen: Vec<Benchmark> = args
        .benchmark
        .iter()
        .flat_map(|which| which.benchmarks())
        .collect();
    let chosen: Vec<Benchmark> = Benchmark::ALL
        .iter()
        .copied()
        .filter(|benchmark| chosen.contains(benchmark))
        .collect();
    let combination = Combination::from(args.items.combination);
    let parameters = json!({
        "benchmarks": chosen,
        "size": args.size,
        "style": args.style,
        "items": args.items.items,
        "combination": combination,
    });
    folder::claim(&args.out, &parameters)?;
    let bar = progress::bar("Exporting", "images");
    let export = benchmarks::Export {
        out: &args.out,
        items: args.items.items as usize,
        combination,
        size: args.size,
        style: args.style,
        bar: &bar,
    };
    let done = export.write(&chosen);
    bar.finish_and_clear();
    done.with_context(|| stopped(&args.out))?;
    Ok(format!(
        "{} items of each set of {} benchmark{}",
        args.items.items,
        chosen.len(),
        if chosen.len() == 1 { "" } else { "s" }
    ))
}
