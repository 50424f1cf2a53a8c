//! Lets the real thing take the steps that a player takes, and compares the two after each.

use super::{
    participants::{DoctorHand, Message, RelayHand},
    world::World,
};
use gotong_model::{Act, MessageView, Player, Rules, Scenario, Step, Trace, View};
use gotong_queue::Outcome;
use uuid::Uuid;

/// The real thing, beside a player with all rules.
pub struct Replay {
    pub player: Player,
    world: World,
    /// The numbers of the messages that are under way for the player, in its order.
    net: Vec<usize>,
    done: Vec<String>,
}

impl Replay {
    pub fn new(world: World, scenario: &Scenario) -> Self {
        Self { player: Player::new(Rules::ALL, scenario), world, net: Vec::new(), done: Vec::new() }
    }

    /// Follows a trace that breaks a promise without its rule; answers whether the rule made a difference: a step was
    /// refused or led elsewhere, or the job can still end where without the rule it cannot.
    pub async fn follow(&mut self, trace: &Trace, scenario: &Scenario) -> bool {
        let mut freed = Player::new(Rules::without(trace.rule), scenario);
        let mut net: Vec<usize> = Vec::new();
        let mut parted = false;
        self.done.push(format!("without {}", trace.rule));
        for act in &trace.acts {
            for place in freed.refused_for_ever() {
                freed.drop_message(place);
                net.remove(place);
            }
            let sent = net.len();
            let message =
                (act.step == Step::MessageArrives || act.step == Step::MessageExpires).then(|| net.remove(act.who));
            let options = freed.options();
            let option = options.iter().position(|option| option == act).expect("the trace is one of this model");
            _ = freed.take(option);
            let went = self.try_act(*act, message).await;
            let (without, with) = (freed.view(), self.player.view());
            parted |= !went || (without.life, without.entry) != (with.life, with.entry);
            if freed.view().messages.len() > sent && message.is_none() {
                let number = if went { self.net.last().copied() } else { None };
                net.push(number.unwrap_or(usize::MAX));
            }
            if act.step == Step::RedisRestarts {
                net.clear();
            }
        }
        parted || freed.way_to_the_end().is_none()
    }

    /// Takes a step of the trace if it is one under all rules too; else tries it, and sees it refused. `false`: refused, or
    /// it went another way.
    async fn try_act(&mut self, act: Act, message: Option<usize>) -> bool {
        let who = match message {
            None => Some(act.who),
            Some(number) => self.net.iter().position(|sent| *sent == number),
        };
        let options = self.player.options();
        for (nth, step) in alike(act.step).iter().enumerate() {
            let is_it = |option: &Act| option.step == *step && Some(option.who) == who;
            let same_way = options.iter().position(|option| is_it(option) && option.way == act.way);
            if let Some(option) = same_way.or_else(|| options.iter().position(is_it)) {
                self.take(option).await;
                return nth == 0;
            }
        }
        self.done.push(format!("refused: {:?} {}", act.step, act.who));
        match act.step {
            Step::WorkerFetches | Step::FetchIsLost => self.world.fetch_in_vain().await,
            Step::TombstoneExpires => self.let_time_pass().await,
            Step::MessageArrives => self.arrive_late(message).await,
            _ => {}
        }
        self.compare().await;
        false
    }

    /// The tombstone's last seconds are over, and with them the deadline of all that was under way when they began.
    async fn let_time_pass(&mut self) {
        for place in self.player.view().aged.into_iter().rev() {
            self.take_act(Act { step: Step::MessageExpires, who: place, way: 0 }).await;
        }
        for relay in self.player.view().aged_relays {
            if let RelayHand::Read { late, .. } = &mut self.world.relays[relay] {
                *late = true;
                self.world.relay_pushes(relay).await;
                self.take_act(Act { step: Step::RelayDies, who: relay, way: 0 }).await;
            }
        }
        if self.player.options().iter().any(|option| option.step == Step::TombstoneExpires) {
            self.take_act(Act { step: Step::TombstoneExpires, who: 0, way: 0 }).await;
        }
    }

    /// A message that the player no longer waits for.
    async fn arrive_late(&mut self, message: Option<usize>) {
        let number = message.expect("a message arrives");
        if let Some(message) = self.world.messages.get(number).cloned().flatten() {
            let late = !matches!(message, Message::Park { .. } | Message::Unpark { .. });
            self.world.arrive(message, late).await;
        }
    }

