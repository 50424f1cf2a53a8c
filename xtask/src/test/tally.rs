//! Runs test programs, passes on what they say, and sums up what they report.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::interrupt;

/// The sum over all test programs of a run.
#[derive(Debug, Default)]
pub struct Tally {
    passed: i64,
    failed: i64,
    ignored: i64,
    /// The closing lines of the programs, by which a reader sees where the numbers come from.
    lines: Vec<String>,
    skipped: Vec<String>,
}

impl Tally {
    /// Runs a program that reports in the manner of Rust, Python's unittest, Node or Vitest.
    /// One that fails without reporting a failed test counts as one failure.
    pub fn run(&mut self, name: &str, command: &mut Command) -> Result<()> {
        interrupt::check()?;
        let (reader, writer) = std::io::pipe()?;
        // Cargo shows its progress on standard error itself; the others report their results there or here.
        if command.get_program().to_string_lossy().contains("cargo") {
            command.stdout(writer);
        } else {
            command.stdout(writer.try_clone()?).stderr(writer);
        }
        let mut child = command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        // The command keeps the writing end open, and with it the pipe, until it lets go.
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let failed_before = self.failed;
        let mut out = std::io::stdout();
        for line in BufReader::new(reader).lines() {
            let line = line?;
            writeln!(out, "{line}")?;
            self.read(name, &line);
        }
        let status = child.wait()?;
        interrupt::check()?;
        if !status.success() && self.failed == failed_before {
            self.fail(format!("{name} ended with {status}"));
        }
        Ok(())
    }

    /// A part that could not run at all is a failure, but what the others have found is still reported.
    pub fn note(&mut self, part: &str, result: Result<()>) -> Result<()> {
        interrupt::check()?;
        if let Err(error) = result {
            self.fail(format!("{part}: {error:#}"));
        }
        Ok(())
    }

    fn fail(&mut self, why: String) {
        self.failed += 1;
        self.lines.push(why);
    }

    /// Notes a part that cannot run on this machine.
    pub fn skip(&mut self, what: String) {
        self.skipped.push(what);
    }

    pub fn is_good(&self) -> bool {
        self.failed == 0
    }

    fn read(&mut self, name: &str, line: &str) {
        let Some(counted) = parse(line) else { return };
        self.passed += counted.passed;
        self.failed += counted.failed;
        self.ignored += counted.ignored;
        if counted != Counted::default() {
            self.lines.push(format!("{name}: {}", line.trim()));
        }
    }

    /// The closing lines; the very last is the sum.
    pub fn print(&self) {
        println!();
        for line in &self.lines {
            println!("{line}");
        }
        for skipped in &self.skipped {
            println!("SKIPPED: {skipped}");
        }
        if self.ignored > 0 {
            println!("{} ignored", self.ignored);
        }
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    passed: i64,
    failed: i64,
    ignored: i64,
}

/// Reads one line of a report; none if it counts nothing.
fn parse(line: &str) -> Option<Counted> {
    let line = line.trim();
    let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || ",;.|()".contains(c)).collect();
    let before = |word: &str| {
        let at = words.iter().position(|candidate| *candidate == word)?;
        words[..at].iter().rev().find(|word| !word.is_empty())?.parse::<i64>().ok()
    };
    if line.starts_with("test result: ") || line.starts_with("Tests ") {
        let (passed, failed) = (before("passed").unwrap_or(0), before("failed").unwrap_or(0));
        let ignored = before("ignored").or_else(|| before("skipped")).unwrap_or(0);
        return Some(Counted { passed, failed, ignored });
    }
    // Node writes `# pass 3` or `ℹ pass 3`.
    if let Some(count) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) {
        let (what, number) = count.split_once(' ')?;
        let number = number.parse().ok()?;
        return match what {
            "pass" => Some(Counted { passed: number, ..Counted::default() }),
            "fail" | "cancelled" => Some(Counted { failed: number, ..Counted::default() }),
            "skipped" => Some(Counted { ignored: number, ..Counted::default() }),
            _ => None,
        };
    }
    python(line)
}

/// Python's unittest writes `Ran 5 tests in 0.2s`, then `OK` or `FAILED (failures=1, errors=1, skipped=1)`; the
/// second line takes back what the first has counted as passed.
fn python(line: &str) -> Option<Counted> {
    if let Some(rest) = line.strip_prefix("Ran ") {
        let (number, rest) = rest.split_once(' ')?;
        let passed = number.parse().ok().filter(|_| rest.starts_with("test"))?;
        return Some(Counted { passed, ..Counted::default() });
    }
    let details = line.strip_prefix("FAILED (").or_else(|| line.strip_prefix("OK ("))?.strip_suffix(')')?;
    let mut counted = Counted::default();
    for (what, number) in details.split(", ").filter_map(|detail| detail.split_once('=')) {
        let number = number.parse::<i64>().ok()?;
        match what {
            "failures" | "errors" | "unexpected successes" => counted.failed += number,
            "skipped" => counted.ignored += number,
            _ => continue,
        }
        counted.passed -= number;
    }
    Some(counted)
}

#[cfg(test)]
mod tests {
    use super::{Counted, parse};

    #[test]
    fn each_runner_is_understood() {
        let counted = |passed, failed, ignored| Some(Counted { passed, failed, ignored });
        assert_eq!(
            parse("test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1s"),
            counted(12, 2, 1)
        );
        assert_eq!(parse("      Tests  1 failed | 5 passed (6)"), counted(5, 1, 0));
        assert_eq!(parse("# pass 3"), counted(3, 0, 0));
        assert_eq!(parse("ℹ fail 2"), counted(0, 2, 0));
        assert_eq!(parse("# Subtest: pass"), None);
        assert_eq!(parse("Ran 4 tests in 0.1s"), counted(4, 0, 0));
        assert_eq!(parse("FAILED (failures=1, errors=1, skipped=1)"), counted(-3, 2, 1));
        assert_eq!(parse("OK (skipped=1)"), counted(-1, 0, 1));
        assert_eq!(parse("some other passed line"), None);
    }
}
