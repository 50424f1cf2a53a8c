//! One course of events, step by step, with everybody in their places: for a program that lets real servers take the same
//! steps. Walks rename and sort to stay small; a player does not, so that the third worker stays the third worker.

use crate::checker::Counterexample;
use crate::digest::digest;
use crate::few::Few;
use crate::parts::Next;
use crate::rules::{Rule, Rules};
use crate::scenario::Scenario;
use crate::state::State;
use crate::step::Step;
use crate::view::View;
use crate::violation::Violation;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

/// A step, and who takes it: the place of a worker, recorder, relay or doctor among its like, or of a message among those
/// under way; 0 for anything else. And which of the ways in which it may do so, such as the epoch that a push names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// What happens.
    pub step: Step,
    /// Who does it.
    pub who: usize,
    /// In which way.
    pub way: usize,
}

/// A way to a broken promise, without one of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The rule that is off.
    pub rule: Rule,
    /// The name of the scenario.
    pub scenario: String,
    /// From the start.
    pub acts: Vec<Act>,
}

/// The state of one course of events.
#[derive(Clone, Debug)]
pub struct Player {
    rules: Rules,
    scenario: Scenario,
    state: State,
}

/// How many states a way to the end is looked for in.
const LIMIT: usize = 2_000_000;

impl Player {
    /// At the start of a scenario.
    #[must_use]
    pub fn new(rules: Rules, scenario: &Scenario) -> Self {
        Self { rules, scenario: scenario.clone(), state: State::start(scenario) }
    }

    /// What can be seen from outside now.
    #[must_use]
    pub fn view(&self) -> View {
        self.state.view()
    }

    /// What may happen now.
    #[must_use]
    pub fn options(&self) -> Vec<Act> {
        let mut acts: Vec<Act> = Vec::new();
        for next in self.next() {
            let (step, who) = (next.step, who(&self.state, &next).unwrap_or_default());
            let way = acts.iter().filter(|act| act.step == step && act.who == who).count();
            acts.push(Act { step, who, way });
        }
        acts
    }

    /// Takes one of the options by its index.
    ///
    /// # Errors
    /// The promise that this breaks; the act is taken nevertheless.
    ///
    /// # Panics
    /// If there is no such option.
    pub fn take(&mut self, option: usize) -> Result<(), Violation> {
        let next = self.next()[option];
        self.state = next.state;
        next.wrong.map_or(Ok(()), Err)
    }

    /// Which messages can no longer do anything: their places, the last one first. Walks drop them at once.
    #[must_use]
    pub fn refused_for_ever(&self) -> Vec<usize> {
        let mut places: Vec<usize> = self.state.refused_for_ever(self.rules).collect();
        places.reverse();
        places
    }

    /// Drops a message.
    pub fn drop_message(&mut self, place: usize) {
        self.state.net.remove(place);
    }

    /// Whether the job has ended and nothing of it is left.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.state.is_settled()
    }

    /// The options of a shortest course of ordinary steps to an end that is settled, if what is
    /// [refused for ever](Self::refused_for_ever) is dropped after each.
    #[must_use]
    pub fn way_to_the_end(&self) -> Option<Vec<usize>> {
        let mut ways = vec![(self.state, 0, 0)];
        let mut met = HashSet::from([digest(&self.normal())]);
        let (mut at, mut player) = (0, self.clone());
        while at < ways.len() && ways.len() < LIMIT {
            player.state = ways[at].0;
            if player.is_settled() {
                return Some(steps_to(&ways, at));
            }
            for (option, next) in player.next().iter().enumerate() {
                let mut after = Self { rules: self.rules, scenario: self.scenario.clone(), state: next.state };
                after.refused_for_ever().into_iter().for_each(|place| after.drop_message(place));
                if !next.step.is_extraordinary() && met.insert(digest(&after.normal())) {
                    ways.push((after.state, at, option));
                }
            }
            at += 1;
        }
        None
    }

    /// Takes the steps of a counterexample, and answers who took each.
    fn follow(mut self, broken: &Counterexample) -> Option<Vec<Act>> {
        let mut acts = Vec::with_capacity(broken.trace.len());
        for (step, after) in &broken.trace {
            for place in self.refused_for_ever() {
                self.drop_message(place);
            }
            let is_it = |next: &&Next| {
                let mut normal = next.state;
                normal.normalise(self.rules);
                next.step == *step && normal == *after
            };
            let next = self.next();
            let option = next.iter().position(|next| is_it(&next))?;
            acts.push(self.options()[option]);
            self.state = next[option].state;
        }
        Some(acts)
    }

    fn next(&self) -> Vec<Next> {
        let mut found = Vec::new();
        self.state.steps_of_players(self.rules, &self.scenario, &mut found);
        found
    }

    fn normal(&self) -> State {
        let mut state = self.state;
        state.normalise(self.rules);
        state
    }
}

