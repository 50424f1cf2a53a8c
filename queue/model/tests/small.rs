//! The small scenarios, walked to their ends; and that each rule is needed.

use gotong_model::{Rule, Rules, check, small};

/// States walked before a scenario counts as too large for a test.
const LIMIT: usize = 2_000_000;

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
        let breaks = small().iter().any(|scenario| check(rules, scenario, LIMIT).broken.is_some());
        assert!(breaks, "nothing breaks although {}", rule.without());
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
