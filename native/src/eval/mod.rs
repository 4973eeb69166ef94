//! `cliprobe eval`: benchmarks in, the authors' metrics out.

mod cache;
mod clip_benchmark;
mod embeddings_file;
mod encode;
mod folders;
mod gallery;
mod html;
mod pictures;
mod published;
pub(crate) mod questions;
mod report;
mod scene_pictures;
mod thumbnails;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cliprobe::facade;
use cliprobe::probe::results::{Encoding, Results, Run, SetResult};
use cliprobe::probe::{Evaluation, ProbeSet, evaluate, summarise};
use cliprobe::score::TieRule;

use crate::model::{self, DeviceArgs, OverrideArgs};
use crate::output::write_text;
use cache::Cache;
use encode::{Embedded, Encoder, PictureReader};
use pictures::PictureFiles;
use questions::{Asked, QuestionArgs};
use thumbnails::Thumbnails;

/// Run benchmarks and report their authors' metrics
///
/// BENCH is a benchmark (sugarcrepe, aro, svo, winoground, hard-positives, hierarcaps, retrieval,
/// tableau), one of its sets (sugarcrepe/swap_obj, tableau/swap_attribute), or a path: a probe file
/// (.json, or - for standard input), a retrieval table (.csv, .tsv), or a folder of class folders or of
/// CLIP_benchmark's webdataset shards. Every picture and caption is embedded once for all of them, and
/// kept in a cache, so that a run that was stopped goes on where it was.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    questions: QuestionArgs,
    /// Checkpoints: Hugging Face or OpenCLIP directories, GGUF files, or state dicts
    #[arg(
        long = "model",
        value_name = "MODEL",
        num_args = 1..,
        required_unless_present_any = ["embeddings", "dry_run"]
    )]
    models: Vec<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// Embeddings from a file instead of a model: image_embeds and text_embeds with their names as
    /// `cliprobe embed` writes them; HierarCaps also needs the empty text
    #[arg(long, value_name = "F.safetensors", conflicts_with = "models")]
    embeddings: Option<PathBuf>,
    /// Folders with pictures, or with tar archives of them; the folders of --data where not given
    #[arg(long, value_name = "DIR", num_args = 1..)]
    images: Vec<PathBuf>,
    /// What a tie counts for, where the benchmark's authors leave a choice
    #[arg(long, value_enum, default_value_t = Ties::Authors)]
    ties: Ties,
    /// Take the white bands away that make a square of a picture, as of HierarCaps'
    #[arg(long)]
    unletterbox: bool,
    #[command(flatten)]
    device: DeviceArgs,
    /// Pictures computed at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Where embeddings are kept between runs
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Keep no embeddings
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
    /// Only say what is there, what is missing, and where to get it
    #[arg(long)]
    dry_run: bool,
    /// Write everything, item by item, as JSON; - for standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the table as CSV; - for standard output
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a report as one HTML file, with charts, failures and published numbers
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Failures of each set that the report shows
    #[arg(long, value_name = "N", default_value_t = 6)]
    failures: u16,
    /// Show a published model's numbers in the table: part of its name, as in --published=NegCLIP
    #[arg(
        long,
        value_name = "MODEL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "CLIP ViT-B/32"
    )]
    published: Option<String>,
    /// Write CLIP_benchmark's JSON files into a folder, one for each model and set
    #[arg(long, value_name = "DIR")]
    clip_benchmark: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ties {
    /// As the benchmark's authors do
    Authors,
    /// A tie is wrong
    Strict,
    /// The first of the options wins
    First,
    /// One of the options wins, by lot from a fixed seed
    Random,
}

impl Ties {
    fn rule(self) -> Option<TieRule> {
        match self {
            Self::Authors => None,
            Self::Strict => Some(TieRule::Strict),
            Self::First => Some(TieRule::First),
            Self::Random => Some(TieRule::Random { seed: 0 }),
        }
    }
}

/// What exits with 3: complete but for some items or sets, which are named.
const SOME_MISSING: u8 = 3;

