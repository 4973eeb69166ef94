//! The page: npm's packages and the front-end's build.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{tools, workspace};

/// What `npm run build` reads. A path that is not there counts as empty.
const INPUTS: [&str; 9] = [
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "tsconfig.service-worker.json",
    "vite.config.ts",
    "web",
    "models",
];

/// Installs the packages that package-lock.json names, unless they are there.
pub(crate) fn npm_ci(sh: &Shell) -> Result<()> {
    tools::node(sh)?;
    let changed =
        |path: &str| fs::metadata(workspace::root().join(path)).and_then(|meta| meta.modified());
    // npm writes this file last.
    if let Ok(installed) = changed("node_modules/.package-lock.json")
        && installed >= changed("package-lock.json").context("package-lock.json is not there")?
    {
        return Ok(());
    }
    cmd!(sh, "npm ci --no-audit --no-fund").run()?;
    Ok(())
}

/// Runs a script of package.json with arguments.
pub(crate) fn npm_run(sh: &Shell, script: &str, args: &[&str]) -> Result<()> {
    npm_ci(sh)?;
    cmd!(sh, "npm run --silent {script} -- {args...}").run()?;
    Ok(())
}

/// Builds `dist/` from the page's sources and the wasm module.
pub(crate) fn build(sh: &Shell) -> Result<()> {
    let inputs: Vec<PathBuf> = INPUTS
        .iter()
        .map(|path| workspace::root().join(path))
        .collect();
    let key = workspace::fingerprint(&inputs)?;
    let dist = workspace::root().join("dist");
    let stamp = workspace::target_dir().join("page.built-from");
    if dist.join("index.html").exists()
        && fs::read_to_string(&stamp).is_ok_and(|built_from| built_from == key)
    {
        return Ok(());
    }
    npm_run(sh, "build", &[])?;
    fs::write(stamp, key)?;
    Ok(())
}

/// Tests `dist/` in Chromium, served by the `cliprobe serve` that the Rust tests built.
pub(crate) fn test_in_browser(sh: &Shell, chromium: &Path) -> Result<()> {
    let port = free_port()?;
    let command = workspace::target_dir().join("debug/cliprobe");
    let server = format!("'{}' serve --port {port}", command.display());
    let _chromium = sh.push_env("CHROMIUM_PATH", chromium);
    let _server = sh.push_env("PAGE_SERVER", server);
    let _url = sh.push_env("PAGE_URL", format!("http://127.0.0.1:{port}/"));
    // A page that does not start fails every test, each after its own long wait.
    npm_run(sh, "test:browser", &["--max-failures=5"])
}

/// A port that nothing listens on now, so that two checkouts can be tested at once.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Serves `dist/` until Ctrl-C. The front-end's own server does it, for it is there already; a GGUF
/// file in the place of the page's models wants the native command, which is then built.
pub(crate) fn serve(sh: &Shell, port: u16, model: Option<&Path>) -> Result<()> {
    let Some(model) = model else {
        let port = match port {
            0 => free_port()?,
            port => port,
        }
        .to_string();
        let address = ["--host", "127.0.0.1", "--port", &port, "--strictPort"];
        return npm_run(sh, "preview", &address);
    };
    let dist = workspace::root().join("dist");
    // The shell stands in the workspace's root, the person perhaps elsewhere.
    let model = std::path::absolute(model)?;
    let port = port.to_string();
    workspace::cargo(sh, &["run", "--quiet", "--locked", "-p", "cliprobe-cli"])
        .args(["--", "serve", "--port", &port, "--root"])
        .arg(dist)
        .arg("--model")
        .arg(model)
        .run()?;
    Ok(())
}