/// The options that led to a state of a search, in which each names the one before and the option taken there.
fn steps_to(ways: &[(State, usize, usize)], to: usize) -> Vec<usize> {
    let chain = std::iter::successors(Some(to), |at| Some(ways[*at].1)).take_while(|at| *at != 0);
    let mut options: Vec<usize> = chain.map(|at| ways[at].2).collect();
    options.reverse();
    options
}

/// Whose state a step changed.
fn who(before: &State, Next { step, state: after, .. }: &Next) -> Option<usize> {
    if matches!(step, Step::RedisRestarts | Step::Flushall) {
        return None;
    }
    if matches!(step, Step::MessageArrives | Step::MessageExpires) {
        return (0..before.net.len()).find(|at| before.net.get(*at) != after.net.get(*at));
    }
    changed(&before.workers, &after.workers)
        .or_else(|| changed(&before.recorders, &after.recorders))
        .or_else(|| changed_relay(before, after))
        .or_else(|| changed(&before.doctors, &after.doctors))
}

fn changed<T: Copy + Default + PartialEq, const N: usize>(before: &Few<T, N>, after: &Few<T, N>) -> Option<usize> {
    before.iter().zip(after.iter()).position(|(before, after)| before != after)
}

/// A message that ages changes relays too, and is no act of theirs.
fn changed_relay(before: &State, after: &State) -> Option<usize> {
    let (mut before, mut after) = (*before, *after);
    before.each_aged(|aged| *aged = false);
    after.each_aged(|aged| *aged = false);
    changed(&before.relays, &after.relays)
}

impl Trace {
    /// Of a counterexample that was found without that rule.
    ///
    /// # Panics
    /// If it is not one of that scenario.
    #[must_use]
    pub fn of(rule: Rule, scenario: &Scenario, broken: &Counterexample) -> Self {
        let acts = Player::new(Rules::without(rule), scenario).follow(broken);
        let acts = acts.expect("what a walk did, players can do");
        Self { rule, scenario: scenario.name.clone(), acts }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.rule, self.scenario)?;
        self.acts.iter().try_for_each(|Act { step, who, way }| writeln!(f, "  {step:?} {who} {way}"))
    }
}

/// A text that is no trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTrace(String);

impl fmt::Display for UnknownTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no part of a trace: {}", self.0)
    }
}

impl std::error::Error for UnknownTrace {}

/// As it is displayed.
impl FromStr for Trace {
    type Err = UnknownTrace;

    fn from_str(text: &str) -> Result<Self, UnknownTrace> {
        let (head, acts) = text.trim_end().split_once('\n').ok_or_else(|| UnknownTrace(text.to_owned()))?;
        let unknown = || UnknownTrace(head.to_owned());
        let (rule, scenario) = head.split_once(": ").ok_or_else(unknown)?;
        let rule = *Rule::ALL.iter().find(|known| known.to_string() == rule).ok_or_else(unknown)?;
        let acts = acts.lines().map(act).collect::<Result<_, _>>()?;
        Ok(Self { rule, scenario: scenario.to_owned(), acts })
    }
}

fn act(line: &str) -> Result<Act, UnknownTrace> {
    let parse = || {
        let mut words = line.split_whitespace();
        let step = words.next()?;
        let step = *Step::ALL.iter().find(|known| format!("{known:?}") == step)?;
        let (who, way) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        words.next().is_none().then_some(Act { step, who, way })
    };
    parse().ok_or_else(|| UnknownTrace(line.to_owned()))
}
