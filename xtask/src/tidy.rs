//! The rules that a machine can check by reading: `cargo xtask tidy` prints `file:line: rule` for each breach.

mod manifests;
mod rust;
mod source;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::checkout::Checkout;

/// One breach of a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    pub rule: String,
}

/// Prints every breach; true if there is none.
pub fn run() -> Result<bool> {
    let checkout = Checkout::find()?;
    let breaches = check(checkout.root())?;
    for breach in &breaches {
        println!("{}:{}: {}", breach.file.display(), breach.line, breach.rule);
    }
    if breaches.is_empty() {
        println!("tidy: nothing to say");
    }
    Ok(breaches.is_empty())
}

fn check(root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    let mut files = files_of_git(root).map_or_else(|| walk(root), Ok)?;
    files.sort();
    for file in &files {
        let Ok(text) = fs::read_to_string(root.join(file)) else { continue };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => {
                source::check(file, &text, &mut breaches);
                rust::check(file, &text, &mut breaches);
            }
            Some("ts" | "tsx" | "mts" | "js" | "mjs" | "py" | "lua" | "sql" | "java" | "sh") => {
                source::check(file, &text, &mut breaches);
            }
            Some("toml") if file.ends_with("Cargo.toml") => manifests::check(file, &text, &mut breaches),
            _ => {}
        }
    }
    manifests::check_migrations(root, &mut breaches)?;
    Ok(breaches)
}

/// What is committed and what could be; none where there is no git.
fn files_of_git(root: &Path) -> Option<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect())
}

fn walk(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(root, Path::new(""), &mut files)?;
    Ok(files)
}

/// Folders whose content is fetched or built.
const NOT_OURS: [&str; 5] = ["target", "node_modules", "dist", "generated", "__pycache__"];

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = folder.join(&name);
        let kind = entry.file_type()?;
        if name.starts_with('.') || NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            collect(root, &path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
