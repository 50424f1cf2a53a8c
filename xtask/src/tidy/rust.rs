//! Rules for Rust files: who may name what, and what stays out of programs and out of tests.

use std::path::Path;

use super::{Breach, source};

/// A word that only some folders may use in code.
struct Boundary {
    word: &'static str,
    allowed: &'static [&'static str],
    rule: &'static str,
}

const BOUNDARIES: [Boundary; 5] = [
    Boundary { word: "poem::", allowed: &["api", "tests", "bench"], rule: "only `api` names poem" },
    Boundary {
        word: "poem_openapi::",
        allowed: &["api", "shared", "tests", "bench"],
        rule: "only `api` names poem-openapi, and `shared` for its schemas",
    },
    Boundary {
        word: "apalis",
        allowed: &["queue", "worker", "tests", "bench"],
        rule: "only `queue` and `worker` name apalis",
    },
    Boundary {
        word: "redis::",
        allowed: &["queue", "tests", "bench", "shared/src/cache", "xtask"],
        rule: "only `queue` and the cache name the redis crate",
    },
    Boundary {
        word: "std::env::var",
        allowed: &["shared/src/config", "xtask", "tests", "bench", "queue/examples"],
        rule: "only `shared/src/config` reads the environment",
    },
];

/// Where a test may sleep: the harness, and what waits for a condition elsewhere.
const WAITING: [&str; 2] = ["wait", "poll"];

pub fn check(file: &Path, text: &str, breaches: &mut Vec<Breach>) {
    let all_test = source::is_test(file);
    let mut code = Code::default();
    for (number, line) in (1..).zip(text.lines()) {
        let in_test = code.read(line) || all_test;
        let is_explained = line.contains("); // ") || line.contains(".await; // ") || line.contains(".await, // ");
        let line = without_comment_and_text(line);
        let mut breach = |rule: &str| {
            breaches.push(Breach { file: file.to_path_buf(), line: number, rule: rule.to_owned() });
        };
        if in_test {
            if is_sleep(&line) && !is_explained && !code.is_waiting(file) {
                breach(
                    "a test waits for a condition, with a bound; a sleep that is a handler's work says so on its line",
                );
            }
            continue;
        }
        for boundary in BOUNDARIES.iter().filter(|boundary| !is_under(file, boundary.allowed)) {
            if names(&line, boundary.word) {
                breach(boundary.rule);
            }
        }
        if line.contains(".unwrap()") || line.contains(".unwrap_err()") {
            breach("no unwrap outside tests: handle it, or `expect` with the invariant that makes it impossible");
        }
    }
}

fn is_under(file: &Path, folders: &[&str]) -> bool {
    folders.iter().any(|folder| file.starts_with(folder) || file.starts_with(format!("{folder}.rs")))
}

/// Whether the line uses the word as a path of its own, as `redis::` but not `services::redis::`.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
    })
}

fn is_sleep(line: &str) -> bool {
    ["thread::sleep(", "time::sleep(", " sleep(", "time::sleep_until("].iter().any(|call| line.contains(call))
        && !line.contains("fn sleep(")
}

/// Follows functions and test modules through a file; rustfmt makes indentation a reliable guide.
#[derive(Default)]
struct Code {
    pending_test: bool,
    /// The indentation of the test module or function that is open.
    test: Option<usize>,
    function: String,
}

impl Code {
    /// Takes the next line; true if it belongs to a test module.
    fn read(&mut self, line: &str) -> bool {
        let indentation = line.len() - line.trim_start().len();
        let trimmed = line.trim();
        if let Some(open) = self.test {
            if trimmed == "}" && indentation == open {
                self.test = None;
                return true;
            }
        } else if trimmed.starts_with("#[cfg(test)]") || trimmed.starts_with("#[cfg(all(test") {
            self.pending_test = true;
        } else if self.pending_test && !trimmed.starts_with("#[") && !trimmed.is_empty() {
            self.pending_test = false;
            self.test = trimmed.ends_with('{').then_some(indentation);
            return true;
        }
        if let Some((_, rest)) = trimmed.split_once("fn ") {
            rest.split(['(', '<']).next().unwrap_or_default().clone_into(&mut self.function);
        }
        self.test.is_some()
    }

    fn is_waiting(&self, file: &Path) -> bool {
        if file.starts_with("tests/harness") {
            return true;
        }
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        WAITING.iter().any(|word| self.function.contains(word) || stem.starts_with(word))
    }
}

/// The line without a comment and without what stands in string literals.
fn without_comment_and_text(line: &str) -> String {
    let mut code = String::new();
    let mut characters = line.chars().peekable();
    let mut in_text = false;
    while let Some(c) = characters.next() {
        match c {
            '\\' if in_text => _ = characters.next(),
            '\'' if !in_text && characters.peek() == Some(&'"') => _ = characters.next(),
            '"' => in_text = !in_text,
            '/' if !in_text && characters.peek() == Some(&'/') => break,
            _ if in_text => {}
            _ => code.push(c),
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(file: &str, text: &str) -> Vec<(usize, String)> {
        let mut breaches = Vec::new();
        check(Path::new(file), text, &mut breaches);
        breaches.into_iter().map(|breach| (breach.line, breach.rule)).collect()
    }

    #[test]
    fn a_boundary_is_seen_in_code_only() {
        assert_eq!(rules("shared/src/a.rs", "use poem::Route;\n").len(), 1);
        assert_eq!(rules("shared/src/a.rs", "// poem::Route\nlet a = \"poem::\";\nuse poem_openapi::Object;\n"), []);
        assert_eq!(rules("api/src/a.rs", "use poem::Route;\n"), []);
        assert_eq!(rules("xtask/src/a.rs", "let url = services::redis::url(1);\n"), []);
        assert_eq!(rules("worker/src/a.rs", "let a = std::env::var(1);\n").len(), 1);
    }

    #[test]
    fn an_unwrap_is_allowed_in_a_test_module_and_nowhere_after_it() {
        let text = "fn a() {\n    b().unwrap();\n}\n#[cfg(test)]\nmod tests {\n    b().unwrap();\n}\nfn c() {\n    b().unwrap();\n}\n";
        let lines: Vec<usize> = rules("queue/src/a.rs", text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 9]);
    }

    #[test]
    fn a_test_sleeps_only_where_it_waits_for_a_condition() {
        let sleeping = "async fn a_job_runs() {\n    tokio::time::sleep(x).await;\n}\n";
        let waiting = "async fn wait_until() {\n    tokio::time::sleep(x).await;\n}\n";
        assert_eq!(rules("tests/src/a.rs", sleeping).len(), 1);
        let working = "async fn a_job_runs() {\n    tokio::time::sleep(x).await; // what the handler does\n}\n";
        assert!(rules("tests/src/a.rs", working).is_empty());
        assert_eq!(rules("tests/src/a.rs", waiting), []);
    }
}
