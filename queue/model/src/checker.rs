//! The checker: walks every reachable state breadth first, so a counterexample is a shortest one; then asks of each state
//! whether the job can still end from it without any more faults.
//!
//! States are told apart by a 128-bit digest, as explicit-state checkers do (hash compaction: Stern and Dill, 1995); with
//! 10⁸ states the odds that two share one are below 10⁻²².

use crate::digest::{Seen, digest};
use crate::parts::Next;
use crate::rules::Rules;
use crate::scenario::Scenario;
use crate::state::State;
use crate::step::Step;
use crate::violation::Violation;
use std::collections::VecDeque;

/// A way to a broken promise.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The promise.
    pub violation: Violation,
    /// From the start, each step with the state after it.
    pub trace: Vec<(Step, State)>,
}

/// What a walk came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many states it met.
    pub states: usize,
    /// Whether it met all that can be reached, or stopped at its limit or a counterexample.
    pub complete: bool,
    /// What is wrong, if anything was found.
    pub broken: Option<Counterexample>,
}

impl Report {
    /// Whether everything was walked, and nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.complete && self.broken.is_none()
    }
}

/// Walks a scenario, at most `limit` states of it, at about 60 bytes each.
#[must_use]
pub fn check(rules: Rules, scenario: &Scenario, limit: usize) -> Report {
    let mut walk = Walk::new(rules, scenario);
    let mut next = Vec::new();
    while let Some((at, state)) = walk.todo.pop_front() {
        state.steps(rules, scenario, &mut next);
        for found in &next {
            let id = walk.visit(at, found);
            if let Some(violation) = found.wrong {
                let mut trace = walk.trace(at);
                trace.push((found.step, found.state));
                let broken = Some(Counterexample { violation, trace });
                return Report { states: walk.met.len(), complete: false, broken };
            }
            if id != at && !found.step.is_extraordinary() {
                walk.edges.push((id, at));
            }
        }
        if walk.met.len() > limit {
            return Report { states: walk.met.len(), complete: false, broken: None };
        }
    }
    let broken = walk.lost().map(|at| Counterexample { violation: Violation::Lost, trace: walk.trace(at) });
    Report { states: walk.met.len(), complete: true, broken }
}

/// How a state was first met.
struct Met {
    from: u32,
    step: Step,
    is_settled: bool,
}

struct Walk<'a> {
    rules: Rules,
    scenario: &'a Scenario,
    ids: Seen,
    met: Vec<Met>,
    todo: VecDeque<(u32, State)>,
    /// To and from, of the steps that a job may depend on.
    edges: Vec<(u32, u32)>,
}

impl<'a> Walk<'a> {
    fn new(rules: Rules, scenario: &'a Scenario) -> Self {
        let start = State::start(scenario);
        let mut ids = Seen::default();
        ids.insert(digest(&start), 0);
        // the start is its own origin; its step is never shown
        let met = vec![Met { from: 0, step: Step::ApiDies, is_settled: false }];
        Self { rules, scenario, ids, met, todo: VecDeque::from([(0, start)]), edges: Vec::new() }
    }

    fn visit(&mut self, from: u32, found: &Next) -> u32 {
        let new = u32::try_from(self.met.len()).expect("the limit of a walk is below 2^32");
        let id = *self.ids.entry(digest(&found.state)).or_insert(new);
        if id == new {
            self.met.push(Met { from, step: found.step, is_settled: found.state.is_settled() });
            self.todo.push_back((id, found.state));
        }
        id
    }

    /// A state from which no ordinary steps lead to a settled end: the first that was met.
    fn lost(&mut self) -> Option<u32> {
        let edges = &mut self.edges;
        edges.sort_unstable();
        let mut can_end: Vec<bool> = self.met.iter().map(|met| met.is_settled).collect();
        let ids = 0..u32::try_from(self.met.len()).expect("the limit of a walk is below 2^32");
        let mut todo: Vec<u32> = ids.clone().filter(|id| can_end[*id as usize]).collect();
        while let Some(to) = todo.pop() {
            let first = edges.partition_point(|edge| edge.0 < to);
            for (_, from) in edges[first..].iter().take_while(|edge| edge.0 == to) {
                if !can_end[*from as usize] {
                    can_end[*from as usize] = true;
                    todo.push(*from);
                }
            }
        }
        ids.into_iter().find(|id| !can_end[*id as usize])
    }

    /// The steps that first led to a state. The walk keeps no states, so they are taken again.
    fn trace(&self, to: u32) -> Vec<(Step, State)> {
        let mut ids = vec![to];
        while let Some(id) = ids.last().copied().filter(|id| *id != 0) {
            ids.push(self.met[id as usize].from);
        }
        let mut state = State::start(self.scenario);
        let mut next = Vec::new();
        let mut trace = Vec::new();
        for id in ids.iter().rev().skip(1) {
            state.steps(self.rules, self.scenario, &mut next);
            let step = self.met[*id as usize].step;
            let taken = next.iter().find(|n| n.step == step && self.ids.get(&digest(&n.state)) == Some(id));
            state = taken.expect("a step that was taken once can be taken again").state;
            trace.push((step, state));
        }
        trace
    }
}
