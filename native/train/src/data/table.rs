//! Tables with an image's file and a caption in every row, as OpenCLIP and NegCLIP train on.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use csv::StringRecord;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::bad::BadSamples;
use super::shuffled::Records;
use super::transform::Transform;
use crate::recipe::{EditsRecipe, TableRecipe};
use crate::sample::Sample;
use cliprobe_files::image_files::ImagesOnDisk;
use cliprobe_files::python_list;
use cliprobe_files::table::TableFile;
use cliprobe_probe::plain_path;

const HARD_NEGATIVES: &str = "neg_caption";
const HARD_IMAGES: &str = "neg_image";

/// A table whose rows are read; its images are not.
pub(super) struct Table {
    name: String,
    /// None for rows that cannot be used: those that follow keep their numbers.
    rows: Vec<Option<Row>>,
    /// The rows that begin a draw.
    drawn: Vec<u32>,
    whole: Range<u32>,
    images: Images,
    hard_images: bool,
    transform: Transform,
    edits: EditsRecipe,
}

struct Row {
    image: String,
    caption: String,
    hard_negatives: Vec<String>,
    hard_images: Vec<u32>,
}

enum Images {
    Below(PathBuf),
    Named(ImagesOnDisk),
}

/// Where the columns stand.
struct Columns {
    image: usize,
    caption: usize,
    hard_negatives: Option<usize>,
    hard_images: Option<usize>,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// A file that cannot be read or lacks a column, folders that are none, too many bad rows.
    pub(super) fn open(
        recipe: &TableRecipe,
        transform: Transform,
        edits: EditsRecipe,
        bad: &Arc<BadSamples>,
    ) -> Result<Self> {
        let path = &recipe.path;
        let name = path.display().to_string();
        let separator = recipe.separator.map(u8::try_from).transpose();
        let separator = separator.with_context(|| {
            format!(
                "data.table.separator is {:?}, no ASCII character",
                recipe.separator.unwrap_or_default()
            )
        })?;
        let mut table = TableFile::open(path, separator, &[[&recipe.image, &recipe.caption]])
            .with_context(|| format!("the table {name} cannot be read"))?;
        let columns = Columns::find(recipe, table.header(), &name)?;
        let mut rows = Vec::new();
        let mut number = 0u64;
        while let Some(record) = table.next_row()? {
            let row = record.and_then(|record| columns.row(&record));
            match row.with_context(|| format!("row {number} of {name}")) {
                Ok(row) => rows.push(Some(row)),
                Err(why) => {
                    bad.bad(format!("{why:#}"))?;
                    rows.push(None);
                }
            }
            number += 1;
        }
        let begins = |row: &Option<Row>| {
            row.as_ref().is_some_and(|row| {
                !(recipe.hard_negatives && row.hard_negatives.is_empty()
                    || recipe.hard_images && row.hard_images.is_empty())
            })
        };
        let numbered = (0u32..).zip(&rows);
        let drawn: Vec<u32> = numbered
            .filter(|(_, row)| begins(row))
            .map(|(number, _)| number)
            .collect();
        ensure!(!drawn.is_empty(), "no row of the table {name} can be used");
        let images = if recipe.images.is_empty() {
            Images::Below(path.parent().unwrap_or(Path::new("")).to_owned())
        } else {
            let files = ImagesOnDisk::search(&recipe.images)?;
            // All are looked for now, so that what is found by its name alone is said at the start.
            for row in rows.iter().flatten() {
                files.find(&row.image);
            }
            Images::Named(files)
        };
        Ok(Self {
            name,
            whole: 0..drawn.len() as u32,
            rows,
            drawn,
            images,
            hard_images: recipe.hard_images,
            transform,
            edits,
        })
    }

    /// What a person should know about where its images were found.
    pub(super) fn notes(&self) -> Vec<String> {
        match &self.images {
            Images::Below(_) => Vec::new(),
            Images::Named(files) => files.notes(),
        }
    }

    fn sample(&self, number: u32, dice: &mut ChaCha8Rng) -> Result<Sample> {
        let read = || -> Result<(&Row, Vec<u8>)> {
            let row = self
                .rows
                .get(number as usize)
                .context("there is no such row")?;
            let row = row.as_ref().context("it cannot be read")?;
            Ok((row, self.images.read(&row.image)?))
        };
        let name = || format!("row {number} of {}", self.name);
        let (row, file) = read().with_context(name)?;
        let pixels = self.transform.pixels(&row.image, &file, dice);
        let mut sample = Sample {
            pixels: pixels.with_context(name)?,
            caption: row.caption.clone(),
            hard_negatives: row
                .hard_negatives
                .choose(dice)
                .cloned()
                .into_iter()
                .collect(),
            hard_positive: None,
        };
        self.edits.apply(&mut sample, dice);
        Ok(sample)
    }

