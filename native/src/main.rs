//! The `cliprobe` command.
fn main() {}
