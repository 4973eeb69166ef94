//! Finds the sets that are asked for, and reads them from their files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use cliprobe::probe::{
    BENCHMARKS, Benchmark, Source, TableOptions, read_json, read_retrieval_table, tableau,
    tableau_name, tableau_sets,
};
use cliprobe_files::image_files::{files_in, relative};

use super::folders::{self, FolderOptions};
use super::lists::{Templates, read_text};

/// Every evaluation draws the same held-out scenes.
pub(crate) const TABLEAU_SEED: u64 = 0;

/// How questions are asked.
#[derive(Debug, Args)]
pub(crate) struct QuestionArgs {
    /// Folders in which the benchmarks' lists are looked for, in any depth
    #[arg(long, value_name = "DIR", num_args = 1..)]
    pub(super) data: Vec<PathBuf>,
    /// Ask only the first N questions of every set
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Templates for class names: clip-80, clip-7, none, or a file. The file has one template a line, with {} or {c}
    /// in the place of the name, or is CuPL's JSON (class to prompts) [default: clip-80 for class folders, their own
    /// templates for webdatasets]
    #[arg(long, value_name = "WHICH|FILE")]
    templates: Option<Templates>,
    /// Class names of class folders, in the order of the folders: imagenet, or a file with one name a line
    /// [default: the names of the folders]
    #[arg(long, value_name = "imagenet|FILE")]
    classes: Option<PathBuf>,
    /// Split of a folder that has several (train, val, test …) [default: test]
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    #[command(flatten)]
    table: TableArgs,
    /// Number of questions of each of Tableau's sets
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    tableau_items: u32,
}

/// How a retrieval table is read.
#[derive(Debug, Default, Args)]
struct TableArgs {
    /// Separator of a table's columns: one character, or tab [default: the one that the header shows]
    #[arg(long, value_name = "CHAR", value_parser = separator)]
    separator: Option<u8>,
    /// Column of a table with the paths of the images [default: filepath or image]
    #[arg(long, value_name = "NAME")]
    image_column: Option<String>,
    /// Column of a table with the captions [default: title or caption]
    #[arg(long, value_name = "NAME")]
    caption_column: Option<String>,
}

fn separator(given: &str) -> Result<u8, String> {
    match given.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => Ok(*one),
        _ => Err("give one character, or tab".to_owned()),
    }
}

impl TableArgs {
    fn options(&self) -> TableOptions {
        TableOptions {
            separator: self.separator,
            image: self.image_column.clone(),
            caption: self.caption_column.clone(),
        }
    }
}

impl QuestionArgs {
    /// Lists in the folders `data`, `tableau_items` of each of Tableau's sets, at most `limit` items of
    /// any set.
    pub(super) fn of(data: Vec<PathBuf>, tableau_items: u32, limit: Option<u32>) -> Self {
        Self {
            data,
            limit,
            templates: None,
            classes: None,
            split: None,
            table: TableArgs::default(),
            tableau_items,
        }
    }
}

/// The sets to run.
pub(crate) struct Questions {
    pub(crate) asked: Vec<Asked>,
    /// Sets of the asked benchmarks whose files are not there, each with where to get them.
    pub(crate) absent: Vec<String>,
    /// Folders that hold images beside those given as such.
    pub(super) image_folders: Vec<PathBuf>,
}

/// A set with the files it was read from.
pub(crate) use cliprobe::evaluate::Question as Asked;

/// Reads the benchmarks that are asked for.
pub(crate) fn collect(benchmarks: &[String], args: &QuestionArgs) -> Result<Questions> {
    let lists = Lists::search(&args.data)?;
    let mut questions = Questions {
        asked: Vec::new(),
        absent: Vec::new(),
        image_folders: Vec::new(),
    };
    for name in benchmarks {
        add(name, args, &lists, &mut questions)?;
    }
    if let Some(limit) = args.limit {
        questions.asked = questions
            .asked
            .into_iter()
            .map(|asked| Asked {
                set: asked.set.limited(limit as usize),
                ..asked
            })
            .collect();
    }
    let mut names: Vec<&str> = questions
        .asked
        .iter()
        .map(|a| a.set.name.as_str())
        .collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        bail!("{} is asked for twice", pair[0]);
    }
    if questions.asked.is_empty() && questions.absent.is_empty() {
        bail!(
            "nothing to run: {}",
            questions
                .absent
                .first()
                .map_or("no set was found", String::as_str)
        );
    }
    Ok(questions)
}

