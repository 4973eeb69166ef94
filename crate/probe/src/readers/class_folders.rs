//! Zero-shot classification: images in classes, class names in templates.

use std::collections::BTreeMap;

use crate::set::Tables;
use crate::{Average, Classification, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

/// CLIP's 80 ImageNet templates (`openai/CLIP`, notebooks/Prompt_Engineering_for_ImageNet.ipynb; the
/// same list in CLoVe's `zero_shot_metadata.py` and wise-ft), a line each; `{}` is the class's name.
pub const CLIP_TEMPLATES_80: &str = include_str!("../lists/clip_templates.txt");

/// The seven of them that the same notebook found to do almost as well.
pub const CLIP_TEMPLATES_7: &str = "itap of a {}.\na bad photo of the {}.\na origami {}.\na photo of the large {}.\na {} in a video game.\nart of the {}.\na photo of the small {}.\n";

/// CLIP's cleaned names of ImageNet's 1,000 classes, in the order of their WordNet ids
/// (`openai/CLIP`, the same notebook).
pub fn imagenet_class_names() -> Vec<&'static str> {
    include_str!("../lists/imagenet_class_names.txt")
        .lines()
        .collect()
}

/// An image and the place of its class in the list of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledImage {
    /// The image's path.
    pub path: String,
    /// Which class, from 0.
    pub class: usize,
}

/// What is said of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompts {
    /// Sentences with `{}` or `{c}` in the place of the class's name.
    Templates(Vec<String>),
    /// Sentences of each class by its name, as CuPL has them.
    OfClass(BTreeMap<String, Vec<String>>),
}

/// Reads templates, or CuPL's JSON: an object with a list of prompts for every class.
///
/// # Errors
/// JSON of another shape, or nothing.
pub fn read_prompts(name: &str, text: &str) -> Result<Prompts, ProbeError> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    // A template may begin with the class's name.
    if start.starts_with('{') && !start.starts_with("{}") && !start.starts_with("{c}") {
        let hint =
            "prompts of classes are an object with a list of texts for every class, as CuPL's";
        return Ok(Prompts::OfClass(crate::json::parse(name, text, hint)?));
    }
    read_text_list(name, text).map(Prompts::Templates)
}

impl Prompts {
    /// The sentences of a class.
    fn of(&self, set: &str, class: &str) -> Result<Vec<String>, ProbeError> {
        match self {
            Self::Templates(templates) => Ok(templates
                .iter()
                .map(|template| template.replace("{}", class).replace("{c}", class))
                .collect()),
            Self::OfClass(prompts) => prompts
                .get(class)
                .filter(|prompts| !prompts.is_empty())
                .cloned()
                .ok_or_else(|| ProbeError::Item {
                    set: set.to_owned(),
                    item: class.to_owned(),
                    message: "is a class without prompts in the file that has them by class".into(),
                }),
        }
    }
}

/// Reads a list of class names or templates: one a line, or a JSON array of strings. Empty lines
/// are skipped.
///
/// # Errors
/// JSON that is not an array of strings, or an empty list.
pub fn read_text_list(name: &str, text: &str) -> Result<Vec<String>, ProbeError> {
    let text = text.trim_start_matches('\u{feff}');
    let list: Vec<String> = if text.trim_start().starts_with('[') {
        crate::json::parse(
            name,
            text,
            "a list is a JSON array of strings, or one text a line",
        )?
    } else {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    if list.is_empty() {
        return Err(ProbeError::Empty {
            set: name.to_owned(),
        });
    }
    Ok(list)
}

/// Makes a set from labelled images. Every class is said in every template.
///
/// # Errors
/// A template without `{}`, an image of a class that is not in the list, or no images.
pub fn classification(
    name: &str,
    classes: &[String],
    prompts: &Prompts,
    images: &[LabelledImage],
) -> Result<ProbeSet, ProbeError> {
    let mut tables = Tables::default();
    if let Prompts::Templates(templates) = prompts
        && let Some(template) = templates
            .iter()
            .find(|template| !template.contains("{}") && !template.contains("{c}"))
    {
        return Err(ProbeError::Item {
            set: name.to_owned(),
            item: template.clone(),
            message: "is a template without {} or {c}, where the class's name belongs".into(),
        });
    }
    let prompts = classes
        .iter()
        .map(|class| {
            let prompts = prompts.of(name, class)?;
            Ok(prompts.iter().map(|prompt| tables.text(prompt)).collect())
        })
        .collect::<Result<_, ProbeError>>()?;
    let mut labelled = Vec::with_capacity(images.len());
    for image in images {
        if image.class >= classes.len() {
            return Err(ProbeError::Item {
                set: name.to_owned(),
                item: image.path.clone(),
                message: format!(
                    "is of class {}, but there are only {} classes",
                    image.class,
                    classes.len()
                ),
            });
        }
        labelled.push((tables.image(&image.path, None), image.class));
    }
    let probes = Probes::Classification(Classification {
        classes: classes.to_vec(),
        prompts,
        labelled,
    });
    let protocol = Protocol {
        ties: TieRule::First,
        average: Average::Micro,
    };
    tables.set(name.to_owned(), probes, protocol)
}
