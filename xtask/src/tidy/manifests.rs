//! Rules for `Cargo.toml` files and for migrations.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Breach;

/// A member names no version of its own: versions live in the workspace, once.
pub fn check(file: &Path, text: &str, breaches: &mut Vec<Breach>) {
    if file == Path::new("Cargo.toml") {
        return;
    }
    let mut section = String::new();
    let mut has_lints = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            has_lints |= name == "lints";
            continue;
        }
        let is_dependency = section.ends_with("dependencies") && line.contains('=') && !line.starts_with('#');
        if is_dependency && !line.contains("workspace = true") {
            let rule = "a dependency says `workspace = true`; its version and features stand in the root Cargo.toml";
            breaches.push(Breach { file: file.to_path_buf(), line: number, rule: rule.to_owned() });
        }
    }
    if !has_lints {
        let rule = "the crate does not take over the lints: [lints] workspace = true";
        breaches.push(Breach { file: file.to_path_buf(), line: 1, rule: rule.to_owned() });
    }
}

/// Every migration can be applied and taken back.
pub fn check_migrations(root: &Path, breaches: &mut Vec<Breach>) -> Result<()> {
    let folder = root.join("migrations");
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        for name in ["up.sql", "down.sql"] {
            let is_there = fs::read_to_string(entry.path().join(name)).is_ok_and(|text| !text.trim().is_empty());
            if !is_there {
                let file = Path::new("migrations").join(entry.file_name()).join(name);
                breaches.push(Breach { file, line: 1, rule: "a migration has both directions".to_owned() });
            }
        }
    }
    Ok(())
}
