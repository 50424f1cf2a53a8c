//! `cargo xtask`: see `xtask/README.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gotong_xtask::cli::run()
}
