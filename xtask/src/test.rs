//! Every check of the workspace, in the order that fails soonest.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::ValueEnum;
use xshell::Shell;

use crate::{
    package, page, tools,
    wasm::{self, Flavour, Warnings},
    workspace::{self, cargo},
};

/// One check. They run in this order.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Step {
    /// Rust sources are formatted
    Fmt,
    /// Clippy on every target of the workspace
    Clippy,
    /// Rust tests; training by several processes too, where Open MPI is installed
    Rust,
    /// Rust documentation
    Doc,
    /// The wasm module, without warnings; the page's sources are checked against its types
    Module,
    /// Front-end lints and format
    Lint,
    /// Front-end types
    Check,
    /// Front-end unit tests
    Unit,
    /// The page's build
    Page,
    /// Tests of the built page in Chromium
    Browser,
    /// The npm package: built, packed, and used by a small application in Chromium
    Package,
}

/// What the tests need besides Rust, found or installed before the first of them starts.
struct Tools {
    /// The browser, where its tests are asked for.
    chromium: Option<PathBuf>,
    /// Whether several processes can be tested.
    mpi: bool,
    /// Whether there is a Vulkan driver, so that a test of the GPU engine must find an adapter.
    vulkan: bool,
}

impl Tools {
    /// Installs what is missing where that needs no asking. Prints what stays missing and which tests
    /// are skipped without it; what no test can do without is an error.
    fn find(sh: &Shell, steps: &[Step]) -> Result<Self> {
        if steps.iter().any(|step| step.needs_node()) {
            tools::node(sh)?;
        }
        let chromium = steps
            .iter()
            .any(|step| matches!(step, Step::Browser | Step::Package))
            .then(|| tools::chromium(sh))
            .transpose()?;
        let mut found = Self {
            chromium,
            mpi: false,
            vulkan: false,
        };
        // The browser's server is the command as the Rust tests build it, with the same features.
        if steps.contains(&Step::Rust) || steps.contains(&Step::Browser) {
            found.mpi = tools::present("training by several processes", tools::mpi(sh));
            found.vulkan = tools::present("the GPU engine", tools::vulkan(sh));
        }
        Ok(found)
    }
}

impl Tools {
    fn chromium(&self) -> &Path {
        let found = self.chromium.as_deref();
        found.expect("looked for before the first step that needs it")
    }
}

impl Step {
    /// Takes seconds once built, so that it can run at every turn of the work.
    fn is_fast(self) -> bool {
        !matches!(self, Self::Doc | Self::Page | Self::Browser | Self::Package)
    }

    fn needs_node(self) -> bool {
        matches!(
            self,
            Self::Lint | Self::Check | Self::Unit | Self::Page | Self::Browser | Self::Package
        )
    }

