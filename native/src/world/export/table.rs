//! Tables as OpenCLIP and NegCLIP train on, with images in folders beside them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::captioned::{CaptionedScene, CaptionedScenes};
use super::scene_file::draw_into;
use super::similar::{Row, similar};
use crate::output::write_whole;
use crate::python_list;

/// Scenes that are drawn at once, and twice as many that similar ones are sought among.
const AT_ONCE: u64 = 512;
/// Images in a folder.
const IN_A_FOLDER: u64 = 10_000;
const IMAGES: &str = "images";

/// What to write, and where.
pub(super) struct Table {
    pub(super) path: PathBuf,
    pub(super) separator: u8,
    /// Whether rows have NegCLIP's columns.
    pub(super) hard_negatives: bool,
    /// Pixels.
    pub(super) size: u32,
}

impl Table {
    /// Writes the images that are not there, and last the table; what was written.
    pub(super) fn write(&self, captioned: &CaptionedScenes, bar: &ProgressBar) -> Result<String> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        if self.path.is_file() {
            return Ok(format!("{name} is complete"));
        }
        let mut rows = 0;
        write_whole(&self.path, |file| {
            let mut table = csv::WriterBuilder::new()
                .delimiter(self.separator)
                .from_writer(file);
            let plain = ["filepath", "title"];
            let negclips = ["neg_caption", "neg_image"];
            let columns = if self.hard_negatives { 2 } else { 0 };
            table.write_record(plain.iter().chain(&negclips[..columns]))?;
            let mut before = Vec::new();
            let mut begin = 0;
            while begin < captioned.scenes() {
                let end = captioned.scenes().min(begin + AT_ONCE);
                let block = self.draw(captioned, begin..end, rows)?;
                for (row, sample, image) in &block {
                    let mut fields = vec![image.clone(), sample.caption.clone()];
                    if self.hard_negatives {
                        let around = before.iter().chain(block.iter().map(|(row, ..)| row));
                        fields.push(python_list::print_strings(&sample.hard_negatives));
                        fields.push(python_list::print_numbers(&similar(row, around)));
                    }
                    table.write_record(&fields)?;
                }
                rows += block.len() as u64;
                before = block.into_iter().map(|(row, ..)| row).collect();
                bar.inc(end - begin);
                begin = end;
            }
            table.flush()?;
            Ok(())
        })?;
        Ok(format!("{name} with {rows} rows"))
    }

    /// The rows of some scenes, with their images' paths from the table's folder; `first` is the
    /// first one's number.
    fn draw(
        &self,
        captioned: &CaptionedScenes,
        scenes: std::ops::Range<u64>,
        first: u64,
    ) -> Result<Vec<(Row, CaptionedScene, String)>> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        for part in scenes.start / IN_A_FOLDER..=(scenes.end - 1) / IN_A_FOLDER {
            let part = folder.join(format!("{IMAGES}/{part:05}"));
            fs::create_dir_all(&part).with_context(|| part.display().to_string())?;
        }
        let drawn: Vec<Option<(CaptionedScene, String)>> = scenes
            .into_par_iter()
            .map(|number| {
                let sample = captioned.at(number);
                if self.hard_negatives && sample.hard_negatives.is_empty() {
                    return Ok(None);
                }
                let image = format!("{IMAGES}/{:05}/{number:09}.png", number / IN_A_FOLDER);
                draw_into(&folder.join(&image), &sample.scene, self.size)?;
                Ok(Some((sample, image)))
            })
            .collect::<Result<_>>()?;
        let numbered = drawn.into_iter().flatten().zip(first..);
        Ok(numbered
            .map(|((sample, image), number)| {
                let scene = sample.scene.clone();
                (Row { number, scene }, sample, image)
            })
            .collect())
    }
}
