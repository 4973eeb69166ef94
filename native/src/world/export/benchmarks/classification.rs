//! Zero-shot classification: webdatasets as CLIP_benchmark's `build_wds_dataset` opens them, which unlike class folders
//! know classes that no image is of.

use std::io::Write;

use anyhow::Result;
use cliprobe::probe::{Image, Probes, tableau};
use cliprobe::world::{ProbeKind, Scene};
use rayon::prelude::*;

use super::Export;
use crate::bench::questions::TABLEAU_SEED;
use crate::output::{write_text, write_whole};
use crate::world::export::scene_file::png;
use crate::world::export::webdataset::append;

const KINDS: [ProbeKind; 4] = [
    ProbeKind::Noun,
    ProbeKind::ColourNoun,
    ProbeKind::Category,
    ProbeKind::Domain,
];

/// Images that are drawn at once, and held until they are in their archive.
const AT_ONCE: usize = 256;

pub(super) fn write(export: &Export<'_>) -> Result<()> {
    KINDS.into_iter().try_for_each(|kind| set(export, kind))
}

fn set(export: &Export<'_>, kind: ProbeKind) -> Result<()> {
    let folder = export.folder(&format!("classification/{}", kind.word()))?;
    let test = export.folder(&format!("classification/{}/test", kind.word()))?;
    if test.join("0.tar").is_file() {
        return Ok(());
    }
    // The evaluator's own set: ties go to the class that is first in its list.
    let set = tableau(kind, export.combination, TABLEAU_SEED, export.items)?;
    let Probes::Classification(task) = &set.probes else {
        return Ok(());
    };
    let mut labelled: Vec<(&Scene, usize)> = Vec::new();
    for &(image, class) in &task.labelled {
        if let Image::Scene(scene) = &set.images[image] {
            labelled.push((scene, class));
        }
    }
    write_text(
        &folder.join("classnames.txt"),
        &(task.classes.join("\n") + "\n"),
    )?;
    write_text(
        &folder.join("zeroshot_classification_templates.txt"),
        "{c}\n",
    )?;
    write_text(&test.join("nshards.txt"), "1\n")?;
    export.bar.inc_length(labelled.len() as u64);
    write_whole(&test.join("0.tar"), |file| {
        archive(file, export, kind, &labelled)
    })
}

fn archive(
    file: &mut dyn Write,
    export: &Export<'_>,
    kind: ProbeKind,
    labelled: &[(&Scene, usize)],
) -> Result<()> {
    let mut archive = tar::Builder::new(file);
    for (chunk, first) in labelled.chunks(AT_ONCE).zip((0..).step_by(AT_ONCE)) {
        let images: Vec<Vec<u8>> = chunk
            .par_iter()
            .map(|(scene, _)| png(&export.styled(scene), export.size))
            .collect::<Result<_>>()?;
        for ((image, (_, class)), number) in images.iter().zip(chunk).zip(first..) {
            let key = format!("{}_{number:06}", kind.word());
            append(&mut archive, &format!("{key}.png"), image)?;
            append(
                &mut archive,
                &format!("{key}.cls"),
                class.to_string().as_bytes(),
            )?;
        }
        export.bar.inc(chunk.len() as u64);
    }
    archive.finish()?;
    Ok(())
}