    async fn take_act(&mut self, act: Act) {
        let option = self.player.options().iter().position(|option| *option == act).expect("it is possible now");
        self.take(option).await;
    }

    /// Takes an option of the player, lets the real thing take it, and compares.
    pub async fn take(&mut self, option: usize) {
        let Act { step, who, .. } = self.player.options()[option];
        self.done.push(format!("{step:?} {who}"));
        self.player.take(option).expect("the protocol keeps its promises");
        let view = self.player.view();
        self.act(step, who, &view).await;
        // What can never be accepted arrives at once, and is refused.
        for place in self.player.refused_for_ever() {
            self.player.drop_message(place);
            let number = self.net.remove(place);
            self.deliver(number, false).await;
        }
        self.compare().await;
    }

    async fn compare(&self) {
        let (expected, seen) = (self.world.expected(&self.player.view()), self.world.sight().await);
        assert_eq!(seen, expected, "after\n  {}", self.done.join("\n  "));
    }

    /// Goes the model's shortest way from here to where the job has ended and nothing of it is left.
    pub async fn come_to_the_end(mut self) {
        self.done.push("from here to the end".to_owned());
        let way = self.player.way_to_the_end();
        for option in way.unwrap_or_else(|| panic!("the job cannot end after\n  {}", self.done.join("\n  "))) {
            self.take(option).await;
        }
        assert!(self.player.is_settled());
    }

    fn send(&mut self, message: Option<Message>) {
        self.net.push(self.world.messages.len());
        self.world.messages.push(message);
    }

    async fn deliver(&mut self, number: usize, late: bool) {
        if let Some(message) = self.world.messages[number].clone() {
            self.world.arrive(message, late).await;
        }
    }

    async fn send_push(&mut self, view: &View) {
        let Some(MessageView::Push { epoch }) = view.messages.last() else { panic!("a push is under way") };
        let (job, epoch) = (Box::new(self.world.row().await), self.world.epochs[epoch].clone());
        self.send(Some(Message::Push { job, epoch }));
    }

    async fn act(&mut self, step: Step, who: usize, view: &View) {
        match step {
            Step::ApiDies | Step::ApiPushes => {
                self.world.accept().await;
                if step == Step::ApiPushes {
                    self.send_push(view).await;
                }
            }
            Step::RetryCommits | Step::RetryPushes => {
                self.world.retry().await;
                if step == Step::RetryPushes {
                    self.send_push(view).await;
                }
            }
            Step::CancelCommits => self.world.request_cancel().await,
            Step::RowIsPruned => self.world.prune().await,
            Step::MessageArrives => {
                let number = self.net.remove(who);
                self.deliver(number, false).await;
            }
            Step::MessageExpires => {
                let number = self.net.remove(who);
                // A push or a cancel arrives after its deadline; what has none never arrives.
                if matches!(self.world.messages[number], Some(Message::Push { .. } | Message::Cancel { .. })) {
                    self.deliver(number, true).await;
                }
            }
            Step::Flushall => self.world.flush(),
            Step::EntryVanishes => self.world.lose_entry(),
            Step::RedisSaves => self.world.save(),
            Step::RedisRestarts => {
                self.world.restart();
                self.world.age_doctors();
                self.net.clear();
            }
            Step::TombstoneExpires => self.world.expire_tombstones().await,
            Step::LeaseRunsOut | Step::LeaseIsLost => self.world.expire_leases().await,
            Step::JobExpires => self.world.expire_job().await,
            _ => self.act_of_one(step, who, view).await,
        }
    }

