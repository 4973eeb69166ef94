//! The machine around the workspace: its folders, Debian's packages, and what is up to date.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use xshell::{Shell, cmd};

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

/// Installs Debian packages, where that is possible without asking: as root on Debian or a derivative.
pub(crate) fn apt_install(sh: &Shell, packages: &[&str]) -> Result<()> {
    if !Path::new("/etc/debian_version").exists() {
        bail!("this is not Debian");
    }
    if cmd!(sh, "id -u").quiet().read()? != "0" {
        bail!("as root: apt-get install {}", packages.join(" "));
    }
    let _quiet = sh.push_env("DEBIAN_FRONTEND", "noninteractive");
    cmd!(sh, "apt-get -qq update").run()?;
    cmd!(
        sh,
        "apt-get -qq install --yes --no-install-recommends {packages...}"
    )
    .run()?;
    Ok(())
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