    /// The pair of an image that is similar to that of a row: the first that can be read, in
    /// random order.
    fn similar(&self, number: u32, dice: &mut ChaCha8Rng) -> Result<Sample> {
        let row = self.rows[number as usize].as_ref();
        let mut others = row.map_or_else(Vec::new, |row| row.hard_images.clone());
        others.shuffle(dice);
        let mut why = None;
        for other in others {
            match self.sample(other, dice) {
                Ok(sample) => return Ok(sample),
                Err(error) => why = Some(error),
            }
        }
        let none = || format!("row {number} of {} has no similar image", self.name);
        match why {
            Some(why) => Err(why).with_context(none),
            None => bail!(none()),
        }
    }
}

impl Records<Sample> for Table {
    fn parts(&self) -> &[Range<u32>] {
        std::slice::from_ref(&self.whole)
    }

    fn items(&self) -> usize {
        1 + usize::from(self.hard_images)
    }

    fn read(&self, record: u32, dice: &mut ChaCha8Rng) -> Result<Vec<Sample>> {
        let number = self.drawn[record as usize];
        let mut samples = vec![self.sample(number, dice)?];
        if self.hard_images {
            samples.push(self.similar(number, dice)?);
        }
        Ok(samples)
    }
}

impl Columns {
    fn find(recipe: &TableRecipe, header: &StringRecord, name: &str) -> Result<Self> {
        let find = |wanted: &str, key: &str| {
            header
                .iter()
                .position(|column| column == wanted)
                .with_context(|| {
                    let columns: Vec<String> = header.iter().map(|c| format!("{c:?}")).collect();
                    format!(
                        "the table {name} has no column {wanted:?}; it has {}; see data.table.{key} \
                         and data.table.separator",
                        columns.join(", ")
                    )
                })
        };
        let if_wanted =
            |wanted: bool, column: &str, key: &str| wanted.then(|| find(column, key)).transpose();
        Ok(Self {
            image: find(&recipe.image, "image")?,
            caption: find(&recipe.caption, "caption")?,
            hard_negatives: if_wanted(recipe.hard_negatives, HARD_NEGATIVES, "hard_negatives")?,
            hard_images: if_wanted(recipe.hard_images, HARD_IMAGES, "hard_images")?,
        })
    }

    fn row(&self, record: &StringRecord) -> Result<Row> {
        let field = |column: usize| {
            record
                .get(column)
                .with_context(|| format!("it has only {} columns", record.len()))
        };
        let caption = field(self.caption)?.trim();
        ensure!(!caption.is_empty(), "its caption is empty");
        let image = field(self.image)?.trim();
        ensure!(!image.is_empty(), "it names no image");
        let hard_negatives = match self.hard_negatives {
            Some(column) => python_list::strings(field(column)?).context(HARD_NEGATIVES)?,
            None => Vec::new(),
        };
        let hard_images = match self.hard_images {
            Some(column) => python_list::numbers(field(column)?).context(HARD_IMAGES)?,
            None => Vec::new(),
        };
        Ok(Row {
            image: image.to_owned(),
            caption: caption.to_owned(),
            hard_negatives,
            hard_images,
        })
    }
}

impl Images {
    fn read(&self, name: &str) -> Result<Vec<u8>> {
        match self {
            Self::Below(folder) => {
                let mut path = folder.join(name);
                if !path.exists() {
                    // A table that was made on Windows.
                    path = folder.join(plain_path(name));
                }
                std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
            }
            Self::Named(files) => match files.find(name) {
                Some(number) => files.read(number),
                None => bail!(files.not_found(name)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]

    use super::*;
    use crate::recipe::Crop;
    use cliprobe_clip::preprocessing::Preprocessing;

    /// Of NegCLIP's validation file: the counts that Python's own reader finds in it.
    #[test]
    fn negclips_published_file_is_read_whole() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../shared/data/negclip/valid_neg_clip.tsv");
        if !path.exists() {
            eprintln!("SKIPPED: ../shared/data/negclip/valid_neg_clip.tsv is not there");
            return;
        }
        let recipe = TableRecipe {
            path,
            separator: None,
            image: TableRecipe::default_image(),
            caption: TableRecipe::default_caption(),
            images: Vec::new(),
            hard_negatives: true,
            hard_images: true,
        };
        let model = Preprocessing::clip_default(32);
        let transform = Transform::new(Crop::Evaluation, &model, 32);
        let bad = Arc::new(BadSamples::new(0.0));
        let table = Table::open(&recipe, transform, EditsRecipe::default(), &bad).unwrap();
        assert_eq!(table.drawn.len(), 4839);
        let rows: Vec<&Row> = table.rows.iter().flatten().collect();
        let mut by_negatives = [0; 6];
        for row in &rows {
            by_negatives[row.hard_negatives.len()] += 1;
        }
        assert_eq!(by_negatives, [0, 2891, 1418, 480, 47, 3]);
        assert!(rows.iter().all(|row| row.hard_images.len() == 3));
        let others = rows.iter().flat_map(|row| &row.hard_images);
        assert_eq!(others.max(), Some(&4838));
        assert_eq!(
            rows[0].hard_negatives[0],
            "A umbrella holding a flowered child and petting a yak ."
        );
    }
}
