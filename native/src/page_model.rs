//! What the page needs beside its models: the list by which it finds and checks their files, and the
//! golden values by which it checks itself.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cliprobe::clip::Checkpoint;
use cliprobe::engine::Embeddings;
use cliprobe::facade::Clip;
use cliprobe::world::{draw, sample_probe_for_page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::output::write_whole;
use crate::world::encode_png;

/// Captions of every sort the tokenizer treats apart: long, short, cased, spaced, beyond the vocabulary, empty.
const TEXTS: [&str; 6] = [
    "",
    "a cat",
    "a red cat to the left of a blue car",
    "  A LARGE   green tree, and a small yellow house!",
    "naïve café 日本 42",
    "a small brown truck above a large purple dog on snow",
];
const SCENES: [u64; 4] = [1, 2, 3, 4];
/// Scenes are drawn larger than any default model's input, so that the resize is checked too.
const SCENE_SIZE: u32 = 224;
/// Page and command run the same code; what is left are different orders of summation and the
/// rounding of single pixels in the drawing.
const TOLERANCE: f32 = 1e-3;

/// The list beside the models, of which the page loads the first.
const LIST: &str = "models.json";
/// The model that stands first in the list, whenever it was written.
pub(crate) const DEFAULT: &str = "default.gguf";

/// What the list says of one model.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct PageModel {
    name: String,
    /// One sentence for the page's visitors.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// Beside the list, as is `golden`.
    file: String,
    bytes: u64,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    golden: Option<String>,
}

/// Says of a GGUF file what the page wants to know; nothing of golden values.
pub(crate) fn describe(model: &Path, name: &str, file: &str) -> Result<PageModel> {
    let cannot_read = || format!("cannot read the model {}", model.display());
    let mut source = File::open(model).with_context(cannot_read)?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = source.read(&mut buffer).with_context(cannot_read)?;
        if read == 0 {
            break;
        }
        if bytes == 0 && !buffer[..read].starts_with(b"GGUF") {
            bail!("{} is not a GGUF file", model.display());
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
    ensure!(bytes > 0, "{} is empty", model.display());
    let sha256: String = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(PageModel {
        name: name.to_owned(),
        about: None,
        file: file.to_owned(),
        bytes,
        sha256,
        golden: None,
    })
}

/// Writes the golden values of a GGUF file beside it, as `NAME.golden.json`, and puts it into the list
/// there. Without `about` the list keeps what it said of that file before.
///
/// # Errors
/// When a file cannot be read or written, or the list there is none.
pub(crate) fn write_beside(
    model: &Path,
    checkpoint: &Checkpoint,
    about: Option<&str>,
) -> Result<()> {
    let list = model.with_file_name(LIST);
    let models = read_list(&list)?; // before anything is computed
    let file = model.file_name().unwrap_or_default().to_string_lossy();
    let golden = model.with_extension("golden.json");
    let golden_name = golden.file_name().unwrap_or_default().to_string_lossy();
    let values = golden_values(&Clip::on_cpu(checkpoint, &mut |_, _| {})?)?;
    let entry = PageModel {
        about: about.map(str::to_owned),
        golden: Some(golden_name.into_owned()),
        ..describe(model, &checkpoint.name, &file)?
    };
    write_whole(&golden, |file| Ok(writeln!(file, "{values}")?))?;
    let models = serde_json::to_string_pretty(&placed(models, entry))?;
    write_whole(&list, |file| Ok(writeln!(file, "{models}")?))
}

/// The file of the model in a folder's list whose SHA-256 begins so; none where there is no such model,
/// or no list.
pub(crate) fn file_of(folder: &Path, sha256: &str) -> Result<Option<PathBuf>> {
    let models = read_list(&folder.join(LIST))?;
    let found = models.iter().find(|model| model.sha256.starts_with(sha256));
    Ok(found.map(|model| folder.join(&model.file)))
}

fn read_list(list: &Path) -> Result<Vec<PageModel>> {
    match fs::read(list) {
        Ok(json) => serde_json::from_slice(&json)
            .with_context(|| format!("{} is not a list of models", list.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", list.display())),
    }
}

/// The list with one model put in its place: where its file stood, else last; the default first.
fn placed(mut models: Vec<PageModel>, mut entry: PageModel) -> Vec<PageModel> {
    match models.iter_mut().find(|model| model.file == entry.file) {
        Some(model) => {
            entry.about = entry.about.or_else(|| model.about.take());
            *model = entry;
        }
        None => models.push(entry),
    }
    models.sort_by_key(|model| model.file != DEFAULT);
    models
}

fn golden_values(clip: &Clip) -> Result<Value> {
    let rows = |embeddings: &Embeddings| embeddings.rows().map(<[f32]>::to_vec).collect::<Vec<_>>();
    let texts = pollster::block_on(clip.encode_texts(&TEXTS, &mut |_| {}))?;
    let images = SCENES
        .iter()
        .map(|&seed| {
            Ok(clip.prepare(&encode_png(&draw(
                &sample_probe_for_page(seed).scene,
                SCENE_SIZE,
            )?)?)?)
        })
        .collect::<Result<Vec<_>>>()?;
    let images = pollster::block_on(clip.encode_prepared(&images))?;
    Ok(json!({
        "texts": TEXTS,
        "textEmbeddings": rows(&texts.embeddings),
        "sceneSeeds": SCENES.map(|seed| seed.to_string()),
        "sceneSize": SCENE_SIZE,
        "imageEmbeddings": rows(&images),
        "tolerance": TOLERANCE,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn model(file: &str, name: &str, about: Option<&str>) -> PageModel {
        PageModel {
            name: name.to_owned(),
            about: about.map(str::to_owned),
            file: file.to_owned(),
            bytes: 1,
            sha256: String::new(),
            golden: None,
        }
    }

    #[test]
    fn the_default_comes_first_and_others_in_the_order_they_came_in() {
        let list = ["b.gguf", "a.gguf", DEFAULT, "c.gguf"]
            .into_iter()
            .fold(Vec::new(), |list, file| {
                placed(list, model(file, file, None))
            });
        let files: Vec<&str> = list.iter().map(|model| model.file.as_str()).collect();
        assert_eq!(files, [DEFAULT, "b.gguf", "a.gguf", "c.gguf"]);
    }

    #[test]
    fn a_model_written_again_keeps_its_place_and_its_sentence() {
        let list = vec![
            model("a.gguf", "old", Some("The first.")),
            model("b.gguf", "other", None),
        ];
        let list = placed(list, model("a.gguf", "new", None));
        assert_eq!(list[0], model("a.gguf", "new", Some("The first.")));
        let list = placed(list, model("a.gguf", "new", Some("A better one.")));
        assert_eq!(list[0], model("a.gguf", "new", Some("A better one.")));
        assert_eq!(list.len(), 2);
    }
}
