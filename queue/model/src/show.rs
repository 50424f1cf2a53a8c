//! A state in one line, for traces.

use crate::checker::Counterexample;
use crate::redis::{Entry, Event, What};
use crate::state::{Life, State};
use std::fmt;

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = &self.row;
        match row.life {
            Life::Unborn => write!(f, "no row")?,
            Life::Pruned => write!(f, "row gone")?,
            Life::Open => write!(f, "row g{} v{} open", row.generation, row.version)?,
            Life::Ended(end) => write!(f, "row g{} v{} {end:?}", row.generation, row.version)?,
        }
        let notes = [(row.pushed, " pushed"), (row.cancel, " cancelling"), (self.is_locked(), " locked")];
        notes.iter().filter(|(is, _)| *is).try_for_each(|(_, note)| f.write_str(note))?;
        let gate = if self.redis.open { "open" } else { "closed" };
        write!(
            f,
            " | epoch {} in the ledger, {} in Redis, {gate} | {}",
            self.epoch, self.redis.epoch, self.redis.entry
        )?;
        self.redis.events.iter().try_for_each(|event| write!(f, " +{event}"))?;
        if !self.net.is_empty() {
            write!(f, " | {} under way", self.net.len())?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Waiting { job, parking: 0 } => write!(f, "waiting g{}", job.generation),
            Self::Waiting { job, .. } => write!(f, "parked g{}", job.generation),
            Self::Running { job, cancel, .. } => {
                write!(f, "running g{}{}", job.generation, if *cancel { " cancelling" } else { "" })
            }
            Self::Tombstone { generation, leaving, .. } => {
                write!(f, "tombstone g{generation}{}", if *leaving { " leaving" } else { "" })
            }
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Back => write!(f, "Back(g{} v{})", self.generation, self.version),
            What::Ended(end) => write!(f, "{end:?}(g{} v{})", self.generation, self.version),
        }
    }
}

/// Its steps, numbered, each with the state after it.
impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (step, state)) in self.trace.iter().enumerate() {
            writeln!(f, "  {:>2}. {step}\n        {state}", number + 1)?;
        }
        write!(f, "      => {}", self.violation)
    }
}