    /// The script of package.json that a check of the front-end's sources is. With `fast`, files that
    /// have not changed since they were last linted are taken for good.
    fn script(self, fast: bool) -> Option<&'static str> {
        match self {
            Self::Lint if fast => Some("lint:changed"),
            Self::Lint => Some("lint"),
            Self::Check => Some("check"),
            Self::Unit => Some("test"),
            _ => None,
        }
    }

    /// The part of a step that compiles, where it can be told apart from the part that tests.
    fn build(self, sh: &Shell, tools: &Tools, fast: bool) -> Result<()> {
        match self {
            Self::Rust => {
                let tests = rust_tests(tools, fast);
                cargo(sh, &[&["test", "--no-run"][..], &tests].concat()).run()?;
            }
            // The command that serves the page, as the Rust tests build it: cargo unites the features
            // of all that is built at once, and another selection would compile most crates again.
            Self::Browser => {
                let tests = rust_tests(tools, false);
                cargo(
                    sh,
                    &[&["test", "--no-run", "--test", "serve"][..], &tests].concat(),
                )
                .run()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn run(self, sh: &Shell, tools: &Tools, fast: bool) -> Result<()> {
        match self {
            Self::Fmt => cargo(sh, &["fmt", "--all", "--check"]).run()?,
            Self::Clippy => {
                let arguments = "clippy --workspace --all-targets --locked -- -D warnings";
                cargo(sh, &arguments.split(' ').collect::<Vec<_>>()).run()?;
            }
            Self::Rust => {
                // Mesa complains of a missing one in every test, and then does without.
                let runtime_dir = tempfile::tempdir()?;
                let _runtime_dir = env::var_os("XDG_RUNTIME_DIR")
                    .is_none()
                    .then(|| sh.push_env("XDG_RUNTIME_DIR", runtime_dir.path()));
                // Where a driver is installed, a missing adapter is a failure and no reason to skip.
                let _adapter = tools
                    .vulkan
                    .then(|| sh.push_env("CLIPROBE_REQUIRE_GPU", "1"));
                let tests = rust_tests(tools, fast);
                cargo(sh, &[&["test"][..], &tests].concat()).run()?;
                // Apart: cargo unites the features of what it builds at once, and this profile finds
                // what `cargo xtask` has built already.
                let arguments = "test --package xtask --profile xtask --locked";
                cargo(sh, &arguments.split(' ').collect::<Vec<_>>()).run()?;
            }
            Self::Doc => cargo(sh, &["doc", "--workspace", "--no-deps", "--locked"])
                .env("RUSTDOCFLAGS", "-D warnings")
                .run()?,
            Self::Module => {
                let flavour = if fast {
                    Flavour::Dev
                } else {
                    Flavour::Optimised
                };
                wasm::build(sh, flavour, Warnings::Denied)?;
            }
            Self::Lint | Self::Check | Self::Unit => {
                let script = self.script(fast).context("a check of the front-end")?;
                page::npm_run(sh, script, &[])?;
            }
            Self::Page => page::build(sh)?,
            Self::Browser => page::test_in_browser(sh, tools.chromium())?,
            Self::Package => package::test(sh, tools.chromium())?,
        }
        Ok(())
    }
}

/// What `cargo test` is told: one build for all Rust tests, so that nothing is compiled twice.
fn rust_tests(tools: &Tools, fast: bool) -> Vec<&'static str> {
    let mut arguments = vec!["--workspace", "--exclude", "xtask", "--locked"];
    if tools.mpi {
        arguments.extend(["--features", "cliprobe-cli/mpi"]);
    }
    if fast {
        // Without the tests that start the command, which take minutes.
        arguments.extend(["--lib", "--bins"]);
    }
    arguments
}

/// Runs these steps, or all of them (without the slow ones if `fast`); stops at the first that fails.
pub(crate) fn run(sh: &Shell, steps: &[Step], fast: bool) -> Result<()> {
    let steps: Vec<Step> = Step::value_variants()
        .iter()
        .copied()
        .filter(|step| match steps {
            [] => !fast || step.is_fast(),
            _ => steps.contains(step),
        })
        .collect();
    let begun = Instant::now();
    let tools = Tools::find(sh, &steps)?;
    let mut summary = vec![line("tools", begun.elapsed(), Duration::ZERO, "ok")];
    let mut outcome = Ok(());
    let (front_end, steps): (Vec<Step>, Vec<Step>) = steps
        .into_iter()
        .partition(|step| fast && step.script(fast).is_some());
    for step in steps {
        let name = name_of(step);
        if outcome.is_err() {
            summary.push(format!("{name:8}        -         -  not run"));
            continue;
        }
        println!("\n==== {name}");
        let started = Instant::now();
        outcome = step.build(sh, &tools, fast);
        let built = started.elapsed();
        outcome = outcome
            .and_then(|()| step.run(sh, &tools, fast))
            .with_context(|| format!("{name} failed"));
        let words = if outcome.is_ok() { "ok" } else { "FAILED" };
        summary.push(line(&name, built, started.elapsed() - built, words));
    }
    if outcome.is_ok() && !front_end.is_empty() {
        println!("\n==== front-end");
        let started = Instant::now();
        outcome = side_by_side(&front_end);
        let words = if outcome.is_ok() { "ok" } else { "FAILED" };
        let name = front_end
            .iter()
            .map(|&step| name_of(step))
            .collect::<Vec<_>>();
        summary.push(line(
            &name.join(", "),
            Duration::ZERO,
            started.elapsed(),
            words,
        ));
    }
    println!(
        "\n==== summary\n{:8} {:>9} {:>9}\n{}\n{:8} {:8.1}s in all",
        "step",
        "building",
        "running",
        summary.join("\n"),
        "",
        begun.elapsed().as_secs_f32()
    );
    if !tools.mpi && outcome.is_ok() && summary.iter().any(|line| line.starts_with("rust")) {
        println!("skipped: training by several processes (see the first lines)");
    }
    outcome
}

fn name_of(step: Step) -> String {
    let value = step.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The front-end's checks, none of which needs another: they share the cores. Each one's output stands
/// together.
fn side_by_side(steps: &[Step]) -> Result<()> {
    let run = |step: Step| -> Result<()> {
        let script = step.script(true).context("a check of the front-end")?;
        let output = Command::new("npm")
            .args(["run", "--silent", script])
            .current_dir(workspace::root())
            .output()
            .context("npm does not start")?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{} failed", name_of(step));
        Ok(())
    };
    thread::scope(|scope| {
        let running: Vec<_> = steps
            .iter()
            .map(|&step| scope.spawn(move || run(step)))
            .collect();
        let ended = running.into_iter().map(|check| match check.join() {
            Ok(outcome) => outcome,
            Err(_) => Err(anyhow!("a check ended without an answer")),
        });
        // All of them end before the first failure is told.
        ended.collect::<Vec<_>>().into_iter().collect()
    })
}

fn line(name: &str, building: Duration, running: Duration, words: &str) -> String {
    format!(
        "{name:8} {:8.1}s {:8.1}s  {words}",
        building.as_secs_f32(),
        running.as_secs_f32()
    )
}
