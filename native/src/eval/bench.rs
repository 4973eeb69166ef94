//! Asking a model: questions and pictures once, then any number of checkpoints.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cliprobe::clip::Checkpoint;
use cliprobe::facade;
use cliprobe::probe::results::{Encoding, Run, SetResult};
use cliprobe::probe::{Evaluation, ProbeSet, evaluate, summarise};
use cliprobe::score::TieRule;

use super::cache::{self, Cache};
use super::encode::{self, Embedded, Encoder, PictureReader};
use super::pictures::PictureFiles;
use super::questions::{self, QuestionArgs, Questions};
use crate::model::{self, DeviceArgs};

/// How models are asked.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(super) questions: QuestionArgs,
    /// Folders with pictures, or with tar archives of them; the folders of --data where not given
    #[arg(long, value_name = "DIR", num_args = 1..)]
    images: Vec<PathBuf>,
    /// What a tie counts for, where the benchmark's authors leave a choice
    #[arg(long, value_enum, default_value_t = Ties::Authors)]
    ties: Ties,
    /// Take the white bands away that make a square of a picture, as of HierarCaps'
    #[arg(long)]
    pub(super) unletterbox: bool,
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

impl BenchArgs {
    /// For models that are asked once: on the CPU, without a cache, `tableau_items` questions of each
    /// of Tableau's sets and at most `limit` of every other.
    pub(crate) fn in_memory(
        data: Vec<PathBuf>,
        images: Vec<PathBuf>,
        tableau_items: u32,
        limit: Option<u32>,
    ) -> Self {
        Self {
            questions: QuestionArgs::of(data, tableau_items, limit),
            images,
            ties: Ties::Authors,
            unletterbox: false,
            device: DeviceArgs::CPU,
            batch: 16,
            cache: None,
            no_cache: true,
        }
    }
}

/// Questions with the pictures that they are about.
pub(crate) struct Bench<'a> {
    args: &'a BenchArgs,
    pub(crate) questions: Questions,
    pub(super) files: PictureFiles,
}

impl<'a> Bench<'a> {
    /// Reads the lists of the benchmarks and looks for their pictures.
    pub(crate) fn read(benchmarks: &[String], args: &'a BenchArgs) -> Result<Self> {
        let mut questions = questions::collect(benchmarks, &args.questions)?;
        let mut folders = if args.images.is_empty() {
            args.questions.data.clone()
        } else {
            args.images.clone()
        };
        folders.append(&mut questions.picture_folders);
        Ok(Self {
            args,
            files: PictureFiles::search(&folders)?,
            questions,
        })
    }

    /// Says what is left out; it is an error if that is everything.
    pub(crate) fn check(&self) -> Result<()> {
        for absent in &self.questions.absent {
            eprintln!("left out: {absent}");
        }
        if self.questions.asked.is_empty() {
            bail!("none of the lists that are asked for is there");
        }
        Ok(())
    }

    pub(super) fn sets(&self) -> Vec<&ProbeSet> {
        self.questions
            .asked
            .iter()
            .map(|asked| &asked.set)
            .collect()
    }

    /// Embeds everything with a checkpoint, and scores it.
    pub(crate) fn ask(&self, checkpoint: &Rc<Checkpoint>) -> Result<Run> {
        let started = Instant::now();
        let args = self.args;
        let clip = model::load(checkpoint, args.device)?;
        let description = facade::description(checkpoint, Some(&clip))?;
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
                files: &self.files,
                preprocessing: &checkpoint.preprocessing,
                unletterbox: args.unletterbox,
                side: clip.config().vision.image_size,
            },
            batch: usize::from(args.batch),
            pictures: open("pictures")?,
            texts: open("texts")?,
        };
        let (embedded, mut encoding) = encoder.encode(&self.sets())?;
        encoding.seconds = started.elapsed().as_secs_f64();
        self.score(&embedded, description, Some(encoding))
    }

    /// Scores every set with one model's embeddings. A set that cannot be scored is named in the
    /// result.
    pub(super) fn score(
        &self,
        embedded: &Embedded,
        model: serde_json::Value,
        encoding: Option<Encoding>,
    ) -> Result<Run> {
        let ties = self.args.ties.rule();
        let mut sets = Vec::new();
        let mut unscored = Vec::new();
        for (number, asked) in self.questions.asked.iter().enumerate() {
            let set = &asked.set;
            let (pictures, texts) = embedded.rows(number);
            let started = Instant::now();
            match evaluate(set, &pictures, &texts, embedded.root(), ties) {
                Ok(evaluation) => sets.push(SetResult {
                    pictures: set.pictures.iter().map(|picture| picture.label()).collect(),
                    texts: set.texts.clone(),
                    truncated: embedded.truncated(number),
                    files: asked.files.clone(),
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
}
