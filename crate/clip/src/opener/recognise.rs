//! Files that are no checkpoint, told by what they are.

use crate::bytes::{ByteSource, FileSet};
use crate::error::shown;

use super::{HF_WEIGHTS, OPEN_CLIP_WEIGHTS};

/// Why the files of a set are no checkpoint.
pub(super) fn what_is_missing(files: &FileSet) -> String {
    if files.get("adapter_config.json").is_some() {
        return "it holds an adapter (adapter_config.json), not a model; merge it into its base model with \
                peft's merge_and_unload() and save that"
            .into();
    }
    let ggufs = files.names().filter(|name| name.ends_with(".gguf")).count();
    if ggufs > 1 {
        return format!("it holds {ggufs} .gguf files; name one of them");
    }
    let (hf, open_clip) = (HF_WEIGHTS.join(", "), OPEN_CLIP_WEIGHTS.join(", "));
    format!(
        "it has neither config.json with one of {hf}, nor open_clip_config.json with one of {open_clip}, nor a single .gguf file"
    )
}

/// What a file of weights is that is none of the forms that are read.
pub(super) fn recognise(source: &dyn ByteSource) -> Option<&'static str> {
    let length = usize::try_from(source.len()).map_or(40, |length| length.min(40));
    let mut start = vec![0; length];
    source.read_at(0, &mut start).ok()?;
    if start.starts_with(b"version https://git-lfs") {
        return Some(
            "it is a Git LFS pointer, which stands for weights that were not fetched; run `git lfs pull` where it was cloned",
        );
    }
    // The magic number that torch.save wrote before 1.6, as a pickle; and a bare pickle.
    if start.starts_with(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19") {
        return Some(
            "PyTorch before 1.6 wrote it; load it in a newer PyTorch and save its state dict again",
        );
    }
    if start.len() > 2 && start[0] == 0x80 && (2..=5).contains(&start[1]) {
        return Some("it is a pickle, but not an archive of torch.save");
    }
    let html = start.trim_ascii_start().to_ascii_lowercase();
    (html.starts_with(b"<!doctype") || html.starts_with(b"<html"))
        .then_some("it is a web page; the download was answered with something else than the file")
}

/// Why no model was found: the prefixes under which there are several, or some names.
pub(super) fn no_model<'a>(prefixes: &[&str], names: impl Iterator<Item = &'a str>) -> String {
    let list =
        |items: &mut dyn Iterator<Item = &str>| items.map(shown).collect::<Vec<_>>().join(", ");
    if prefixes.is_empty() {
        format!(
            "its tensors are named neither as Hugging Face's CLIPModel nor as OpenCLIP's; the first are {}",
            list(&mut names.take(3))
        )
    } else {
        format!(
            "it holds several models, under {}; save one of them alone",
            list(&mut prefixes.iter().copied().take(5))
        )
    }
}
