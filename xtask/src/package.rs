//! The package for npm, and an application that uses it as it is packed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::{page, wasm, workspace};

/// What a person installs: nearly all of it is the wasm module.
const MAX_PACKED_BYTES: u64 = 3_000_000;

/// Builds and packs the package, has the application in `tests/consumer` install it from the packed
/// file, and tests that application in Chromium.
pub(crate) fn test(sh: &Shell, chromium: &Path) -> Result<()> {
    let packed = pack(sh)?;
    let consumer = consumer(sh, &packed)?;
    let _chromium = sh.push_env("CHROMIUM_PATH", chromium);
    let _consumer = sh.push_env("CONSUMER", &consumer);
    let port = page::free_port()?;
    let _url = sh.push_env("PAGE_URL", format!("http://127.0.0.1:{port}/"));
    cmd!(
        sh,
        "npx --no-install playwright test --config tests/consumer --max-failures=2"
    )
    .run()?;
    Ok(())
}

/// Builds `npm/dist` and packs it.
fn pack(sh: &Shell) -> Result<PathBuf> {
    page::npm_run(sh, "build:package", &[])?;
    // Its documentation has to be makeable of the same types.
    page::npm_run(sh, "docs", &[])?;
    let folder = workspace::target_dir().join("npm");
    let _ = fs::remove_dir_all(&folder); // of an earlier version
    fs::create_dir_all(&folder)?;
    cmd!(
        sh,
        "npm pack --silent --workspace npm --pack-destination {folder}"
    )
    .ignore_stdout()
    .run()?;
    let packed = fs::read_dir(&folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|end| end == "tgz"))
        .context("npm pack made no file")?;
    let bytes = fs::metadata(&packed)?.len();
    println!("{}: {bytes} bytes", packed.display());
    if !wasm::is_as_shipped() {
        println!("its size is not checked: the module in it is the quick build");
        return Ok(packed);
    }
    ensure!(
        bytes <= MAX_PACKED_BYTES,
        "the package is {bytes} bytes, more than {MAX_PACKED_BYTES}: find what grew, or raise the limit in xtask/src/package.rs"
    );
    Ok(packed)
}

/// A copy of the application with the package in its `node_modules`, type-checked and built.
fn consumer(sh: &Shell, packed: &Path) -> Result<PathBuf> {
    let folder = workspace::target_dir().join("consumer");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for file in ["index.html", "main.ts", "package.json", "tsconfig.json"] {
        let from = workspace::root().join("tests/consumer").join(file);
        fs::copy(&from, folder.join(file)).with_context(|| from.display().to_string())?;
    }
    // The package has no dependencies: nothing is asked of the network.
    cmd!(
        sh,
        "npm install --prefix {folder} --no-save --offline --no-audit --no-fund {packed}"
    )
    .run()?;
    cmd!(sh, "npx --no-install tsc --project {folder}").run()?;
    cmd!(
        sh,
        "npx --no-install vite build {folder} --base ./ --logLevel warn"
    )
    .run()?;
    Ok(folder)
}
