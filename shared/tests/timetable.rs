//! Next ticks over zones with odd rules: in order, none left out, none too many.

use chrono::{DateTime, TimeDelta, Utc};
use gotong_shared::schedule::{ClockChange, Expression, Gap, Repeat, Timetable, Tz};
use proptest::prelude::*;

/// Each zone with an instant shortly before a change of its clock.
const PLACES: [(&str, &str); 10] = [
    ("Europe/Paris", "2026-03-28T12:00:00Z"),
    ("Europe/Paris", "2026-10-24T12:00:00Z"),
    ("America/New_York", "2026-03-07T12:00:00Z"),
    ("America/New_York", "2026-10-31T12:00:00Z"),
    ("America/Santiago", "2026-04-04T12:00:00Z"),
    ("America/Santiago", "2026-09-05T12:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T06:00:00Z"),
    ("Pacific/Apia", "2011-12-29T12:00:00Z"),
    ("Africa/Casablanca", "2026-02-14T18:00:00Z"),
    ("Asia/Jakarta", "2026-03-28T12:00:00Z"),
];
/// How far is looked, in minutes.
const MINUTES: i64 = 48 * 60;

fn expressions() -> impl Strategy<Value = Expression> {
    let minute = prop_oneof![
        Just("*".to_owned()),
        (0..60u8).prop_map(|m| m.to_string()),
        (1..30u8).prop_map(|s| format!("*/{s}"))
    ];
    let hour = prop_oneof![
        Just("*".to_owned()),
        (0..24u8).prop_map(|hour| hour.to_string()),
        (1..12u8).prop_map(|step| format!("*/{step}")),
        (0..20u8).prop_map(|first| format!("{first}-{}", first + 3)),
    ];
    (minute, hour).prop_map(|(minute, hour)| format!("{minute} {hour} * * *").parse().expect("an expression"))
}

fn timetable(expression: &Expression, zone: Tz, gap: Gap, repeat: Repeat) -> Timetable {
    Timetable { expression: expression.clone(), zone, clock_change: ClockChange { gap, repeat } }
}

fn runs(timetable: &Timetable, start: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let end = start + TimeDelta::minutes(MINUTES);
    timetable.after(start).map(|run| run.at).take_while(|at| *at <= end).collect()
}

/// Every minute at which the zone's clock shows a time that the expression means.
fn every_match(expression: &Expression, zone: Tz, start: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let minutes = (1..=MINUTES).map(|minute| start + TimeDelta::minutes(minute));
    let matches = |at: &DateTime<Utc>| {
        let clock = at.with_timezone(&zone).naive_local();
        expression.next_after(clock - TimeDelta::seconds(1)) == Some(clock)
    };
    minutes.filter(matches).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn none_is_left_out_and_none_is_too_many(place in 0..PLACES.len(), expression in expressions()) {
        let (zone, start) = PLACES[place];
        let (zone, start): (Tz, DateTime<Utc>) = (zone.parse().unwrap(), start.parse().unwrap());
        let all = every_match(&expression, zone, start);
        let both = runs(&timetable(&expression, zone, Gap::Skip, Repeat::Both), start);
        prop_assert_eq!(&both, &all, "{} in {}", expression, zone);
    }

    #[test]
    fn policies_leave_out_and_move_and_never_go_back(place in 0..PLACES.len(), expression in expressions(),
        gap in prop_oneof![Just(Gap::Skip), Just(Gap::NextValid)],
        repeat in prop_oneof![Just(Repeat::First), Just(Repeat::Second), Just(Repeat::Both)]) {
        let (zone, start) = PLACES[place];
        let (zone, start): (Tz, DateTime<Utc>) = (zone.parse().unwrap(), start.parse().unwrap());
        let timetable = timetable(&expression, zone, gap, repeat);
        let ours = runs(&timetable, start);
        prop_assert!(ours.windows(2).all(|pair| pair[0] < pair[1]), "each run is later than the last");
        let all = every_match(&expression, zone, start);
        let beyond: Vec<_> = ours.iter().filter(|at| !all.contains(at)).collect();
        prop_assert!(beyond.len() <= usize::from(gap == Gap::NextValid), "one moved run at most: {:?}", beyond);
        // A start between two runs gives the same runs.
        for pair in ours.windows(2).take(20) {
            let between = pair[0] + (pair[1] - pair[0]) / 2;
            prop_assert_eq!(timetable.next_after(between).map(|run| run.at), Some(pair[1]));
        }
    }
}
