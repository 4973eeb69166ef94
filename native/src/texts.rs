//! Captions from a file.

use std::path::Path;

use anyhow::{Context, Result};

/// Reads captions: a JSON array of strings, or one a line (an empty line is an empty caption).
/// `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<String>> {
    let name = path.display();
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)?;
        bytes
    } else {
        std::fs::read(path).with_context(|| name.to_string())?
    };
    let text = String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))?;
    if text.trim_start().starts_with('[') && text.trim_end().ends_with(']') {
        return serde_json::from_str(&text).with_context(|| {
            format!("{name} begins like a JSON array but is not one of strings; captions may also stand one a line")
        });
    }
    Ok(text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_json() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("captions");
        let captions = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path)
        };
        assert_eq!(
            captions("a cat\r\n\n  a dog \n").unwrap(),
            ["a cat", "", "  a dog "]
        );
        assert_eq!(captions(r#" ["a\nb", ""] "#).unwrap(), ["a\nb", ""]);
        assert_eq!(captions("[sic] a cat\n").unwrap(), ["[sic] a cat"]);
        assert!(captions("[1, 2]").is_err());
        assert!(captions("").unwrap().is_empty());
    }
}
