//! The page: npm's packages and the front-end's build.

use std::{fs, path::PathBuf};

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::tools;

/// What `npm run build` reads. A path that is not there counts as empty.
const INPUTS: [&str; 8] = [
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
    "web",
    "models",
];

/// Installs the packages that package-lock.json names, unless they are there.
pub(crate) fn npm_ci(sh: &Shell) -> Result<()> {
    let changed =
        |path: &str| fs::metadata(tools::root().join(path)).and_then(|meta| meta.modified());
    // npm writes this file last.
    if let Ok(installed) = changed("node_modules/.package-lock.json")
        && installed >= changed("package-lock.json")?
    {
        return Ok(());
    }
    cmd!(sh, "npm ci --no-audit --no-fund").run()?;
    Ok(())
}

/// Builds `dist/` from the page's sources and the wasm module.
pub(crate) fn build(sh: &Shell) -> Result<()> {
    let inputs: Vec<PathBuf> = INPUTS.iter().map(|path| tools::root().join(path)).collect();
    let key = tools::fingerprint(&inputs)?;
    let dist = tools::root().join("dist");
    let stamp = tools::target_dir().join("page.built-from");
    if dist.join("index.html").exists()
        && fs::read_to_string(&stamp).is_ok_and(|built_from| built_from == key)
    {
        return Ok(());
    }
    npm_ci(sh)?;
    cmd!(sh, "npm run build").run()?;
    fs::write(stamp, key)?;
    Ok(())
}
