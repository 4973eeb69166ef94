//! `cliprobe score --link`: the page's question again, natively, and whether the numbers are the same.

mod blended;
mod link;

use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use cliprobe::clip::Checkpoint;
use cliprobe::facade::{self, Clip};
use cliprobe::score::cosine;
use cliprobe::world::{Scene, captions_to_ask, draw, sample_probe_for_page};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::model::{DeviceArgs, OverrideArgs, load};
use crate::output::print_json;
use crate::page_model::file_of;
use crate::world::encode_png;
use link::{Answer, Link};

/// Where a link is replayed, and with what.
pub(crate) struct Replay<'a> {
    /// A link, or a file that the page saved.
    pub(crate) source: &'a str,
    /// The model; found by its hash where none is given.
    pub(crate) model: Option<&'a Path>,
    pub(crate) overrides: &'a OverrideArgs,
    /// The folder with the page's models and their list.
    pub(crate) models: &'a Path,
    /// The photo that the link names.
    pub(crate) image: Option<&'a Path>,
    pub(crate) device: DeviceArgs,
    pub(crate) json: bool,
}

/// One caption, there and here.
#[derive(Serialize)]
struct Row {
    caption: String,
    cosine: f32,
    /// `None` if the link has no numbers; so are the next two.
    sender: Option<f64>,
    difference: Option<f64>,
    within: Option<bool>,
    truncated: bool,
}

/// The image of a link, as a file's bytes, and what one should know of it.
struct Shown {
    words: String,
    file: Vec<u8>,
    note: Option<String>,
}

impl Replay<'_> {
    /// # Errors
    /// A link that cannot be read or asked again, and numbers that differ by more than the tolerance.
    pub(crate) fn run(&self) -> Result<()> {
        let link = read(self.source)?;
        let checkpoint = self.checkpoint(&link)?;
        let clip = load(&checkpoint, self.device)?;
        let shown = self.shown(&link, &clip)?;
        let captions = captions(&link)?;
        if let Some(answer) = &link.answer {
            ensure!(
                answer.cosines.len() == captions.len(),
                "the link holds {} cosines for {} captions, so the sender's numbers cannot be compared",
                answer.cosines.len(),
                captions.len()
            );
        }
        let prepared = clip.prepare(&shown.file).context(shown.words.clone())?;
        let image = pollster::block_on(clip.encode_prepared(&[prepared]))?;
        let texts = pollster::block_on(clip.encode_texts(&captions, &mut |_| {}))?;
        let tolerance = link.answer.as_ref().map(|answer| tolerance(answer, &clip));
        let rows: Vec<Row> = captions
            .into_iter()
            .zip(texts.embeddings.rows())
            .zip(&texts.truncated)
            .enumerate()
            .map(|(index, ((caption, embedding), &truncated))| {
                let cosine = cosine(image.row(0), embedding);
                let sender = link.answer.as_ref().map(|answer| answer.cosines[index]);
                let difference = sender.map(|sender| f64::from(cosine) - sender);
                let within = difference
                    .zip(tolerance)
                    .map(|(difference, most)| difference.abs() <= most);
                Row {
                    caption,
                    cosine,
                    sender,
                    difference,
                    within,
                    truncated,
                }
            })
            .collect();
        self.report(&link, &checkpoint, &clip, &shown, &rows, tolerance)
    }

    /// The model that the link was made with, or the one given in its place.
    fn checkpoint(&self, link: &Link) -> Result<Rc<Checkpoint>> {
        let open = |path: &Path| self.overrides.open(path);
        if let Some(path) = self.model {
            return Ok(open(path)?.into());
        }
        if let Some(patch) = &link.patch {
            let [a, b] = [&patch.a, &patch.b].map(|hash| file_of(self.models, hash));
            return match (a?, b?) {
                (Some(a), Some(b)) => {
                    Ok(blended::between(open(&a)?, open(&b)?, patch.alpha)?.into())
                }
                _ => bail!(
                    "the link's model lies between two others ({} and {}, α = {}) that are not both in {}: make it with `cliprobe patch` and give it as MODEL",
                    patch.a,
                    patch.b,
                    patch.alpha,
                    self.models.display()
                ),
            };
        }
        let Some(hash) = &link.model else {
            bail!("the link does not say which model it was made with; give one as MODEL");
        };
        match file_of(self.models, hash)? {
            Some(path) => Ok(open(&path)?.into()),
            None => bail!(
                "the link was made with a model whose SHA-256 begins with {hash}, which is not in {}; give it as MODEL",
                self.models.display()
            ),
        }
    }

    fn shown(&self, link: &Link, clip: &Clip) -> Result<Shown> {
        if let Some(text) = &link.scene {
            ensure!(
                self.image.is_none(),
                "the link is about a scene, which needs no --image"
            );
            // At the size that the model looks at, as in the page.
            let side = clip.config().vision.image_size as u32;
            return Ok(Shown {
                words: if text.starts_with('{') {
                    "an edited scene".to_owned()
                } else {
                    format!("scene {text}")
                },
                file: encode_png(&draw(&scene(text)?, side)?)?,
                note: None,
            });
        }
        let Some(name) = &link.photo else {
            bail!("the link names neither a scene nor a photo");
        };
        match (self.image, &link.copy) {
            (Some(path), _) => {
                let file = std::fs::read(path).with_context(|| path.display().to_string())?;
                let own = hex(&Sha256::digest(&file));
                let other = link.hash.as_ref().filter(|hash| !own.starts_with(*hash));
                Ok(Shown {
                    words: path.display().to_string(),
                    file,
                    note: other.map(|_| {
                        format!("This is not the photo that the link was made with ({name}).")
                    }),
                })
            }
            (None, Some(copy)) => Ok(Shown {
                words: format!("the link's small copy of {name}"),
                file: copy.clone(),
                note: Some(format!(
                    "The sender's numbers are of {name} itself; give it with --image where the copy's differ."
                )),
            }),
            (None, None) => bail!(
                "the link is about the photo {name}, which is not in it: give it with --image"
            ),
        }
    }

    fn report(
        &self,
        link: &Link,
        checkpoint: &Checkpoint,
        clip: &Clip,
        shown: &Shown,
        rows: &[Row],
        tolerance: Option<f64>,
    ) -> Result<()> {
        let sha256 = checkpoint.sha256()?;
        // A model between two others is told by these; its file's hash depends on its name.
        let same_model = match (&link.patch, self.model) {
            (Some(_), None) => Some(true),
            _ => link.model.as_ref().map(|hash| sha256.starts_with(hash)),
        };
        let within = rows.iter().filter(|row| row.within == Some(true)).count();
        let largest = rows
            .iter()
            .filter_map(|row| row.difference)
            .fold(0.0_f64, |most, difference| most.max(difference.abs()));
        if self.json {
            print_json(&json!({
                "image": shown.words,
                "link": link,
                "same_model": same_model,
                "tolerance": tolerance,
                "captions": rows,
                "within": tolerance.map(|_| within),
                "largest_difference": tolerance.map(|_| largest),
                "model": facade::description(checkpoint, Some(clip))?,
            }))?;
        } else {
            print_table(rows);
            println!("{}: {}, {}", shown.words, checkpoint.name, clip.engine());
            if let Some(note) = &shown.note {
                println!("{note}");
            }
            match same_model {
                Some(true) => println!("The same model as the sender's."),
                Some(false) => println!(
                    "Another model than the sender's, so other numbers are to be expected."
                ),
                None => println!("The link does not say which model it was made with."),
            }
        }
        let Some(tolerance) = tolerance else {
            if !self.json {
                println!("The link brought no numbers to compare with.");
            }
            return Ok(());
        };
        let all = rows.len();
        ensure!(
            within == all,
            "{within} of {all} cosines equal the sender's within {tolerance:.0e}; the largest difference is {largest:.1e}"
        );
        if !self.json {
            println!(
                "All {all} cosines equal the sender's within {tolerance:.0e} (largest difference {largest:.1e})."
            );
        }
        Ok(())
    }
}

