//! Scenes by their numbers, and what training data say of them.

use clap::ValueEnum;
use cliprobe::world::{
    Claim, HardNegative, HardPositive, Level, Scene, SceneParams, Split, Style, WebCaptionParams,
    Wording, WordingParams, chain, dense_caption, web_caption,
};
use serde::Serialize;
use serde_json::{Value, json};

/// The largest number of a scene in its split.
pub(super) const LAST_SEED: u64 = (1 << 51) - 1;

/// What captions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Captions {
    /// Some of what is there, and now and then something wrong
    Web,
    /// Everything
    Dense,
}

/// A run of scenes of a split, with the recipes' default mix of scenes and captions.
pub(super) struct CaptionedScenes {
    split: Split,
    from: u64,
    scenes: u64,
    captions: Captions,
    params: SceneParams,
}

/// A scene with its caption, in its wording.
pub(super) struct CaptionedScene {
    pub(super) scene: Scene,
    pub(super) caption: String,
    /// One of each kind that the caption offers, in the caption's wording: how a thing is said does
    /// not tell whether it is true.
    pub(super) hard_negatives: Vec<String>,
    /// One hard positive of each kind that the caption offers.
    pub(super) hard_positives: Vec<String>,
    /// Its caption if it says everything.
    dense: Option<String>,
}

impl CaptionedScenes {
    pub(super) fn new(
        split: Split,
        from: u64,
        scenes: u64,
        captions: Captions,
        style: Style,
    ) -> Self {
        Self {
            split,
            from,
            scenes,
            captions,
            params: SceneParams {
                style,
                ..SceneParams::default()
            },
        }
    }

    /// How many scenes there are.
    pub(super) fn scenes(&self) -> u64 {
        self.scenes
    }

    /// The `number`-th scene, from 0, and what is said of it. As in training, all is drawn from the
    /// scene's own random numbers.
    pub(super) fn at(&self, number: u64) -> CaptionedScene {
        let scene = Scene::sample(self.split.seed(self.from + number), &self.params);
        let mut rng = scene.caption_rng();
        let claim = match self.captions {
            Captions::Web => web_caption(&scene, &mut rng, &WebCaptionParams::default()),
            Captions::Dense => dense_caption(&scene, &mut rng),
        };
        let wording = Wording::sample(&WordingParams::default(), &mut rng);
        let caption = claim.worded(wording);
        let hard_negatives = HardNegative::ALL
            .iter()
            .filter_map(|kind| kind.of(&claim, &scene, &mut rng))
            .map(|negative: Claim| negative.worded(wording))
            .collect();
        let hard_positives = HardPositive::ALL
            .iter()
            .filter_map(|kind| kind.of(&claim, &mut rng))
            .map(|positive| positive.to_string())
            .collect();
        CaptionedScene {
            dense: (self.captions == Captions::Dense).then(|| caption.clone()),
            scene,
            caption,
            hard_negatives,
            hard_positives,
        }
    }
}

impl CaptionedScene {
    /// All that is known of the scene. `top_caption` and `all_captions` are LAION-COCO's names: a full
    /// description, and true captions from the least to the most that they say.
    pub(super) fn json(&self) -> Value {
        let scene = &self.scene;
        let dense = || dense_caption(scene, &mut scene.caption_rng()).to_string();
        let top_caption = self.dense.clone().unwrap_or_else(dense);
        let mut all_captions: Vec<String> = Level::ALL
            .iter()
            .filter(|&&level| level != Level::Full)
            .filter_map(|level| level.claim(scene, &mut scene.caption_rng()))
            .map(|claim| claim.to_string())
            .collect();
        all_captions.push(top_caption.clone());
        let chain = chain(scene, &mut scene.caption_rng()).map(|chain| {
            json!({
                "tiers": chain.tiers.map(|tier| tier.to_string()),
                "contradictions": chain.contradictions.map(|claim| claim.to_string()),
            })
        });
        json!({
            "seed": scene.seed,
            "caption": self.caption,
            "hard_negatives": self.hard_negatives,
            "hard_positives": self.hard_positives,
            "top_caption": top_caption,
            "all_captions": all_captions,
            "chain": chain,
            "scene": scene,
        })
    }
}
