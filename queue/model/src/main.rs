//! `gotong-model all [PART OF A NAME]` walks every scenario under the full rules; `gotong-model rules [PART OF A NAME]`
//! switches each rule off in turn and prints a shortest counterexample; `gotong-model traces` prints what stands in
//! `counterexamples.txt`, for tests of the real thing. Exits with 1 if a scenario does not hold, or a rule is not needed.

use gotong_model::{Report, Rule, Rules, Trace, check, large, small};
use std::process::ExitCode;
use std::time::Instant;

/// States walked before a scenario counts as too large; about 60 bytes of memory each.
const LIMIT: usize = 150_000_000;

fn main() -> ExitCode {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let part = std::env::args().nth(2).unwrap_or_default();
    let fine = match mode.as_str() {
        "all" => walk_all(&part),
        "rules" => switch_off_each(&part),
        "traces" => print_traces(),
        _ => {
            eprintln!("usage: gotong-model all|rules|traces [PART OF A NAME]");
            return ExitCode::from(2);
        }
    };
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn walk_all(part: &str) -> bool {
    let mut fine = true;
    for scenario in small().iter().chain(&large()).filter(|scenario| scenario.name.contains(part)) {
        let begun = Instant::now();
        let report = check(Rules::ALL, scenario, LIMIT);
        let Report { states, complete, broken } = &report;
        let verdict = match (complete, broken) {
            (_, Some(_)) => "BROKEN",
            (false, None) => "OPEN",
            (true, None) => "holds",
        };
        println!("{verdict:<6} {states:>11} states {:>6.1} s  {scenario}", begun.elapsed().as_secs_f32());
        if let Some(broken) = broken {
            println!("{broken}");
        }
        fine &= report.holds();
    }
    fine
}

fn switch_off_each(part: &str) -> bool {
    let mut fine = true;
    for rule in Rule::ALL.iter().filter(|rule| rule.to_string().contains(part)) {
        println!("\n{rule} off: {}.", rule.without());
        let broken = small().into_iter().chain(large()).find_map(|scenario| {
            let broken = check(Rules::without(*rule), &scenario, LIMIT / 10).broken?;
            Some((scenario, broken))
        });
        if let Some((scenario, broken)) = &broken {
            println!("In \"{scenario}\" {}:", broken.violation);
            println!("{broken}");
        } else {
            println!("NOTHING BREAKS");
        }
        fine &= broken.is_some();
    }
    fine
}

/// The first counterexample of each rule among the small scenarios.
fn print_traces() -> bool {
    let mut fine = true;
    for rule in Rule::ALL {
        let trace = small().into_iter().find_map(|scenario| {
            let broken = check(Rules::without(*rule), &scenario, LIMIT).broken?;
            Some(Trace::of(*rule, &scenario, &broken))
        });
        match trace {
            Some(trace) => println!("{trace}"),
            None => fine = false,
        }
    }
    fine
}
