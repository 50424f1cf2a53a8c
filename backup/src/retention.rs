//! Which backups stay: a pure function, so that a dry run is the same as the real one.
//!
//! As in other tools for backups, a day, ISO week or month (of UTC) is stood for by its newest good backup, and the newest N
//! days, weeks and months that have one are kept. A period without a backup does not use up the number.

use crate::BackupId;
use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BTreeMap, collections::HashSet, fmt};

/// How many days, weeks and months are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Days.
    pub daily: u32,
    /// ISO weeks.
    pub weekly: u32,
    /// Months.
    pub monthly: u32,
}

/// A backup that may be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: BackupId,
    /// Its data is of that moment.
    pub taken_at: DateTime<Utc>,
    /// False when a drill has shown that it cannot be restored as it was.
    pub is_good: bool,
    /// When a drill last showed that it can.
    pub verified_at: Option<DateTime<Utc>>,
    /// Whether somebody wants it kept.
    pub is_pinned: bool,
}

/// What becomes of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Its id.
    pub id: BackupId,
    /// Its data is of that moment.
    pub taken_at: DateTime<Utc>,
    /// Whether it stays.
    pub keep: bool,
    /// Why; at least one.
    pub reasons: Vec<Reason>,
}

/// Why a backup stays or goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// Stays: somebody wants it.
    Pinned,
    /// Stays: no good one is newer.
    Newest,
    /// Stays: no newer one was proved by a drill.
    LastVerified,
    /// Stays for its day.
    Daily {
        /// As in `2026-01-31`.
        day: String,
    },
    /// Stays for its ISO week.
    Weekly {
        /// As in `2026-W05`.
        week: String,
    },
    /// Stays for its month.
    Monthly {
        /// As in `2026-01`.
        month: String,
    },
    /// Stays: while there is no good one at all, nothing goes.
    NothingBetter,
    /// Goes: newer ones stand for its day, week and month, or these are too long ago.
    Superseded,
    /// Goes: a drill failed on it, and there are good ones.
    Bad,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned => formatter.write_str("pinned"),
            Self::Newest => formatter.write_str("the newest good one"),
            Self::LastVerified => formatter.write_str("the last one that a restore has proved"),
            Self::Daily { day } => write!(formatter, "stands for the day {day}"),
            Self::Weekly { week } => write!(formatter, "stands for the week {week}"),
            Self::Monthly { month } => write!(formatter, "stands for the month {month}"),
            Self::NothingBetter => formatter.write_str("there is no good one"),
            Self::Superseded => formatter.write_str("newer ones stand for its day, week and month"),
            Self::Bad => formatter.write_str("a drill failed on it"),
        }
    }
}

/// What stays and what goes, the newest first. Each candidate has one verdict.
#[must_use]
pub fn plan(policy: &Policy, candidates: &[Candidate]) -> Vec<Verdict> {
    let mut newest_first: Vec<&Candidate> = candidates.iter().collect();
    newest_first.sort_by_key(|candidate| Reverse((candidate.taken_at, &candidate.id)));
    let good: Vec<&Candidate> = newest_first.iter().copied().filter(|candidate| candidate.is_good).collect();
    let mut kept: Vec<(&Candidate, Reason)> = Vec::new();
    kept.extend(newest_first.iter().filter(|c| c.is_pinned).map(|candidate| (*candidate, Reason::Pinned)));
    kept.extend(good.first().map(|newest| (*newest, Reason::Newest)));
    kept.extend(good.iter().find(|c| c.verified_at.is_some()).map(|verified| (*verified, Reason::LastVerified)));
    for (number, period) in [(policy.daily, day as Period), (policy.weekly, week), (policy.monthly, month)] {
        kept.extend(representatives(&good, number, period));
    }
    let mut reasons: BTreeMap<&BackupId, Vec<Reason>> = BTreeMap::new();
    for (candidate, reason) in kept {
        reasons.entry(&candidate.id).or_default().push(reason);
    }
    newest_first
        .into_iter()
        .map(|candidate| verdict(candidate, reasons.remove(&candidate.id), good.is_empty()))
        .collect()
}

fn verdict(candidate: &Candidate, reasons: Option<Vec<Reason>>, is_nothing_good: bool) -> Verdict {
    let (keep, reasons) = match reasons {
        Some(reasons) => (true, reasons),
        None if is_nothing_good => (true, vec![Reason::NothingBetter]),
        None if candidate.is_good => (false, vec![Reason::Superseded]),
        None => (false, vec![Reason::Bad]),
    };
    Verdict { id: candidate.id.clone(), taken_at: candidate.taken_at, keep, reasons }
}

type Period = fn(DateTime<Utc>) -> Reason;

fn day(at: DateTime<Utc>) -> Reason {
    Reason::Daily { day: at.format("%Y-%m-%d").to_string() }
}

fn week(at: DateTime<Utc>) -> Reason {
    let week = at.iso_week();
    Reason::Weekly { week: format!("{}-W{:02}", week.year(), week.week()) }
}

fn month(at: DateTime<Utc>) -> Reason {
    Reason::Monthly { month: at.format("%Y-%m").to_string() }
}