fn add(name: &str, args: &QuestionArgs, lists: &Lists, questions: &mut Questions) -> Result<()> {
    let whole = name.split('/').next().unwrap_or(name);
    if let Some(benchmark) = BENCHMARKS.iter().find(|benchmark| benchmark.name == whole) {
        return add_benchmark(name, benchmark, lists, questions);
    }
    if whole == "tableau" {
        return add_tableau(name, args.tableau_items as usize, questions);
    }
    let path = Path::new(name);
    if name == "-" || path.is_file() {
        let (text, file) = read_text(path)?;
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("json");
        let set = match extension.to_ascii_lowercase().as_str() {
            "json" | "jsonl" => read_json(&text),
            "csv" | "tsv" | "txt" => read_retrieval_table(name, &text, &args.table.options()),
            other => bail!(
                "{name} ends in .{other}; a probe file ends in .json, a retrieval table in .csv, .tsv or .txt"
            ),
        };
        questions.asked.push(Asked {
            set: set.with_context(|| name.to_owned())?,
            files: vec![file],
        });
        // The parent of a bare name is empty, which is the folder that the command runs in.
        let beside = path
            .parent()
            .map(|folder| match folder.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => folder.to_owned(),
            });
        questions
            .image_folders
            .extend(beside.filter(|folder| args.data.is_empty() && folder.is_dir()));
        return Ok(());
    }
    if path.is_dir() {
        let options = FolderOptions {
            classes: args.classes.as_deref(),
            templates: args.templates.as_ref(),
            split: args.split.as_deref(),
        };
        let sets = folders::read(path, &options)?;
        questions.asked.extend(sets.into_iter().map(|set| Asked {
            set,
            files: Vec::new(),
        }));
        questions.image_folders.push(path.to_owned());
        return Ok(());
    }
    let known: Vec<&str> = BENCHMARKS.iter().map(|benchmark| benchmark.name).collect();
    let nearest = known
        .iter()
        .copied()
        .chain(["tableau"])
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)))
        .unwrap_or("tableau");
    bail!(
        "{name} is neither a benchmark ({}, tableau) nor a file or folder; did you mean {nearest}?",
        known.join(", ")
    )
}

fn add_benchmark(
    name: &str,
    benchmark: &Benchmark,
    lists: &Lists,
    questions: &mut Questions,
) -> Result<()> {
    let chosen: Vec<&Source> = benchmark
        .sources
        .iter()
        .filter(|source| name == benchmark.name || name == source.set)
        .collect();
    if chosen.is_empty() {
        let sets: Vec<&str> = benchmark.sources.iter().map(|source| source.set).collect();
        bail!(
            "{name} is no set of {}; its sets are {}",
            benchmark.title,
            sets.join(", ")
        );
    }
    for source in chosen {
        match source.find(&lists.paths) {
            Err(missing) => questions.absent.push(format!(
                "{}: {missing} is not in {}; {}",
                source.set,
                lists.searched(),
                benchmark.obtain
            )),
            Ok(places) => {
                let mut texts = Vec::new();
                let mut files = Vec::new();
                for place in places {
                    let (text, file) = read_text(&lists.files[place])?;
                    texts.push(text);
                    files.push(file);
                }
                let set = (source.read)(&texts).with_context(|| {
                    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
                    paths.join(", ")
                })?;
                questions.asked.push(Asked { set, files });
            }
        }
    }
    Ok(())
}

fn add_tableau(name: &str, n: usize, questions: &mut Questions) -> Result<()> {
    let before = questions.asked.len();
    for (kind, combination) in tableau_sets() {
        if name == "tableau" || name == tableau_name(kind, combination) {
            questions.asked.push(Asked {
                set: tableau(kind, combination, TABLEAU_SEED, n)?,
                files: Vec::new(),
            });
        }
    }
    if questions.asked.len() == before {
        bail!("{name} is no set of Tableau; `cliprobe eval tableau --dry-run` lists them");
    }
    Ok(())
}

/// The files in the folders with the benchmarks' lists.
struct Lists {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    /// Their paths below the folders.
    paths: Vec<String>,
}

impl Lists {
    fn search(folders: &[PathBuf]) -> Result<Self> {
        let mut files = Vec::new();
        let mut paths = Vec::new();
        for folder in folders {
            for file in files_in(folder)? {
                // The folder's own name counts: --data hard_positives/data is as good as its parent.
                let above = folder.parent().unwrap_or(folder);
                paths.push(relative(&file, above));
                files.push(file);
            }
        }
        Ok(Self {
            folders: folders.to_vec(),
            files,
            paths,
        })
    }

    fn searched(&self) -> String {
        if self.folders.is_empty() {
            return "any folder, for no --data is given".to_owned();
        }
        let folders: Vec<String> = self
            .folders
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        folders.join(", ")
    }
}
