//! The small scenarios, walked to their ends; and that each rule is needed.

use gotong_model::{Rule, Rules, Trace, check, small};

/// States walked before a scenario counts as too large for a test.
const LIMIT: usize = 2_000_000;
/// What the tests of the real ledger and queue replay.
const KEPT: &str = include_str!("../counterexamples.txt");
const STALE: &str = "cargo run --release -p gotong-model -- traces > queue/model/counterexamples.txt";

#[test]
fn the_protocol_holds_in_every_small_scenario() {
    for scenario in small() {
        let report = check(Rules::ALL, &scenario, LIMIT);
        if let Some(broken) = &report.broken {
            panic!("{scenario}: {}\n{broken}", broken.violation);
        }
        assert!(report.complete, "{scenario}: more than {LIMIT} states");
    }
}

#[test]
fn without_any_one_rule_it_breaks() {
    for rule in Rule::ALL {
        let rules = Rules::without(*rule);
        let broken = small().into_iter().find_map(|scenario| {
            let broken = check(rules, &scenario, LIMIT).broken?;
            Some(Trace::of(*rule, &scenario, &broken))
        });
        let trace = broken.unwrap_or_else(|| panic!("nothing breaks although {}", rule.without()));
        let kept = KEPT.split("\n\n").find(|kept| kept.starts_with(&format!("{rule}: ")));
        let kept: Trace =
            kept.and_then(|kept| kept.parse().ok()).unwrap_or_else(|| panic!("{rule} is missing: {STALE}"));
        assert_eq!(kept, trace, "{STALE}");
    }
}

#[test]
fn a_counterexample_is_a_chain_of_possible_steps() {
    let scenario = small().into_iter().find(|scenario| scenario.name == "no faults").unwrap();
    let rules = Rules::without(Rule::Deadline);
    let broken = check(rules, &scenario, LIMIT).broken.unwrap();
    let mut state = gotong_model::State::start(&scenario);
    let mut next = Vec::new();
    for (step, after) in &broken.trace {
        state.steps(rules, &scenario, &mut next);
        assert!(next.iter().any(|n| n.step == *step && n.state == *after), "{step}: {after}");
        state = *after;
    }
    let last = broken.trace.last().unwrap();
    assert_eq!(last.0, gotong_model::Step::WorkerFetches);
}
