//! Commented recipes to begin with, one for each kind of data.

/// The names that [`template`] knows.
pub const TEMPLATES: [&str; 4] = ["table", "webdataset", "tableau", "chains"];

/// A commented recipe, as TOML: for a table of images and captions, a webdataset, the synthetic
/// world, or chains of captions. `None` for other names.
pub fn template(name: &str) -> Option<&'static str> {
    Some(match name {
        "table" => include_str!("templates/table.toml"),
        "webdataset" => include_str!("templates/webdataset.toml"),
        "tableau" => include_str!("templates/tableau.toml"),
        "chains" => include_str!("templates/chains.toml"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Recipe;

    #[test]
    fn every_template_parses_as_it_is() {
        for name in TEMPLATES {
            let recipe = Recipe::parse(template(name).unwrap()).unwrap();
            assert!(recipe.steps > 0, "{name}");
        }
        assert!(template("csv").is_none());
    }

    /// What stands behind a comment sign is the default, or an example that parses too.
    #[test]
    fn every_template_parses_with_its_options_uncommented() {
        for name in TEMPLATES {
            let all: Vec<&str> = template(name)
                .unwrap()
                .lines()
                .map(|line| line.strip_prefix("#: ").unwrap_or(line))
                .collect();
            if let Err(error) = Recipe::parse(&all.join("\n")) {
                panic!("{name}: {error:#}");
            }
        }
    }
}
