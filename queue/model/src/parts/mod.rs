//! Those who take part: one file each, with every atomic step that one can take now.

mod api;
mod doctor;
mod edit;
mod fault;
mod network;
mod reaper;
mod recorder;
mod relay;
mod worker;

use crate::few::Few;
use crate::rules::Rules;
use crate::scenario::Scenario;
use crate::state::State;
use crate::step::Step;
use crate::violation::Violation;

/// A step, and the state after it.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    /// What happened.
    pub step: Step,
    /// What it led to.
    pub state: State,
    /// The promise that it broke.
    pub wrong: Option<Violation>,
}

/// The steps that are possible at one moment.
pub(crate) struct Steps<'a> {
    pub(crate) rules: Rules,
    pub(crate) scenario: &'a Scenario,
    keeps_names: bool,
    found: &'a mut Vec<Next>,
}

impl Steps<'_> {
    pub(crate) fn add(&mut self, step: Step, state: State) {
        self.add_judged(step, state, None);
    }

    pub(crate) fn add_judged(&mut self, step: Step, mut state: State, wrong: Option<Violation>) {
        if self.keeps_names {
            state.forget_age(self.rules);
        } else {
            state.normalise(self.rules);
        }
        self.found.push(Next { step, state, wrong });
    }

    /// Whether one more message of unknown result may be under way.
    pub(crate) fn may_send(&self, now: &State) -> bool {
        now.net.has_room() && now.net.len() < usize::from(self.scenario.messages)
    }
}

impl State {
    /// Puts every step that is possible now into `found`, in place of what is there.
    pub fn steps(&self, rules: Rules, scenario: &Scenario, found: &mut Vec<Next>) {
        self.take_steps(Steps { rules, scenario, keeps_names: false, found });
    }

    /// The same, but every name and every participant keeps its place, so that one can follow who does what.
    pub(crate) fn steps_of_players(&self, rules: Rules, scenario: &Scenario, found: &mut Vec<Next>) {
        self.take_steps(Steps { rules, scenario, keeps_names: true, found });
    }

    fn take_steps(&self, mut steps: Steps) {
        steps.found.clear();
        api::steps(self, &mut steps);
        network::steps(self, &mut steps);
        relay::steps(self, &mut steps);
        worker::steps(self, &mut steps);
        reaper::steps(self, &mut steps);
        recorder::steps(self, &mut steps);
        doctor::steps(self, &mut steps);
        edit::steps(self, &mut steps);
        fault::steps(self, &mut steps);
    }
}

/// Each participant once, of several that are at the same point; they are kept in order.
fn distinct<T: Copy + Default + PartialEq, const N: usize>(all: &Few<T, N>) -> impl Iterator<Item = (usize, T)> {
    all.iter().enumerate().filter(|(i, one)| *i == 0 || all[i - 1] != **one).map(|(i, one)| (i, *one))
}
