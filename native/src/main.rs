//! The `cliprobe` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod serve;
mod train;

/// A laboratory for one question: does this CLIP understand how words combine?
#[derive(Debug, Parser)]
#[command(name = "cliprobe", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Train(train::TrainArgs),
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Serve(args) => serve::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Train(args) => train::run(&args),
    }
}
