//! Embeds the images of a folder and writes them as CSV: the file's name, then the embedding's values.
//!
//!     cargo run --release -p cliprobe --example embed_folder -- MODEL FOLDER > embeddings.csv
//!
//! Files that are no readable image are named on standard error and left out.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::{Path, PathBuf};

use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::facade::Clip;

/// Images that are computed at once: more take more memory, and are little faster.
const BATCH: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder] = arguments.as_slice() else {
        return Err("usage: embed_folder MODEL FOLDER".into());
    };
    let checkpoint = Checkpoint::open(Path::new(model), &Overrides::default())?;
    let clip = Clip::on_cpu(&checkpoint, &mut |_, _| {})?;

    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    for batch in files.chunks(BATCH) {
        let (mut names, mut images) = (Vec::new(), Vec::new());
        for file in batch {
            match read(&clip, file) {
                Ok(image) => {
                    names.push(file.file_name().unwrap_or_default().to_string_lossy());
                    images.push(image);
                }
                Err(error) => eprintln!("skipped {}: {error}", file.display()),
            }
        }
        let embeddings = pollster::block_on(clip.encode_prepared(&images))?;
        for (name, row) in names.iter().zip(embeddings.rows()) {
            let values: Vec<String> = row.iter().map(f32::to_string).collect();
            println!("\"{}\",{}", name.replace('"', "\"\""), values.join(","));
        }
    }
    Ok(())
}

fn read(clip: &Clip, file: &Path) -> Result<cliprobe::facade::PreparedImage, Box<dyn Error>> {
    Ok(clip.prepare(&std::fs::read(file)?)?)
}
