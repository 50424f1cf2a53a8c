//! Which of the ticks that have come are to run, and which were missed.
//!
//! A tick that is claimed within the grace time is on time, however busy the scheduler was. Older ones are missed, and
//! the policy says what they mean. The walk over them is bounded: after so many ticks it goes on in the second half of
//! what is left, and so on, so a schedule of every second that slept for years costs a moment.

use super::{Missed, Plan};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::VecDeque;

/// Missed ticks that are walked one by one before half of the rest is passed over.
const WALK: usize = 10_000;

/// What missed ticks mean.
#[derive(Clone, Copy, Debug)]
pub struct MissedPolicy {
    /// Which of them run.
    pub policy: Missed,
    /// A tick that is claimed later than this is missed.
    pub grace: TimeDelta,
    /// The most that run, under [`Missed::RunAll`].
    pub cap: usize,
    /// How old one that runs may be, under [`Missed::RunAll`].
    pub window: TimeDelta,
}

/// Ticks that have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Those that run, the oldest first.
    pub run: Vec<DateTime<Utc>>,
    /// Those that do not.
    pub missed: Option<Span>,
    /// The first that lies ahead.
    pub next: Option<DateTime<Utc>>,
}

/// Ticks that do not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many; at least, where some were passed over.
    pub ticks: usize,
}

/// Sorts the ticks from `first`, which is one, up to `now`.
#[must_use]
pub fn sort(plan: &Plan, first: DateTime<Utc>, now: DateTime<Utc>, policy: &MissedPolicy) -> Due {
    let late = Late::walk(plan, first, now - policy.grace, policy);
    let mut on_time = Vec::new();
    let mut tick = late.next;
    while let Some(at) = tick.filter(|at| *at <= now) {
        on_time.push(at);
        tick = plan.next_after(at).map(|run| run.at);
    }
    let stands_for_all = policy.policy == Missed::RunOnce && !on_time.is_empty();
    let oldest = if policy.policy == Missed::RunAll { now - policy.window } else { DateTime::<Utc>::MIN_UTC };
    let (mut run, dropped): (Vec<_>, Vec<_>) = late.latest.into_iter().partition(|at| *at >= oldest && !stands_for_all);
    let last = dropped.last().copied().or(late.last_dropped);
    let ticks = late.ticks - run.len();
    run.extend(on_time);
    Due { run, missed: last.map(|last| Span { first, last, ticks }), next: tick }
}

/// Ticks that are missed.
struct Late {
    ticks: usize,
    /// As many of the latest as may run.
    latest: VecDeque<DateTime<Utc>>,
    /// The latest that cannot.
    last_dropped: Option<DateTime<Utc>>,
    /// The first tick that is not missed.
    next: Option<DateTime<Utc>>,
}

impl Late {
    fn walk(plan: &Plan, first: DateTime<Utc>, edge: DateTime<Utc>, policy: &MissedPolicy) -> Self {
        let room = match policy.policy {
            Missed::Skip => 0,
            Missed::RunOnce => 1,
            Missed::RunAll => policy.cap,
        };
        let mut late = Self { ticks: 0, latest: VecDeque::new(), last_dropped: None, next: Some(first) };
        let (mut steps, mut end) = (0, edge);
        while let Some(mut at) = late.next.filter(|at| *at < edge) {
            steps += 1;
            if steps > WALK {
                steps = 0;
                let middle = at + (end - at) / 2;
                match plan.next_after(middle) {
                    Some(run) if run.at < edge => at = run.at,
                    _ => end = middle,
                }
            }
            late.ticks += 1;
            late.latest.push_back(at);
            if late.latest.len() > room {
                late.last_dropped = late.latest.pop_front();
            }
            late.next = plan.next_after(at).map(|run| run.at);
        }
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Cadence, Timetable};

    fn every(seconds: i64) -> Plan {
        let anchor = DateTime::UNIX_EPOCH;
        Plan {
            cadence: Cadence::Every { interval: TimeDelta::seconds(seconds), anchor },
            starts_at: None,
            ends_at: None,
        }
    }