fn print_table(rows: &[Row]) {
    let compared = rows.iter().any(|row| row.sender.is_some());
    if compared {
        println!("   sender       here  difference  equal  caption");
    } else {
        println!("   cosine  caption");
    }
    for row in rows {
        let cut = if row.truncated {
            "  (truncated: its end is beyond the context length)"
        } else {
            ""
        };
        match (row.sender, row.difference) {
            (Some(sender), Some(difference)) => println!(
                "{sender:9.6}  {:9.6}  {difference:+10.1e}  {:5}  {}{cut}",
                row.cosine,
                if row.within == Some(true) {
                    "yes"
                } else {
                    "no"
                },
                row.caption
            ),
            _ => println!("{:9.6}  {}{cut}", row.cosine, row.caption),
        }
    }
}

/// A link, or the file that holds one.
fn read(source: &str) -> Result<Link> {
    if Path::new(source).is_file() {
        let text = std::fs::read_to_string(source).with_context(|| source.to_owned())?;
        return Link::from_file(&text).with_context(|| source.to_owned());
    }
    ensure!(
        !source.ends_with(".json"),
        "{source} is not there, and it is no link"
    );
    Link::parse(source)
}

fn scene(text: &str) -> Result<Scene> {
    Ok(if text.starts_with('{') {
        serde_json::from_str(text)?
    } else {
        sample_probe_for_page(text.parse()?).scene
    })
}

/// The link's captions, or those that the page asks about the scene.
fn captions(link: &Link) -> Result<Vec<String>> {
    let captions = match (&link.captions, &link.scene) {
        (Some(captions), _) => captions.clone(),
        (None, Some(text)) => {
            let asked = if text.starts_with('{') {
                captions_to_ask(&scene(text)?)
            } else {
                sample_probe_for_page(text.parse()?).captions
            };
            asked.into_iter().map(|caption| caption.text).collect()
        }
        (None, None) => Vec::new(),
    };
    ensure!(!captions.is_empty(), "the link has no captions");
    Ok(captions)
}

/// Embeddings of the CPU engine are within 1e-5 of the reference, of the GPU within 1e-4; a cosine of
/// two answers may be off by that on both sides. `web/replay/replay.ts` has the same.
fn tolerance(answer: &Answer, clip: &Clip) -> f64 {
    let of = |engine: &str| if engine == "cpu" { 1e-5 } else { 1e-4 };
    of(answer.engine) + of(clip.engine())
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
