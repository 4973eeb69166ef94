//! Webdatasets: tar archives with `KEY.png`, `KEY.txt` and `KEY.json` of each scene.

use std::io::Write;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde_json::{Map, Value};

use super::captioned::CaptionedScenes;
use super::scene_file::png;
use crate::output::write_whole;

/// Scenes that are drawn at once, and held until they are in their archive.
const AT_ONCE: u64 = 256;

/// Writes the archives that are not there, and last `sizes.json` with the samples of each, which
/// OpenCLIP reads; what was written.
pub(super) fn write(
    out: &Path,
    captioned: &CaptionedScenes,
    size: u32,
    shard_size: u32,
    bar: &ProgressBar,
) -> Result<String> {
    let shard_size = u64::from(shard_size);
    let shards = captioned.scenes().div_ceil(shard_size);
    let mut sizes = Map::new();
    for shard in 0..shards {
        let begin = shard * shard_size;
        let scenes = begin..captioned.scenes().min(begin + shard_size);
        let name = format!("{shard:06}.tar");
        sizes.insert(name.clone(), Value::from(scenes.end - scenes.start));
        let path = out.join(name);
        if path.is_file() {
            bar.inc(scenes.end - scenes.start);
            continue;
        }
        write_whole(&path, |file| archive(file, captioned, scenes, size, bar))?;
    }
    let sizes = Value::Object(sizes).to_string();
    write_whole(&out.join("sizes.json"), |file| {
        Ok(file.write_all(sizes.as_bytes())?)
    })?;
    let archives = match shards {
        1 => "000000.tar".to_owned(),
        _ => format!("000000.tar to {:06}.tar", shards - 1),
    };
    Ok(format!("{} scenes as {archives}", captioned.scenes()))
}

fn archive(
    file: &mut dyn Write,
    captioned: &CaptionedScenes,
    scenes: Range<u64>,
    size: u32,
    bar: &ProgressBar,
) -> Result<()> {
    let mut archive = tar::Builder::new(file);
    let mut begin = scenes.start;
    while begin < scenes.end {
        let end = scenes.end.min(begin + AT_ONCE);
        let samples: Vec<[(String, Vec<u8>); 3]> = (begin..end)
            .into_par_iter()
            .map(|number| {
                let sample = captioned.at(number);
                let json = sample.json().to_string();
                Ok([
                    (format!("{number:09}.png"), png(&sample.scene, size)?),
                    (format!("{number:09}.txt"), sample.caption.into_bytes()),
                    (format!("{number:09}.json"), json.into_bytes()),
                ])
            })
            .collect::<Result<_>>()?;
        for (name, contents) in samples.iter().flatten() {
            append(&mut archive, name, contents)?;
        }
        bar.inc(end - begin);
        begin = end;
    }
    archive.finish()?;
    Ok(())
}

/// Adds a file, without a time or an owner: the same contents make the same archive.
pub(super) fn append(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    contents: &[u8],
) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(contents.len() as u64);
    header.set_mode(0o644);
    Ok(archive.append_data(&mut header, name, contents)?)
}
