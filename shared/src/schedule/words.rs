//! The words of a schedule's policies, in the ledger and on the wire.

use super::{Gap, Repeat};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::str::FromStr;

/// What becomes of ticks that nobody could claim in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename = "MissedRunPolicy", rename_all = "snake_case")]
pub enum Missed {
    /// They do not run.
    Skip,
    /// One run stands for all of them: the latest tick, or the run that is on time, if there is one.
    #[default]
    RunOnce,
    /// The latest ones run, up to a cap, within a window.
    RunAll,
}

/// What a tick means while a job of an earlier one has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename = "OverlapPolicy", rename_all = "snake_case")]
pub enum Overlap {
    /// Both run.
    #[default]
    Allow,
    /// The new one does not run.
    Skip,
    /// One waits for the end of the earlier; further ones do not run.
    QueueOne,
    /// The earlier is cancelled, and the new one runs.
    CancelRunning,
}

/// A word that is none of the known ones.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it is none of {0}")]
pub struct UnknownWord(&'static str);

macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),+ } = $all:literal;)*) => {$(
        impl $name {
            /// The word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord($all)),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

words! {
    Gap { Skip = "skip", NextValid = "next_valid" } = "skip and next_valid";
    Repeat { First = "first", Second = "second", Both = "both" } = "first, second and both";
    Missed { Skip = "skip", RunOnce = "run_once", RunAll = "run_all" } = "skip, run_once and run_all";
    Overlap {
        Allow = "allow", Skip = "skip", QueueOne = "queue_one", CancelRunning = "cancel_running"
    } = "allow, skip, queue_one and cancel_running";
}
