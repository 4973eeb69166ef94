//! Tasks of this workspace: builds the wasm module and the page, serves them, runs every test.
#![allow(clippy::print_stdout, clippy::print_stderr)] // it speaks to a person

mod package;
mod page;
mod sysroot;
mod test;
mod tools;
mod wasm;
mod workspace;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Tasks of the cliprobe workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the wasm module (web/wasm/) and the page (dist/)
    Build {
        /// Quick to build, slow to run: no link-time optimisation, names kept
        #[arg(long)]
        dev: bool,
        /// Only the wasm module, not the page
        #[arg(long)]
        wasm_only: bool,
    },
    /// Build the page and serve it on this machine
    Serve {
        /// Port on 127.0.0.1; 0 takes any free one
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// GGUF file that the page offers instead of its own models
        #[arg(long, value_name = "FILE")]
        model: Option<PathBuf>,
    },
    /// Run every check, or the steps named
    Test {
        /// Leave out what is slow: documentation, the page's build, the browser tests
        #[arg(long, conflicts_with = "steps")]
        fast: bool,
        /// Only these steps
        #[arg(value_enum, value_name = "STEP")]
        steps: Vec<test::Step>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let sh = workspace::shell()?;
    match task {
        Task::Build { dev, wasm_only } => {
            let flavour = if dev {
                wasm::Flavour::Dev
            } else {
                wasm::Flavour::Optimised
            };
            wasm::build(&sh, flavour, wasm::Warnings::Allowed)?;
            if wasm_only { Ok(()) } else { page::build(&sh) }
        }
        Task::Serve { port, model } => {
            wasm::build(&sh, wasm::Flavour::Optimised, wasm::Warnings::Allowed)?;
            page::build(&sh)?;
            page::serve(&sh, port, model.as_deref())
        }
        Task::Test { fast, steps } => test::run(&sh, &steps, fast),
    }
}
