//! What a doctor found, and what became of it.

use gotong_shared::statistics::Repaired;
use std::{collections::BTreeMap, fmt};

/// Examples that are kept of each finding.
const EXAMPLES: usize = 3;

/// Something that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Ledger and Redis name different epochs, or it is not open for this run of the server.
    Epoch,
    /// An open row that is marked as pushed, and Redis does not know it.
    Lost,
    /// Alive in Redis, and the ledger has it as final, gone, or of a greater generation.
    Over,
    /// Held back for an edit that is no longer there.
    Parked,
    /// A lease or a run without a job, or a run without a lease.
    Lease,
    /// Waits in Redis, and stands in no list from which workers fetch.
    Stranded,
    /// A unique key in Redis whose job is gone.
    Lock,
    /// A unique key in the ledger whose job is over or gone.
    Key,
}

impl Finding {
    /// The word for it in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Lost => "lost",
            Self::Over => "over",
            Self::Parked => "parked",
            Self::Lease => "lease",
            Self::Stranded => "stranded",
            Self::Lock => "lock",
            Self::Key => "key",
        }
    }

    /// What mends it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Epoch => "a new epoch is named, everything compared, and the queue opened",
            Self::Lost => "the mark is cleared, and the relay pushes it again",
            Self::Over => "taken out of Redis",
            Self::Parked => "given back to the workers",
            Self::Lease => "removed; a run without a lease gets one, which then expires",
            Self::Stranded => "put back into its list",
            Self::Lock | Self::Key => "freed",
        }
    }
}

/// How often something was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// How often.
    pub found: usize,
    /// How many of those were mended.
    pub mended: usize,
    /// The first few: ids of jobs, keys, or a word on the epoch.
    pub examples: Vec<String>,
}

/// Everything found, by queue (empty: of all) and finding. Shown as a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(BTreeMap<(String, Finding), Noted>);

impl Report {
    /// What was found of a kind in a queue.
    #[must_use]
    pub fn of(&self, queue: &str, finding: Finding) -> Noted {
        self.0.get(&(queue.to_owned(), finding)).cloned().unwrap_or_default()
    }

    /// How many were mended.
    #[must_use]
    pub fn mended(&self) -> usize {
        self.0.values().map(|noted| noted.mended).sum()
    }

    /// What was mended, to be kept in the ledger.
    #[must_use]
    pub fn repairs(&self) -> Vec<Repaired> {
        let mended = self.0.iter().filter(|(_, noted)| noted.mended > 0);
        let repaired = mended.map(|((queue, finding), noted)| Repaired {
            queue: queue.clone(),
            repair: finding.as_str(),
            count: noted.mended,
        });
        repaired.collect()
    }

    /// Whether something is left that is not as it should be.
    #[must_use]
    pub fn is_anything_left(&self) -> bool {
        self.0.values().any(|noted| noted.mended < noted.found)
    }

    pub(crate) fn note(&mut self, queue: &str, finding: Finding, what: impl fmt::Display, mended: bool) {
        self.note_many(queue, finding, 1, usize::from(mended), [what]);
    }

    pub(crate) fn note_many(
        &mut self,
        queue: &str,
        finding: Finding,
        found: usize,
        mended: usize,
        examples: impl IntoIterator<Item = impl fmt::Display>,
    ) {
        if found == 0 {
            return;
        }
        let noted = self.0.entry((queue.to_owned(), finding)).or_default();
        noted.found += found;
        noted.mended += mended;
        let room = EXAMPLES.saturating_sub(noted.examples.len());
        noted.examples.extend(examples.into_iter().take(room).map(|example| example.to_string()));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("Nothing found: ledger and Redis agree.");
        }
        write!(f, "{:<14} {:<8} {:>8} {:>8}  REMEDY; EXAMPLES", "QUEUE", "FINDING", "COUNT", "MENDED")?;
        for ((queue, finding), Noted { found, mended, examples }) in &self.0 {
            let queue = if queue.is_empty() { "-" } else { queue };
            let (word, remedy, examples) = (finding.as_str(), finding.remedy(), examples.join(" "));
            write!(f, "\n{queue:<14} {word:<8} {found:>8} {mended:>8}  {remedy}; {examples}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_all_and_shows_some() {
        let mut report = Report::default();
        assert!(report.to_string().starts_with("Nothing found"));
        for number in 0..9 {
            report.note("images", Finding::Lost, number, number < 4);
        }
        report.note("", Finding::Key, "k", true);
        let lost = report.of("images", Finding::Lost);
        assert_eq!((lost.found, lost.mended, lost.examples), (9, 4, vec!["0".into(), "1".into(), "2".into()]));
        assert_eq!(report.mended(), 5);
        assert!(report.is_anything_left());
        let table = report.to_string();
        assert!(table.lines().any(|line| line.starts_with("images") && line.ends_with("0 1 2")), "{table}");
        assert!(table.lines().any(|line| line.starts_with('-')), "{table}");
    }
}