    /// Steps of relays, workers and recorders.
    async fn act_of_one(&mut self, step: Step, who: usize, view: &View) {
        let world = &mut self.world;
        match step {
            Step::RelayReads => {
                let epoch = view.relays[who].expect("it has read the row");
                world.relay_reads(who, world.epochs[&epoch].clone()).await;
            }
            Step::RelayPushes | Step::RelayIsRefused => world.relay_pushes(who).await,
            Step::RelayMarks => world.relay_marks(who).await,
            Step::RelayDies => world.relays[who] = RelayHand::Idle,
            Step::RelayLosesTrack => {
                let hand = std::mem::replace(&mut world.relays[who], RelayHand::Idle);
                let RelayHand::Read { job, epoch, .. } = hand else { panic!("it has read the row") };
                self.send(Some(Message::Push { job, epoch }));
            }
            Step::RelaySendsCancel => {
                let Some(MessageView::Cancel { epoch }) = view.messages.last() else { panic!("a cancel is under way") };
                let (cancel, epoch) = (world.cancel_to_send().await, world.epochs[epoch].clone());
                self.send(Some(Message::Cancel { cancel, epoch }));
            }
            Step::WorkerFetches => world.fetch(who).await,
            Step::FetchIsLost => world.fetch(3).await,
            Step::HandlerCompletes => world.report(who, Outcome::Done(None), false).await,
            Step::HandlerObeysCancel => world.report(who, Outcome::Cancel("asked to".to_owned()), false).await,
            Step::HandlerFails => world.fail(who).await,
            Step::WorkerHandsBack => world.hand_back(who).await,
            Step::ReportIsStale => world.report(who, Outcome::Done(None), true).await,
            Step::WorkerDies => world.runs[who] = None,
            Step::RecorderReads => world.recorder_reads(who).await,
            Step::RecorderCommits => world.recorder_commits(who, false).await,
            Step::RecorderIsFenced => world.recorder_commits(who, true).await,
            Step::RecorderForgets => world.recorder_forgets(who).await,
            Step::RecorderDies => world.recorders[who] = None,
            _ => self.act_of_edit_or_doctor(step, who, view).await,
        }
    }

    async fn act_of_edit_or_doctor(&mut self, step: Step, who: usize, view: &View) {
        let world = &mut self.world;
        match step {
            Step::EditParks => assert!(world.begin_edit().await, "the job can be parked"),
            Step::ParkIsLate => {
                let (job, parking) = (Box::new(world.row().await), Uuid::new_v4());
                self.send(Some(Message::Park { job, parking }));
            }
            Step::EditDies => world.abandon_edit().await,
            Step::EditIsFenced => assert!(!world.commit_edit().await, "the epoch is another"),
            Step::EditCommits => assert!(world.commit_edit().await, "the epoch is the same"),
            Step::EditPushes => {
                assert!(world.commit_edit().await, "the epoch is the same");
                self.send_push(view).await;
            }
            Step::DoctorSeesEpoch | Step::DoctorMarksEmpty => {
                if let Some(mark) = world.doctor_sees(who).await {
                    world.epochs.insert(view.redis_epoch, mark);
                }
            }
            Step::DoctorAnnounces => {
                let name = world.doctor_announces(who).await;
                world.epochs.insert(view.ledger_epoch, name);
            }
            Step::DoctorSetsEpoch => world.doctor_sets(who).await,
            Step::DoctorOpens => world.doctor_opens(who).await,
            Step::DoctorReadsRow => world.doctor_reads_row(who).await,
            Step::DoctorReadsRedis => world.doctor_reads_redis(who).await,
            Step::DoctorPurges | Step::DoctorUnparks | Step::DoctorRefills => world.doctor_acts(who).await,
            Step::DoctorIsFinished => match world.doctors[who] {
                DoctorHand::Saw(_) => world.doctors[who] = DoctorHand::Idle,
                _ => world.doctor_acts(who).await,
            },
            Step::UnparkIsLate => {
                let message = world.unpark_to_send(who);
                self.send(Some(message));
            }
            Step::DoctorDies => world.doctors[who] = DoctorHand::Idle,
            other => panic!("nobody takes the step {other:?}"),
        }
    }
}

/// A step, and what the same act of the same participant is called where all rules make it go another way.
fn alike(step: Step) -> Vec<Step> {
    let others: &[Step] = match step {
        Step::ApiPushes => &[Step::ApiDies],
        Step::RetryPushes => &[Step::RetryCommits],
        Step::EditPushes => &[Step::EditCommits, Step::EditIsFenced],
        Step::EditCommits => &[Step::EditIsFenced],
        Step::EditSkipsPark => &[Step::EditParks],
        Step::RelayPushes => &[Step::RelayIsRefused],
        Step::HandlerCompletes | Step::HandlerObeysCancel | Step::HandlerFails | Step::WorkerHandsBack => {
            &[Step::ReportIsStale]
        }
        Step::RecorderCommits => &[Step::RecorderIsFenced],
        Step::DoctorSeesEpoch => &[Step::DoctorMarksEmpty],
        Step::DoctorUnparks | Step::UnparkIsLate => &[Step::DoctorIsFinished],
        _ => &[],
    };
    [&[step], others].concat()
}
