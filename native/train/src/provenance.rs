//! The provenance that is written into a trained model.

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::recipe::Recipe;

/// One sentence: what was trained for how long, and the hash of the recipe as the run's
/// `recipe.toml` has it.
pub(crate) fn sentence(recipe: &Recipe, step: u64) -> Result<String> {
    let text = toml::to_string(recipe)?;
    let hash: String = Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let counts = [
        ("pairs", recipe.batch.pairs),
        ("chains", recipe.batch.chains),
    ];
    let batch: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let objectives = recipe.objective.names().join(" + ");
    Ok(format!(
        "trained by cliprobe {} for {step} of {} steps of {}, minimising {objectives}; recipe.toml \
         has the SHA-256 {hash}",
        env!("CARGO_PKG_VERSION"),
        recipe.steps,
        batch.join(" and "),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_sentence_names_what_was_done() {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let said = sentence(&recipe, 7).unwrap();
        assert!(
            said.contains("for 7 of 12 steps of 8 pairs, minimising contrastive;"),
            "{said}"
        );
        let other = Recipe { seed: 8, ..recipe };
        assert_ne!(sentence(&other, 7).unwrap(), said);
    }
}
