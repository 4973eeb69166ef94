//! Asking models: questions and images are read once, for any number of checkpoints. `eval`, `patch`,
//! `train` and `probes` stand above it.

mod cache;
mod folders;
mod lists;
mod progress;
pub(crate) mod questions;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cliprobe::clip::Checkpoint;
use cliprobe::evaluate::{self, Cache, Memory, Model, Plan, SetRows, model_key};
use cliprobe::facade;
use cliprobe::probe::ProbeSet;
use cliprobe::probe::results::Run;
use cliprobe::score::TieRule;

use crate::model::{self, DeviceArgs, ImageArgs};
use cache::FileCache;
use cliprobe_files::image_files::ImagesOnDisk;
use progress::Bars;
use questions::{QuestionArgs, Questions};

/// How models are evaluated.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) questions: QuestionArgs,
    /// Folders with images, or with tar archives of images [default: the folders of --data]
    #[arg(long, value_name = "DIR", num_args = 1..)]
    images: Vec<PathBuf>,
    /// How ties count, for kinds of questions that leave a choice
    #[arg(long, value_enum, default_value_t = Ties::Authors)]
    ties: Ties,
    /// Crop the white bands that pad HierarCaps' images to squares
    #[arg(long)]
    pub(crate) unletterbox: bool,
    #[command(flatten)]
    pub(crate) image: ImageArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Images in a batch
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Folder in which embeddings are stored between runs
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Store no embeddings
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
    /// Arguments for a model that is evaluated once: on the CPU, without a cache, with `tableau_items` questions of
    /// each of Tableau's sets and at most `limit` of every other set.
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
            image: ImageArgs::default(),
            device: DeviceArgs::CPU,
            batch: 16,
            cache: None,
            no_cache: true,
        }
    }
}

/// Questions with the images that they are about.
pub(crate) struct Bench<'a> {
    args: &'a BenchArgs,
    pub(crate) questions: Questions,
    pub(crate) files: ImagesOnDisk,
    plan: Rc<Plan>,
}

impl<'a> Bench<'a> {
    /// Reads the lists of the benchmarks and looks for their images.
    pub(crate) fn read(benchmarks: &[String], args: &'a BenchArgs) -> Result<Self> {
        let mut questions = questions::collect(benchmarks, &args.questions)?;
        let mut folders = if args.images.is_empty() {
            args.questions.data.clone()
        } else {
            args.images.clone()
        };
        folders.append(&mut questions.image_folders);
        let files = ImagesOnDisk::search(&folders)?;
        let sets = questions.asked.iter_mut().map(|asked| &mut asked.set);
        let plan = Rc::new(Plan::new(sets, &mut |name| files.locate(name)));
        Ok(Self {
            args,
            files,
            questions,
            plan,
        })
    }

    /// Prints which lists are left out, and notes about the files. It is an error if nothing is left to ask.
    pub(crate) fn check(&self) -> Result<()> {
        for absent in &self.questions.absent {
            eprintln!("left out: {absent}");
        }
        if self.questions.asked.is_empty() {
            bail!(
                "no list of these benchmarks was found; name the folders that have them with --data"
            );
        }
        for note in self.notes() {
            eprintln!("{note}");
        }
        Ok(())
    }

    /// Notes about the images, for the reader of the numbers.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.files.notes();
        if self.plan.united > 0 {
            notes.push(format!(
                "{} images occur in a set under two names of the same file; each counts once",
                self.plan.united
            ));
        }
        notes
    }

    /// Embeds everything with a checkpoint, and scores it.
    pub(crate) fn ask(&self, checkpoint: &Rc<Checkpoint>) -> Result<Run> {
        let started = Instant::now();
        let args = self.args;
        let clip = model::load(checkpoint, args.device)?.with_exif(args.image.exif());
        let description = facade::description(checkpoint, Some(&clip))?;
        let dim = clip.config().projection_dim;
        let open = |kind: &str| -> Box<dyn Cache> {
            let folder = args.cache.clone().or_else(cache::default_folder);
            let folder = folder.filter(|_| !args.no_cache);
            let file = folder.and_then(|folder| {
                let path = folder.join(model_key(&description));
                FileCache::open(&path.join(format!("{kind}.bin")), dim)
            });
            match file {
                Some(cache) => Box::new(cache),
                None => Box::new(Memory::default()),
            }
        };
        let (mut images, mut texts) = (open("images"), open("texts"));
        let mut bars = Bars::default();
        let mut run = pollster::block_on(evaluate::run(
            &self.questions.asked,
            &self.plan,
            &self.files,
            Model {
                clip: &clip,
                batch: usize::from(args.batch),
                unletterbox: args.unletterbox,
            },
            description,
            (images.as_mut(), texts.as_mut()),
            args.ties.rule(),
            &|| started.elapsed().as_secs_f64(),
            &mut |progress| bars.tell(progress),
        ))?;
        bars.finish();
        if let Some(encoding) = &mut run.encoding {
            encoding.seconds = started.elapsed().as_secs_f64();
        }
        say_unscored(&run);
        Ok(run)
    }

    /// Scores every set with embeddings that were computed elsewhere.
    pub(crate) fn score<'r>(
        &self,
        rows: impl Fn(&ProbeSet) -> SetRows<'r>,
        model: serde_json::Value,
    ) -> Result<Run> {
        let started = Instant::now();
        let clock = || started.elapsed().as_secs_f64();
        let ties = self.args.ties.rule();
        let (mut sets, mut unscored) = (Vec::new(), Vec::new());
        for asked in &self.questions.asked {
            match evaluate::score(&asked.set, &asked.files, &rows(&asked.set), ties, &clock) {
                Ok(result) => sets.push(result),
                Err(error) => unscored.push(error.to_string()),
            }
        }
        let run = evaluate::finish(model, None, sets, unscored).context("the embeddings")?;
        say_unscored(&run);
        Ok(run)
    }
}

fn say_unscored(run: &Run) {
    for why in &run.unscored {
        eprintln!("{why}");
    }
}
