//! The `cliprobe` command.

use clap::{Parser, Subcommand};

mod serve;

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
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
    }
}
