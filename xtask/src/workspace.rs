//! The workspace's folders, and what is up to date in them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use xshell::{Cmd, Shell, cmd};

/// A shell that stands in the workspace's root.
pub(crate) fn shell() -> Result<Shell> {
    let sh = Shell::new()?;
    sh.change_dir(root());
    Ok(sh)
}

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
}

/// `cargo <args>`, as the person who called `cargo xtask` would run it.
pub(crate) fn cargo<'sh>(sh: &'sh Shell, args: &[&str]) -> Cmd<'sh> {
    as_called(cmd!(sh, "cargo {args...}"))
}

/// Takes away the variables by which `cargo xtask` describes xtask. Build scripts that ask for them
/// (ring's does) would run again, and all that depends on them be compiled again, each time that
/// `cargo` and `cargo xtask` take turns.
pub(crate) fn as_called(cmd: Cmd<'_>) -> Cmd<'_> {
    let of_xtask = env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| describes_package(&name.to_string_lossy()));
    of_xtask.fold(cmd, |cmd, name| cmd.env_remove(name))
}

fn describes_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_"]
        .iter()
        .any(|start| variable.starts_with(start))
}

/// Cargo's target folder of this workspace.
pub(crate) fn target_dir() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Where this user's caches of the project live.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|dir| Path::new(dir).is_absolute()) {
        Some(dir) => PathBuf::from(dir),
        None => env::home_dir()
            .context("neither XDG_CACHE_HOME nor HOME is set")?
            .join(".cache"),
    };
    let dir = base.join("cliprobe");
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    Ok(dir)
}

/// Names a state of `inputs` (files, or folders with all that is in them) by path, size and time of change.
pub(crate) fn fingerprint(inputs: &[PathBuf]) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut left: Vec<PathBuf> = inputs.iter().rev().cloned().collect();
    while let Some(path) = left.pop() {
        let Ok(meta) = fs::metadata(&path) else {
            continue;
        };
        if meta.is_dir() {
            let mut entries = fs::read_dir(&path)?
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>>>()?;
            entries.sort();
            left.extend(entries.into_iter().rev());
        } else {
            let changed = meta.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
            hasher.update(format!("{}\0{}\0{changed}\n", path.display(), meta.len()));
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Hexadecimal digits of a digest.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
