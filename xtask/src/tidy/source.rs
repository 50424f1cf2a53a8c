//! Rules for source files of any language.

use std::path::Path;

use super::Breach;

const MOST_LINES: usize = 500;
/// Names under which everything and nothing belongs.
const EMPTY_NAMES: [&str; 5] = ["utils", "util", "common", "helpers", "manager"];

pub fn check(file: &Path, text: &str, breaches: &mut Vec<Breach>) {
    let mut breach = |line: usize, rule: &str| {
        breaches.push(Breach { file: file.to_path_buf(), line, rule: rule.to_owned() });
    };
    let lines = text.lines().count();
    // Declarations are generated.
    if lines > MOST_LINES && !file.to_string_lossy().ends_with(".d.ts") {
        breach(MOST_LINES + 1, &format!("{lines} lines; a file has at most {MOST_LINES}"));
    }
    for part in file.components().filter_map(|part| part.as_os_str().to_str()) {
        let stem = part.split('.').next().unwrap_or(part);
        if EMPTY_NAMES.contains(&stem) {
            breach(1, &format!("`{stem}` names nothing: say what is in it"));
        }
    }
    let is_test = is_test(file);
    for (number, line) in (1..).zip(text.lines()) {
        if unfinished(line) {
            breach(number, "unfinished work does not get in: finish it or open an issue");
        }
        if is_test && line.contains(&[".on", "ly("].concat()) {
            breach(number, "a test that shuts out the others");
        }
    }
}

/// Whether a whole file holds tests.
pub fn is_test(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.components().any(|part| part.as_os_str() == "tests")
        || name.contains(".test.")
        || name.contains(".spec.")
        || name == "tests.rs"
}

/// The words are put together here so that this file does not break its own rule.
fn unfinished(line: &str) -> bool {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    let macros = [["todo", "!("].concat(), ["unimplemented", "!("].concat()];
    let is_word = |mark: &String| {
        line.match_indices(mark.as_str()).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + mark.len()..].chars().next();
            [before, after].into_iter().flatten().all(|c| !c.is_alphanumeric() && c != '_')
        })
    };
    marks.iter().any(is_word) || macros.iter().any(|name| line.contains(name.as_str()))
}
