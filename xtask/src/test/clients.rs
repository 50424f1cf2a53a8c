//! The tests of the generated clients in `sdks/`, against the platform of the run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::tally::Tally;
use crate::environment::Variables;
use crate::fetch::{run_client, sha256};
use crate::progress;
use crate::services::Context;

/// Whether there is a client to test.
pub fn exist(root: &Path) -> bool {
    has_python(root) || has_typescript(root)
}

fn has_python(root: &Path) -> bool {
    root.join("sdks/python/tests").is_dir()
}

fn has_typescript(root: &Path) -> bool {
    root.join("sdks/typescript/package.json").is_file()
}

/// `platform` names the address and the key of the API to test against.
pub fn run(context: &Context, sdks: &Path, platform: &Variables, tally: &mut Tally) -> Result<()> {
    let root = context.checkout.root();
    let (python, typescript) = (root.join("sdks/python"), root.join("sdks/typescript"));
    if has_python(root) {
        progress::note("Python client");
        let interpreter = virtual_environment(context, "python", &python.join("requirements.txt"))?;
        let mut command = Command::new(interpreter);
        command.args(["-m", "unittest", "discover", "--verbose", "--start-directory"]).arg(python.join("tests"));
        command.env("PYTHONPATH", sdks.join("python")).env("PYTHONDONTWRITEBYTECODE", "1").envs(platform);
        tally.run("Python client", &mut command)?;
    }
    if has_typescript(root) {
        progress::note("TypeScript client");
        crate::dashboard::install_packages(&typescript)?;
        let mut command = Command::new("npm");
        command.args(["run", "--silent", "test"]).current_dir(&typescript).envs(platform);
        tally.run("TypeScript client", command.env("NO_COLOR", "1"))?;
    }
    Ok(())
}

/// An environment in `.gotong` with exactly the packages that a file of requirements names, hashes included.
pub fn virtual_environment(context: &Context, name: &str, requirements: &Path) -> Result<PathBuf> {
    let folder = context.checkout.state().join(name);
    let (interpreter, mark) = (folder.join("bin/python"), folder.join(".installed-from"));
    let wanted = sha256(requirements)?;
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    progress::while_running(name, "installing what Python needs", || {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        run_client(&mut venv, "python3 -m venv", "Python 3 with venv (Debian: apt install python3-venv)")?;
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"]).arg(requirements);
        run_client(&mut pip, "pip", "Python 3 with pip")
    })?;
    fs::write(mark, wanted)?;
    Ok(interpreter)
}