fn representatives<'a>(newest_first: &[&'a Candidate], number: u32, period: Period) -> Vec<(&'a Candidate, Reason)> {
    let mut seen = HashSet::new();
    let first_of_each = newest_first.iter().map(|candidate| (*candidate, period(candidate.taken_at)));
    let first_of_each = first_of_each.filter(|(_, reason)| seen.insert(reason.to_string()));
    first_of_each.take(usize::try_from(number).unwrap_or(usize::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, TimeZone};
    use proptest::prelude::*;

    fn candidate(number: u32, taken_at: DateTime<Utc>) -> Candidate {
        let id = format!("b{number}").parse().unwrap();
        Candidate { id, taken_at, is_good: true, verified_at: None, is_pinned: false }
    }

    fn kept(verdicts: &[Verdict]) -> Vec<String> {
        verdicts.iter().filter(|verdict| verdict.keep).map(|verdict| verdict.id.to_string()).collect()
    }

    #[test]
    fn a_backup_a_day_for_a_year_becomes_days_weeks_and_months() {
        let first = Utc.with_ymd_and_hms(2025, 1, 1, 4, 0, 0).unwrap();
        let year: Vec<Candidate> = (0..365_u32).map(|n| candidate(n, first + Duration::days(i64::from(n)))).collect();
        let verdicts = plan(&Policy { daily: 7, weekly: 4, monthly: 12 }, &year);
        let of = |n: u32| verdicts.iter().find(|verdict| verdict.id.as_str() == format!("b{n}")).unwrap();
        // The 31st of December 2025 was a Wednesday.
        assert_eq!(of(364).reasons.len(), 4);
        assert_eq!(of(361).reasons, [day(year[361].taken_at), week(year[361].taken_at)]);
        assert_eq!(of(357).reasons, [Reason::Superseded]);
        // The last of January 2025, and the last of November.
        assert_eq!((of(30).keep, of(333).keep, of(31).keep), (true, true, false));
        // The newest week is among the days, as is the Sunday of the one before; the newest month is too.
        assert_eq!(kept(&verdicts).len(), 7 + 2 + 11);
    }

    #[test]
    fn what_was_proved_and_what_is_newest_stays_whatever_the_policy() {
        let at = |n: u32| Utc.with_ymd_and_hms(2026, 1, n, 4, 0, 0).unwrap();
        let mut all: Vec<Candidate> = (1..=9).map(|n| candidate(n, at(n))).collect();
        all[3].verified_at = Some(at(20));
        all[1].verified_at = Some(at(25));
        all[8].is_good = false;
        all[0].is_pinned = true;
        let verdicts = plan(&Policy { daily: 0, weekly: 0, monthly: 0 }, &all);
        assert_eq!(kept(&verdicts), ["b8", "b4", "b1"]);
        assert_eq!(verdicts[0].reasons, [Reason::Bad]);
    }

    #[test]
    fn while_nothing_is_good_nothing_goes() {
        let mut all: Vec<Candidate> =
            (1..=3).map(|n| candidate(n, Utc::now() - Duration::days(i64::from(n)))).collect();
        for candidate in &mut all {
            candidate.is_good = false;
        }
        let verdicts = plan(&Policy { daily: 1, weekly: 0, monthly: 0 }, &all);
        assert!(verdicts.iter().all(|verdict| verdict.keep && verdict.reasons == [Reason::NothingBetter]));
    }

    prop_compose! {
        fn some_candidates()(
            all in prop::collection::vec((0..400_i64 * 24, any::<bool>(), any::<bool>(), prop::bool::weighted(0.1)), 0..60)
        ) -> Vec<Candidate> {
            let first = Utc.with_ymd_and_hms(2025, 6, 1, 0, 0, 0).unwrap();
            let each = (0..).zip(all).map(|(n, (hours, is_good, is_verified, is_pinned))| {
                let taken_at = first + Duration::hours(hours);
                let verified_at = is_verified.then_some(taken_at + Duration::hours(1));
                Candidate { is_good, verified_at, is_pinned, ..candidate(n, taken_at) }
            });
            each.collect()
        }
    }

    proptest! {
        #[test]
        fn nothing_precious_goes(
            all in some_candidates(), daily in 0..10_u32, weekly in 0..6_u32, monthly in 0..6_u32,
        ) {
            let policy = Policy { daily, weekly, monthly };
            let verdicts = plan(&policy, &all);
            prop_assert_eq!(verdicts.len(), all.len());
            prop_assert!(verdicts.iter().all(|verdict| !verdict.reasons.is_empty()));
            let keeps = |id: &BackupId| verdicts.iter().any(|verdict| &verdict.id == id && verdict.keep);
            prop_assert!(all.iter().filter(|candidate| candidate.is_pinned).all(|candidate| keeps(&candidate.id)));
            let newest = |candidates: &mut dyn Iterator<Item = &Candidate>| candidates.map(|c| (c.taken_at, c.id.clone())).max();
            let good = || all.iter().filter(|candidate| candidate.is_good);
            if let Some((_, id)) = newest(&mut good()) {
                prop_assert!(keeps(&id));
            }
            if let Some((_, id)) = newest(&mut good().filter(|candidate| candidate.verified_at.is_some())) {
                prop_assert!(keeps(&id));
            }
        }

        #[test]
        fn a_plan_keeps_no_more_than_it_says_and_the_next_one_drops_nothing_more(
            all in some_candidates(), daily in 0..10_u32, weekly in 0..6_u32, monthly in 0..6_u32,
        ) {
            let policy = Policy { daily, weekly, monthly };
            let verdicts = plan(&policy, &all);
            let stays: Vec<Candidate> = all.iter()
                .filter(|candidate| verdicts.iter().any(|verdict| verdict.keep && verdict.id == candidate.id))
                .cloned().collect();
            if all.iter().any(|candidate| candidate.is_good) {
                let pinned = all.iter().filter(|candidate| candidate.is_pinned).count();
                prop_assert!(stays.len() <= (daily + weekly + monthly) as usize + 2 + pinned);
            }
            prop_assert!(plan(&policy, &stays).iter().all(|verdict| verdict.keep));
            let mut reversed = all.clone();
            reversed.reverse();
            prop_assert_eq!(plan(&policy, &reversed), verdicts);
        }
    }
}
