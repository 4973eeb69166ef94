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
        let trained = |start, stages| Origin::Trained { start, stages };
        match self {
            Contrastive => trained(
                None,
                &[
                    include_str!("../../../models/experiment/contrastive-1.toml"),
                    include_str!("../../../models/experiment/contrastive-2.toml"),
                    include_str!("../../../models/experiment/contrastive.toml"),
                ],
            ),
            Dense => trained(
                Some(Contrastive),
                &[include_str!("../../../models/experiment/dense.toml")],
            ),
            HardNegatives => trained(
                Some(Contrastive),
                &[include_str!(
                    "../../../models/experiment/hard-negatives.toml"
                )],
            ),
            HardPositives => trained(
                Some(Contrastive),
                &[include_str!(
                    "../../../models/experiment/hard-positives.toml"
                )],
            ),
            Patched => Origin::Patched {
                base: Contrastive,
                tuned: HardPositives,
            },
            Radial => trained(
                Some(Patched),
                &[include_str!("../../../models/experiment/radial.toml")],
            ),
        }
    }
}

/// Where a model comes from.
pub(super) enum Origin {
    /// Trained by recipes, the first from nothing or from another arm, each further one from the
    /// one before. The experiment puts its own `seed` and `start` in the places of those that stand
    /// there.
    Trained {
        start: Option<ArmName>,
        stages: &'static [&'static str],
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

    /// The run directory of an arm, or of a stage of it: the last stage has the arm's own name.
    fn run(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn model_of(&self, name: &str) -> PathBuf {
        self.run(name).join("model")
    }

    fn has_model_of(&self, name: &str) -> bool {
        self.model_of(name).join("model.safetensors").is_file()
    }

    /// The arm's model, a Hugging Face directory.
    pub(super) fn model(&self, arm: ArmName) -> PathBuf {
        self.model_of(arm.word())
    }

    /// Whether the arm is made.
    pub(super) fn has(&self, arm: ArmName) -> bool {
        self.has_model_of(arm.word())
    }

    /// The arguments of the commands that make the arm, or go on making it. Writes the recipes
    /// that they name; `scale` multiplies their steps and their warm-up.
    pub(super) fn commands(&self, arm: ArmName, scale: f64) -> Result<Vec<Vec<String>>> {
        match arm.origin() {
            Origin::Patched { base, tuned } => Ok(vec![vec![
                "patch".into(),
                text(&self.model(base)),
                text(&self.model(tuned)),
                "--alpha".into(),
                ALPHA.to_string(),
                "--out".into(),
                text(&self.model(arm)),
            ]]),
            Origin::Trained { start, stages } => {
                let mut start = start.map(|start| self.model(start));
                let mut commands = Vec::new();
                for (stage, recipe) in stages.iter().enumerate() {
                    let name = stage_name(arm, stage, stages.len());
                    if !self.has_model_of(&name) {
                        commands.push(self.training(&name, recipe, start.as_deref(), scale)?);
                    }
                    start = Some(self.model_of(&name));
                }
                Ok(commands)
            }
        }
    }

    fn training(
        &self,
        name: &str,
        recipe: &str,
        start: Option<&Path>,
        scale: f64,
    ) -> Result<Vec<String>> {
        let recipe = complete(recipe, self.seed, start, scale)
            .with_context(|| format!("the recipe of {name}"))?;
        let folder = self.path.join("recipes");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(format!("{name}.toml"));
        write_text(&path, &recipe)?;
        let run = self.run(name);
        let mut command = vec!["train".into(), text(&path), "--out".into(), text(&run)];
        let begun = run.join("recipe.toml").exists();
        command.extend(begun.then(|| "--resume".to_owned()));
        Ok(command)
    }
}

/// The name of a stage's run: all but the last are numbered.
fn stage_name(arm: ArmName, stage: usize, stages: usize) -> String {
    if stage + 1 == stages {
        arm.word().to_owned()
    } else {
        format!("{}-{}", arm.word(), stage + 1)
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
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
    if let Some(warmup) = table
        .get_mut("optimizer")
        .and_then(|optimizer| optimizer.get_mut("warmup_steps"))
        && let Some(steps) = warmup.as_integer()
    {
        *warmup = toml::Value::Integer((steps as f64 * scale).round() as i64);
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
    use cliprobe_train::Recipe;

    #[test]
    fn every_recipe_is_usable_at_any_scale() {
        for arm in ArmName::ALL {
            let Origin::Trained { start, stages } = arm.origin() else {
                continue;
            };
            let folder = Folder::new(Path::new("runs"), 3);
            let mut start = start.map(|start| folder.model(start));
            for (stage, recipe) in stages.iter().enumerate() {
                for scale in [1.0, 0.01] {
                    let complete = complete(recipe, 3, start.as_deref(), scale).unwrap();
                    let parsed = Recipe::parse(&complete).unwrap();
                    assert_eq!(parsed.seed, 3, "{}", arm.word());
                    assert_eq!(parsed.start, start);
                }
                start = Some(folder.model_of(&stage_name(arm, stage, stages.len())));
            }
            assert_eq!(start, Some(folder.model(arm)));
        }
    }

    #[test]
    fn stages_start_where_the_one_before_ended_and_are_not_made_twice() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::new(scratch.path(), 1);
        let commands = folder.commands(Contrastive, 1.0).unwrap();
        let outs: Vec<_> = commands.iter().map(|command| &command[3]).collect();
        let names = ["contrastive-1", "contrastive-2", "contrastive"];
        assert_eq!(outs, names.map(|name| text(&folder.run(name))).each_ref());

        let second = std::fs::read_to_string(&commands[1][1]).unwrap();
        let start = Recipe::parse(&second).unwrap().start;
        assert_eq!(start, Some(folder.model_of("contrastive-1")));

        let made = folder.model_of("contrastive-1");
        std::fs::create_dir_all(&made).unwrap();
        std::fs::write(made.join("model.safetensors"), "").unwrap();
        assert_eq!(folder.commands(Contrastive, 1.0).unwrap(), commands[1..]);
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