    fn policy(policy: Missed, cap: usize, window_s: i64) -> MissedPolicy {
        MissedPolicy { policy, grace: TimeDelta::seconds(60), cap, window: TimeDelta::seconds(window_s) }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn sorted(plan: &Plan, first: i64, now: i64, policy: &MissedPolicy) -> (Vec<i64>, Option<(i64, i64, usize)>, i64) {
        let due = sort(plan, at(first), at(now), policy);
        let seconds = |time: DateTime<Utc>| time.timestamp();
        let missed = due.missed.map(|span| (seconds(span.first), seconds(span.last), span.ticks));
        (due.run.into_iter().map(seconds).collect(), missed, due.next.map_or(-1, seconds))
    }

    #[test]
    fn what_is_on_time_runs_whatever_the_policy() {
        for missed in [Missed::Skip, Missed::RunOnce, Missed::RunAll] {
            let due = sorted(&every(20), 1000, 1045, &policy(missed, 5, 3600));
            assert_eq!(due, (vec![1000, 1020, 1040], None, 1060), "{missed:?}");
        }
    }

    #[test]
    fn each_policy_does_what_it_says_after_three_hours() {
        let hourly = every(3600);
        let after = |missed| sorted(&hourly, 3600, 3600 * 4 + 600, &missed);
        assert_eq!(after(policy(Missed::Skip, 5, 86_400)), (vec![], Some((3600, 14_400, 4)), 18_000));
        assert_eq!(after(policy(Missed::RunOnce, 5, 86_400)), (vec![14_400], Some((3600, 10_800, 3)), 18_000));
        assert_eq!(after(policy(Missed::RunAll, 5, 86_400)), (vec![3600, 7200, 10_800, 14_400], None, 18_000));
        assert_eq!(
            after(policy(Missed::RunAll, 2, 86_400)),
            (vec![10_800, 14_400], Some((3600, 7200, 2)), 18_000),
            "the cap keeps the latest"
        );
        assert_eq!(
            after(policy(Missed::RunAll, 5, 4500)),
            (vec![10_800, 14_400], Some((3600, 7200, 2)), 18_000),
            "the window keeps the young"
        );
    }

    #[test]
    fn a_run_that_is_on_time_stands_for_the_missed_ones() {
        let due = sorted(&every(3600), 3600, 14_430, &policy(Missed::RunOnce, 5, 86_400));
        assert_eq!(due, (vec![14_400], Some((3600, 10_800, 3)), 18_000));
        let due = sorted(&every(3600), 3600, 14_430, &policy(Missed::Skip, 5, 86_400));
        assert_eq!(due, (vec![14_400], Some((3600, 10_800, 3)), 18_000));
    }

    #[test]
    fn years_of_missed_seconds_are_passed_over_in_a_bounded_walk() {
        let years = 5 * 366 * 86_400;
        let (run, missed, next) = sorted(&every(1), 1, years, &policy(Missed::RunAll, 3, 2_000_000));
        assert_eq!(run.len(), 3 + 61, "the cap, and what is within the grace time");
        assert_eq!((run[0], next), (years - 63, years + 1));
        let (first, last, ticks) = missed.unwrap();
        assert_eq!((first, last), (1, years - 64));
        assert!(ticks > WALK && ticks < 40 * WALK, "{ticks}");
    }

    #[test]
    fn a_walk_finds_the_last_ticks_of_a_plan_that_ended_long_ago() {
        let expression = "* * * * * * 1970".parse().unwrap();
        let plan =
            Plan { cadence: Cadence::Cron(Box::new(Timetable::utc(expression))), starts_at: None, ends_at: None };
        let (run, missed, next) = sorted(&plan, 1, 56 * 365 * 86_400, &policy(Missed::RunOnce, 1, 60));
        assert_eq!((run, missed.unwrap().1, next), (vec![365 * 86_400 - 1], 365 * 86_400 - 2, -1));
    }
}
