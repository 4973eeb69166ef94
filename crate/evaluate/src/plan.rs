//! Which images sets need, each once.

use std::collections::HashMap;

use cliprobe_probe::{CropBox, Image, ProbeSet};

/// What is shown to a model, found among the files at hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    /// A file or a part of one.
    File {
        /// Its number, as the caller counts files.
        file: usize,
        /// The part, where it is not the whole.
        crop: Option<CropBox>,
    },
    /// A scene of the generated world, as JSON: its numbers are compared exactly.
    Scene(String),
    /// Nothing: the file is not there.
    Missing {
        /// Why, in one sentence that names the image.
        why: String,
    },
}

/// A distinct image.
#[derive(Clone, Debug)]
pub struct PlannedImage {
    /// What is shown.
    pub shown: Shown,
    /// What messages call it: as the first set that needs it does.
    pub name: String,
}

/// The distinct images of several sets.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Every image once, in the order in which the sets name them.
    pub images: Vec<PlannedImage>,
    /// For each set, which of `images` its own are.
    pub sets: Vec<Vec<usize>>,
    /// Images and texts that the questions of all sets name, repetitions counted.
    pub named: (usize, usize),
    /// Images that stood in a set under a second name; the set has one of them now.
    pub united: usize,
}

impl Plan {
    /// Looks for the images of sets. `locate` gives the number of the file that an image's name means,
    /// or the sentence that says why it is not there.
    ///
    /// Two names of one file become one image of the set: they would be each other's rivals in
    /// retrieval.
    pub fn new<'s>(
        sets: impl IntoIterator<Item = &'s mut ProbeSet>,
        locate: &mut dyn FnMut(&str) -> Result<usize, String>,
    ) -> Self {
        let mut plan = Self {
            images: Vec::new(),
            sets: Vec::new(),
            named: (0, 0),
            united: 0,
        };
        let mut place_of: HashMap<Shown, usize> = HashMap::new();
        for set in sets {
            let (images, texts) = set.references();
            plan.named = (plan.named.0 + images, plan.named.1 + texts);
            let mut places = Vec::with_capacity(set.images.len());
            for image in &set.images {
                let shown = shown(image, locate);
                let place = *place_of.entry(shown).or_insert_with_key(|shown| {
                    plan.images.push(PlannedImage {
                        shown: shown.clone(),
                        name: image.label(),
                    });
                    plan.images.len() - 1
                });
                places.push(place);
            }
            // Equal scenes are drawn as often as a set asks: each is a question's own.
            let own: Vec<usize> = (0..places.len())
                .map(|image| match set.images[image] {
                    Image::File { .. } => places[image],
                    Image::Scene(_) => plan.images.len() + image,
                })
                .collect();
            plan.united += set.unite_images(&own);
            plan.sets.push(places);
        }
        plan
    }
}

fn shown(image: &Image, locate: &mut dyn FnMut(&str) -> Result<usize, String>) -> Shown {
    match image {
        Image::File { name, crop } => match locate(name) {
            Ok(file) => Shown::File { file, crop: *crop },
            Err(why) => Shown::Missing { why },
        },
        Image::Scene(scene) => match serde_json::to_string(scene) {
            Ok(scene) => Shown::Scene(scene),
            Err(error) => Shown::Missing {
                why: format!("scene {} cannot be written: {error}", scene.seed),
            },
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use cliprobe_probe::{Probes, read_json};

    #[test]
    fn images_of_several_sets_are_planned_once() {
        let set = |images: [&str; 2]| {
            let json = serde_json::json!({"format": "cliprobe-probes", "version": 1, "kind": "retrieval",
                "name": "r", "items": [{"image": images[0], "captions": ["x"]}, {"image": images[1], "captions": ["y"]}]});
            read_json(&json.to_string()).unwrap()
        };
        let mut sets = [set(["a.png", "img/a.png"]), set(["b.png", "gone.png"])];
        let mut locate = |name: &str| match name {
            "a.png" | "img/a.png" => Ok(0),
            "b.png" => Ok(1),
            _ => Err(format!("{name} is not there")),
        };
        let plan = Plan::new(&mut sets, &mut locate);
        assert_eq!(plan.sets, [[0, 0], [1, 2]]);
        assert_eq!((plan.images.len(), plan.united), (3, 1));
        let why = "gone.png is not there".to_owned();
        assert_eq!(plan.images[2].shown, Shown::Missing { why });
        let Probes::Retrieval(retrieval) = &sets[0].probes else {
            panic!("retrieval expected");
        };
        // One candidate with both captions; the set's own list keeps its places.
        assert_eq!(
            (&retrieval.images[..], &retrieval.image_of[..]),
            (&[0][..], &[0, 0][..])
        );
        assert_eq!(sets[0].images.len(), 2);
    }
}
