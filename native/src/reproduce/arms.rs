//! The models of the experiment, and the commands that make them: nothing here does what a person
//! could not do by hand with `cliprobe train`, `patch` and `eval`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::output::write_text;

/// A model of the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArmName {
    /// From nothing, on captions such as the web has.
    Contrastive,
    /// From there, on dense synthetic captions.
    Dense,
    /// The same with hard negatives.
    HardNegatives,
    /// The same with hard negatives and hard positives.
    HardPositives,
    /// Between the first and the last, in weight space.
    Patched,
    /// From there, text tower alone, on chains.
    Radial,
}

use ArmName::{Contrastive, Dense, HardNegatives, HardPositives, Patched, Radial};

/// The weight of the fine-tuned model in the patched one: CLoVe's.
pub(super) const ALPHA: f64 = 0.6;

impl ArmName {
    /// In the order in which they are made.
    pub(super) const ALL: [Self; 6] = [
        Contrastive,
        Dense,
        HardNegatives,
        HardPositives,
        Patched,
        Radial,
    ];

    /// Its folder and its name in tables.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Contrastive => "contrastive",
            Dense => "dense",
            HardNegatives => "hard-negatives",
            HardPositives => "hard-positives",
            Patched => "patched",
            Radial => "radial",
        }
    }

    /// How it is made.
    pub(super) fn origin(self) -> Origin {
        let trained = |start, recipe| Origin::Trained { start, recipe };
        match self {
            Contrastive => trained(
                None,
                include_str!("../../../models/experiment/contrastive.toml"),
            ),
            Dense => trained(
                Some(Contrastive),
                include_str!("../../../models/experiment/dense.toml"),
            ),
            HardNegatives => trained(
                Some(Contrastive),
                include_str!("../../../models/experiment/hard-negatives.toml"),
            ),
            HardPositives => trained(
                Some(Contrastive),
                include_str!("../../../models/experiment/hard-positives.toml"),
            ),
            Patched => Origin::Patched {
                base: Contrastive,
                tuned: HardPositives,
            },
            Radial => trained(
                Some(Patched),
                include_str!("../../../models/experiment/radial.toml"),
            ),
        }
    }
}

/// Where a model comes from.
pub(super) enum Origin {
    /// Trained by a recipe, from nothing or from another arm. The experiment puts its own `seed`
    /// and `start` in the places of those that stand there.
    Trained {
        start: Option<ArmName>,
        recipe: &'static str,
    },
    /// Interpolated with [`ALPHA`].
    Patched { base: ArmName, tuned: ArmName },
}

/// The folder of one seed.
pub(super) struct Folder {
    path: PathBuf,
    seed: u64,
}

impl Folder {
    pub(super) fn new(experiment: &Path, seed: u64) -> Self {
        Self {
            path: experiment.join(format!("seed-{seed}")),
            seed,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The arm's run directory.
    fn run(&self, arm: ArmName) -> PathBuf {
        self.path.join(arm.word())
    }

    /// The arm's model, a Hugging Face directory.
    pub(super) fn model(&self, arm: ArmName) -> PathBuf {
        self.run(arm).join("model")
    }

    /// Whether the arm is made.
    pub(super) fn has(&self, arm: ArmName) -> bool {
        self.model(arm).join("model.safetensors").is_file()
    }

    fn recipe(&self, arm: ArmName) -> PathBuf {
        self.path
            .join("recipes")
            .join(format!("{}.toml", arm.word()))
    }

    /// The arguments of the command that makes the arm, or goes on making it. Writes the recipe
    /// that they name; `scale` multiplies its steps and its warm-up.
    pub(super) fn command(&self, arm: ArmName, scale: f64) -> Result<Vec<String>> {
        let text = |path: PathBuf| path.display().to_string();
        match arm.origin() {
            Origin::Patched { base, tuned } => Ok(vec![
                "patch".into(),
                text(self.model(base)),
                text(self.model(tuned)),
                "--alpha".into(),
                ALPHA.to_string(),
                "--out".into(),
                text(self.model(arm)),
            ]),
            Origin::Trained { start, recipe } => {
                let start = start.map(|start| self.model(start));
                let recipe = complete(recipe, self.seed, start.as_deref(), scale)
                    .with_context(|| format!("the recipe of {}", arm.word()))?;
                let path = self.recipe(arm);
                let folder = self.path.join("recipes");
                std::fs::create_dir_all(&folder)
                    .with_context(|| format!("cannot create {}", folder.display()))?;
                write_text(&path, &recipe)?;
                let begun = self.run(arm).join("recipe.toml").exists();
                let mut command = vec![
                    "train".into(),
                    text(path),
                    "--out".into(),
                    text(self.run(arm)),
                ];
                command.extend(begun.then(|| "--resume".to_owned()));
                Ok(command)
            }
        }
    }
}

/// The recipe with its seed and its start, and with its steps scaled.
fn complete(recipe: &str, seed: u64, start: Option<&Path>, scale: f64) -> Result<String> {
    let mut table: toml::Table = recipe.parse()?;
    let scaled = |value: &mut toml::Value| {
        if let Some(steps) = value.as_integer() {
            *value = toml::Value::Integer(((steps as f64 * scale).round() as i64).max(2));
        }
    };
    table.get_mut("steps").map(scaled);
    if let Some(warm_up) = table
        .get_mut("optimizer")
        .and_then(|optimizer| optimizer.get_mut("warm_up"))
        && let Some(steps) = warm_up.as_integer()
    {
        *warm_up = toml::Value::Integer((steps as f64 * scale).round() as i64);
    }
    table.insert("seed".into(), toml::Value::Integer(i64::try_from(seed)?));
    if let Some(start) = start {
        let start = start.to_str().context("the path is not Unicode")?;
        table.insert("start".into(), start.into());
    }
    Ok(toml::to_string(&table)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::train::recipe::Recipe;

    #[test]
    fn every_recipe_is_usable_at_any_scale() {
        for arm in ArmName::ALL {
            let Origin::Trained { start, recipe } = arm.origin() else {
                continue;
            };
            let start = start.map(|start| Folder::new(Path::new("runs"), 3).model(start));
            for scale in [1.0, 0.01] {
                let complete = complete(recipe, 3, start.as_deref(), scale).unwrap();
                let parsed = Recipe::parse(&complete).unwrap();
                assert_eq!(parsed.seed, 3, "{}", arm.word());
            }
        }
    }

    #[test]
    fn arms_come_after_what_they_are_made_from() {
        for (place, arm) in ArmName::ALL.into_iter().enumerate() {
            assert_eq!(arm as usize, place);
            let before = match arm.origin() {
                Origin::Trained { start, .. } => start.into_iter().collect(),
                Origin::Patched { base, tuned } => vec![base, tuned],
            };
            assert!(before.into_iter().all(|from| (from as usize) < place));
        }
    }
}
