//! Embeds the dashboard: writes a list of every file that Vite left in dashboard/dist.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../dashboard/dist");
    // Cargo takes a watched folder that does not exist for changed, and would build the API anew each time.
    if !dist.exists() {
        fs::create_dir_all(&dist)?;
    }
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut list = String::from("const ASSETS: &[Asset] = &[\n");
    for file in files(&dist)? {
        let path = file.strip_prefix(&dist)?.to_string_lossy().replace('\\', "/");
        let absolute = file.canonicalize()?.display().to_string();
        writeln!(list, "    Asset {{ path: {path:?}, bytes: include_bytes!({absolute:?}) }},")?;
    }
    list.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("dashboard.rs"), list)?;
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
