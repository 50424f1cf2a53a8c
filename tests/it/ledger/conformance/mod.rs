//! The real scripts and the real SQL do what the model in `queue/model` says, step by step: along the counterexamples that
//! the model finds without each rule, and along random courses of events.
//!
//! Two players take the steps of a counterexample: one without the rule, and one with all of them. The real thing is asked
//! for every step, and after each must look as the player with all rules says: where the rule refuses, it must refuse. Then
//! it is brought to its end along the model's shortest way.

mod participants;
mod replay;
mod sight;
mod time;
mod world;

use gotong_model::{Player, Rules, Scenario, Trace, large, small};
use rand::{Rng, SeedableRng, rngs::StdRng};
use replay::Replay;
use world::{Ground, World};

const COUNTEREXAMPLES: &str = include_str!("../../../../queue/model/counterexamples.txt");

fn scenario(name: &str) -> Scenario {
    small().into_iter().find(|scenario| scenario.name == name).expect("a trace names a small scenario")
}

#[tokio::test]
async fn no_counterexample_works_on_the_real_thing() {
    let ground = Ground::prepare().await;
    let traces: Vec<Trace> = COUNTEREXAMPLES.trim_end().split("\n\n").map(|text| text.parse().unwrap()).collect();
    assert_eq!(traces.len(), gotong_model::Rule::ALL.len());
    for trace in traces {
        let scenario = scenario(&trace.scenario);
        let mut replay = Replay::new(World::new(&ground).await, &scenario);
        assert!(replay.follow(&trace, &scenario).await, "{}: the rule made no difference", trace.rule);
        replay.come_to_the_end().await;
    }
}

#[tokio::test]
async fn random_courses_of_events_go_as_the_model_says() {
    let ground = Ground::prepare().await;
    let scenarios: Vec<Scenario> = small().into_iter().chain(large()).collect();
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let scenario = &scenarios[random.random_range(0..scenarios.len())];
        let mut replay = Replay::new(World::new(&ground).await, scenario);
        for _ in 0..30 {
            let options = replay.player.options().len();
            if options == 0 {
                break;
            }
            replay.take(random.random_range(0..options)).await;
        }
        replay.come_to_the_end().await;
    }
}

#[test]
fn a_player_starts_where_nothing_has_happened() {
    let player = Player::new(Rules::ALL, &scenario("no faults"));
    assert!(!player.is_settled() && player.view().messages.is_empty());
}
