//! Every run that croniter answers for the corpus is ours too, but where croniter/disagreements.tsv says why not.

use chrono::{DateTime, TimeDelta, Utc};
use gotong_shared::schedule::{ClockChange, Expression, Gap, Repeat, Timetable, Tz};
use std::collections::BTreeSet;

const CORPUS: &str = include_str!("croniter/corpus.tsv");
const DISAGREEMENTS: &str = include_str!("croniter/disagreements.tsv");

struct Case<'a> {
    expression: &'a str,
    zone: Tz,
    start: DateTime<Utc>,
    runs: Vec<DateTime<Utc>>,
}

fn cases() -> impl Iterator<Item = Case<'static>> {
    CORPUS.lines().map(|line| {
        let [expression, zone, start, steps] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a line has four parts: {line}")
        };
        let start = DateTime::from_timestamp(start.parse().unwrap(), 0).unwrap();
        let runs = steps.split(',').scan(start, |at, step| {
            *at += TimeDelta::seconds(step.parse().unwrap());
            Some(*at)
        });
        Case { expression, zone: zone.parse().unwrap(), start, runs: runs.collect() }
    })
}

/// Where we differ first: the expression, the zone, and both answers on the zone's clock.
fn difference(case: &Case<'_>) -> Option<String> {
    let expression: Expression = case.expression.parse().unwrap();
    // What comes nearest to croniter's own policy.
    let clock_change = ClockChange { gap: Gap::NextValid, repeat: Repeat::Both };
    let timetable = Timetable { expression, zone: case.zone, clock_change };
    let ours: Vec<_> = timetable.after(case.start).take(case.runs.len()).map(|run| run.at).collect();
    let (ours, theirs) = ours.iter().zip(&case.runs).find(|(ours, theirs)| ours != theirs)?;
    let show = |at: &DateTime<Utc>| at.with_timezone(&case.zone).format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    Some(format!("{}\t{}\t{}\t{}", case.expression, case.zone, show(ours), show(theirs)))
}

/// A difference as the list has it: itself, or its expression alone where the reading of that differs in every zone.
fn listed_as<'a>(difference: &'a str, listed: &BTreeSet<&'a str>) -> Option<&'a str> {
    let expression = difference.split('\t').next()?;
    [difference, expression].into_iter().find(|form| listed.contains(form))
}

#[test]
fn croniter_agrees_but_where_the_list_says_why_not() {
    let found: BTreeSet<String> = cases().filter_map(|case| difference(&case)).collect();
    let lines = DISAGREEMENTS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    // The last column says who is right, and why.
    let listed: BTreeSet<&str> = lines.map(|line| line.rsplit_once('\t').expect("a reason").0).collect();
    let unlisted: Vec<_> = found.iter().filter(|each| listed_as(each, &listed).is_none()).collect();
    assert!(unlisted.is_empty(), "these are not listed: {unlisted:#?}");
    let used: BTreeSet<&str> = found.iter().filter_map(|each| listed_as(each, &listed)).collect();
    let unused: Vec<_> = listed.difference(&used).collect();
    assert!(unused.is_empty(), "these are no longer so: {unused:#?}");
}

#[test]
fn the_corpus_is_whole() {
    assert_eq!(cases().count(), 1_920);
    assert!(cases().all(|case| case.runs.len() == 8 && case.runs.is_sorted()));
}
