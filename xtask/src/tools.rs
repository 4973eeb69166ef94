//! The programs that must be on the machine: Node.js, Chromium, and apt-get to install them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use xshell::{Shell, cmd};

/// The oldest Node.js that the front-end's build accepts (package.json, `engines`).
const NODE: (u32, u32) = (20, 19);

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

/// Makes sure of Node.js and npm.
pub(crate) fn node(sh: &Shell) -> Result<()> {
    let (major, minor) = NODE;
    let wanted =
        format!("the page needs Node.js {major}.{minor} or newer with npm: https://nodejs.org");
    if on_path(&["node"]).is_none() || on_path(&["npm"]).is_none() {
        apt_install(sh, &["nodejs", "npm"]).with_context(|| wanted.clone())?;
    }
    let version = cmd!(sh, "node --version").quiet().read()?;
    ensure!(at_least(&version, NODE), "{wanted} (found {version})");
    Ok(())
}

/// Whether `v20.19.1` is at least a major and a minor version.
fn at_least(version: &str, wanted: (u32, u32)) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse().ok());
    numbers
        .next()
        .zip(numbers.next())
        .is_some_and(|found: (u32, u32)| found >= wanted)
}

/// Prints why a tool is missing and which tests are skipped without it.
pub(crate) fn present(tests: &str, found: Result<()>) -> bool {
    if let Err(error) = &found {
        println!("the tests of {tests} are skipped: {error:#}");
    }
    found.is_ok()
}

/// Makes sure of what the tests of several processes need: Open MPI to build with and to start them,
/// and the libclang that reads its headers.
pub(crate) fn mpi(sh: &Shell) -> Result<()> {
    if let Some(missing) = missing_for_mpi() {
        apt_install(sh, &["openmpi-bin", "libopenmpi-dev", "libclang-dev"]).context(missing)?;
    }
    missing_for_mpi().map_or(Ok(()), |missing| Err(anyhow!(missing)))
}

fn missing_for_mpi() -> Option<&'static str> {
    let clang = || {
        let folders = std::fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten();
        let mut llvm = folders.filter(|f| f.file_name().to_string_lossy().starts_with("llvm-"));
        env::var_os("LIBCLANG_PATH").is_some()
            || on_path(&["llvm-config"]).is_some()
            || llvm.any(|folder| folder.path().join("lib/libclang.so.1").exists())
    };
    if on_path(&["mpirun"]).is_none() || on_path(&["mpicc"]).is_none() {
        Some("Open MPI is not installed (Debian: libopenmpi-dev)")
    } else if !clang() {
        Some("libclang is not installed (Debian: libclang-dev)")
    } else {
        None
    }
}

/// Finds the Chromium that runs the browser tests: `CHROMIUM_PATH`, or the one on the path.
pub(crate) fn chromium(sh: &Shell) -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM_PATH") {
        let path = PathBuf::from(path);
        ensure!(
            path.is_file(),
            "CHROMIUM_PATH names {}, which is not there",
            path.display()
        );
        return Ok(path);
    }
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    if let Some(path) = on_path(&names) {
        return Ok(path);
    }
    apt_install(sh, &["chromium"])
        .context("the browser tests need Chromium or Chrome: install it, or set CHROMIUM_PATH")?;
    on_path(&names).context("Debian's package brought no chromium")
}

/// Makes sure that the GPU engine's tests find a Vulkan driver. Elsewhere than on Linux the system
/// brings its own.
pub(crate) fn vulkan(sh: &Shell) -> Result<()> {
    let drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let has_driver = |folder| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    if !cfg!(target_os = "linux") || drivers.into_iter().any(has_driver) {
        return Ok(());
    }
    // Mesa's llvmpipe computes on the processor.
    apt_install(sh, &["mesa-vulkan-drivers", "libvulkan1"]).context("there is no Vulkan driver")
}

/// The first of these programs that is on the path.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn versions_compare_by_number() {
        assert!(at_least("v20.19.0", (20, 19)));
        assert!(at_least("v22.1.0", (20, 19)));
        assert!(!at_least("v20.9.0", (20, 19)));
        assert!(!at_least("v18.20.4", (20, 19)));
        assert!(!at_least("", (20, 19)));
    }
}
