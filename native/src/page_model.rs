//! What the page needs beside a model: the manifest by which it finds and checks the file, and the
//! golden values by which it checks itself.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cliprobe::clip::Checkpoint;
use cliprobe::engine::Embeddings;
use cliprobe::facade::Clip;
use cliprobe::world::{draw, sample_probe_for_page};
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

/// Says of a GGUF file what `models/default.json` says: its name, size and hash, and where its golden values are.
pub(crate) fn manifest(
    model: &Path,
    name: &str,
    file: &str,
    golden: Option<&str>,
) -> Result<Value> {
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
    let mut manifest = json!({"name": name, "file": file, "bytes": bytes, "sha256": sha256});
    if let Some(golden) = golden {
        manifest["golden"] = golden.into();
    }
    Ok(manifest)
}

/// Writes the manifest and the golden values of a GGUF file beside it, as `NAME.json` and `NAME.golden.json`.
pub(crate) fn write_beside(model: &Path, checkpoint: &Checkpoint) -> Result<()> {
    let file = model.file_name().unwrap_or_default().to_string_lossy();
    let golden = model.with_extension("golden.json");
    let golden_name = golden.file_name().unwrap_or_default().to_string_lossy();
    let values = golden_values(&Clip::on_cpu(checkpoint, &mut |_, _| {})?)?;
    let manifest = manifest(model, &checkpoint.name, &file, Some(&golden_name))?;
    write_whole(&golden, |file| Ok(writeln!(file, "{values}")?))?;
    write_whole(&model.with_extension("json"), |file| {
        Ok(writeln!(file, "{manifest:#}")?)
    })
}

fn golden_values(clip: &Clip) -> Result<Value> {
    let rows = |embeddings: &Embeddings| embeddings.rows().map(<[f32]>::to_vec).collect::<Vec<_>>();
    let texts = pollster::block_on(clip.encode_texts(&TEXTS, &mut |_| {}))?;
    let pictures = SCENES
        .iter()
        .map(|&seed| {
            Ok(clip.prepare(&encode_png(&draw(
                &sample_probe_for_page(seed).scene,
                SCENE_SIZE,
            )?)?)?)
        })
        .collect::<Result<Vec<_>>>()?;
    let images = pollster::block_on(clip.encode_prepared(&pictures))?;
    Ok(json!({
        "texts": TEXTS,
        "textEmbeddings": rows(&texts.embeddings),
        "sceneSeeds": SCENES.map(|seed| seed.to_string()),
        "sceneSize": SCENE_SIZE,
        "imageEmbeddings": rows(&images),
        "tolerance": TOLERANCE,
    }))
}