pub(crate) fn run(args: &EvalArgs) -> Result<ExitCode> {
    // Everything that can be wrong with the questions, before minutes of computing.
    let beside = args.published.as_deref().map(|part| {
        published::model_named(part).with_context(|| {
            let known: Vec<&str> = published::models().into_iter().collect();
            format!(
                "--published={part} is part of no model's name; there are numbers of {}",
                known.join("; ")
            )
        })
    });
    let beside = beside.transpose()?;
    let mut questions = questions::collect(&args.questions)?;
    let mut folders = if args.images.is_empty() {
        args.questions.data.clone()
    } else {
        args.images.clone()
    };
    folders.append(&mut questions.picture_folders);
    let files = PictureFiles::search(&folders)?;
    if args.dry_run {
        report::print_dry_run(&questions, &files);
        return Ok(exit_code(!questions.absent.is_empty()));
    }
    for absent in &questions.absent {
        eprintln!("left out: {absent}");
    }
    if questions.asked.is_empty() {
        bail!("none of the lists that are asked for is there");
    }

    let sets: Vec<&ProbeSet> = questions.asked.iter().map(|asked| &asked.set).collect();
    let mut runs = Vec::new();
    if let Some(path) = &args.embeddings {
        let given = embeddings_file::read(path)?;
        let embedded = given.embedded(&sets);
        runs.push(score(
            args,
            &questions.asked,
            &embedded,
            given.description,
            None,
        )?);
    }
    for path in &args.models {
        let started = Instant::now();
        let checkpoint = Rc::new(args.overrides.open(path)?);
        let clip = model::load(&checkpoint, args.device)?;
        let description = facade::description(&checkpoint, Some(&clip))?;
        let dim = clip.config().projection_dim;
        let open = |kind: &str| -> Result<Cache> {
            let folder = args.cache.clone().or_else(cache::default_folder);
            match (args.no_cache, folder) {
                (false, Some(folder)) => {
                    let model = encode::model_key(&description);
                    Cache::open(&folder.join(model).join(format!("{kind}.bin")), dim)
                }
                _ => Ok(Cache::in_memory()),
            }
        };
        let mut encoder = Encoder {
            clip: &clip,
            reader: PictureReader {
                files: &files,
                preprocessing: &checkpoint.preprocessing,
                unletterbox: args.unletterbox,
                side: clip.config().vision.image_size,
            },
            batch: usize::from(args.batch),
            pictures: open("pictures")?,
            texts: open("texts")?,
        };
        let (embedded, mut encoding) = encoder.encode(&sets)?;
        encoding.seconds = started.elapsed().as_secs_f64();
        runs.push(score(
            args,
            &questions.asked,
            &embedded,
            description,
            Some(encoding),
        )?);
    }
    let results = Results::new(runs, questions.absent.clone());

    if let Some(path) = &args.json {
        let text = serde_json::to_string(&results)?;
        write_text(path, &text)?;
    }
    if let Some(path) = &args.csv {
        write_text(path, &results.to_csv())?;
    }
    if let Some(path) = &args.html {
        let thumbnails = Thumbnails::new(&files, args.unletterbox);
        let failures = usize::from(args.failures);
        write_text(
            path,
            &html::report(&results, &questions.asked, &thumbnails, failures),
        )?;
    }
    if let Some(folder) = &args.clip_benchmark {
        clip_benchmark::write(folder, &results)?;
    }
    let to_standard_output = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
    if ![&args.json, &args.csv, &args.html]
        .into_iter()
        .any(to_standard_output)
    {
        report::print(&results, beside);
    }
    Ok(exit_code(results.is_incomplete()))
}

fn exit_code(some_missing: bool) -> ExitCode {
    if some_missing {
        ExitCode::from(SOME_MISSING)
    } else {
        ExitCode::SUCCESS
    }
}

/// Scores every set with one model's embeddings. A set that cannot be scored is named in the result.
fn score(
    args: &EvalArgs,
    asked: &[Asked],
    embedded: &Embedded,
    model: serde_json::Value,
    encoding: Option<Encoding>,
) -> Result<Run> {
    let mut sets = Vec::new();
    let mut unscored = Vec::new();
    for (number, Asked { set, files }) in asked.iter().enumerate() {
        let (pictures, texts) = embedded.rows(number);
        let started = Instant::now();
        match evaluate(set, &pictures, &texts, embedded.root(), args.ties.rule()) {
            Ok(evaluation) => sets.push(SetResult {
                pictures: set.pictures.iter().map(|picture| picture.label()).collect(),
                texts: set.texts.clone(),
                truncated: embedded.truncated(number),
                files: files.clone(),
                seconds: started.elapsed().as_secs_f64(),
                evaluation,
            }),
            Err(error) => {
                eprintln!("{error}");
                unscored.push(error.to_string());
            }
        }
    }
    if sets.is_empty() {
        bail!("none of the sets could be scored");
    }
    let evaluations: Vec<Evaluation> = sets.iter().map(|set| set.evaluation.clone()).collect();
    Ok(Run {
        model,
        encoding,
        summaries: summarise(&evaluations).context("the averages")?,
        sets,
        unscored,
    })
}
