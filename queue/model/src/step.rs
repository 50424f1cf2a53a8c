//! What can happen, as the lines of a trace.

use std::fmt;

macro_rules! steps {
    (ordinary { $($time:ident: $time_text:literal,)+ } extraordinary { $($fault:ident: $fault_text:literal,)+ }) => {
        /// One atomic act of one participant. Which of several workers, recorders or doctors it is does not matter: they
        /// are alike.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Step {
            $(#[doc = $time_text] $time,)+
            $(#[doc = $fault_text] $fault,)+
        }

        impl Step {
            /// Every step.
            pub const ALL: &[Self] = &[$(Self::$time,)+ $(Self::$fault),+];

            fn text(self) -> &'static str {
                match self { $(Self::$time => $time_text,)+ $(Self::$fault => $fault_text,)+ }
            }

            /// Whether no job may depend on it for its end: a fault, or something that somebody has to ask for.
            #[must_use]
            pub fn is_extraordinary(self) -> bool {
                matches!(self, $(Self::$fault)|+)
            }
        }
    };
}

steps! {
    ordinary {
        ApiPushes: "API: commits the job, sends the push",
        MessageArrives: "network: a message arrives in Redis",
        MessageExpires: "network: a message never arrives, or after its deadline",
        RelayReads: "relay: reads the row",
        RelayPushes: "relay: pushes it",
        RelayIsRefused: "relay: pushes it, and is refused for the epoch",
        RelayMarks: "relay: marks the row as pushed, if it still is of that generation",
        RelaySendsCancel: "relay: reads the row, sends the cancel",
        WorkerFetches: "worker: fetches the job and starts it",
        HandlerCompletes: "worker: reports that the handler completed",
        HandlerObeysCancel: "worker: reports that the handler stopped at the cancel",
        ReportIsStale: "worker: reports with a token that no longer counts",
        LeaseRunsOut: "reaper: the lease of a run that no worker has is over",
        RecorderReads: "recorder: reads the events and the epoch",
        RecorderCommits: "recorder: commits the events",
        RecorderIsFenced: "recorder: drops the batch, the epoch is another",
        RecorderForgets: "recorder: deletes the events, starts the last seconds of their tombstone",
        TombstoneExpires: "Redis: the last seconds of the tombstone are over",
        DoctorSeesEpoch: "doctor: sees in Redis an epoch that is missing, closed or another",
        DoctorMarksEmpty: "doctor: finds no epoch in Redis, sets one that is nobody's",
        DoctorAnnounces: "doctor: commits a new epoch in the ledger",
        DoctorSetsEpoch: "doctor: sets the new epoch in Redis, in place of the one it saw",
        DoctorOpens: "doctor: opens the epoch",
        DoctorReadsRow: "doctor: reads the row",
        DoctorReadsRedis: "doctor: reads the entry in Redis",
        DoctorPurges: "doctor: takes the entry away",
        DoctorUnparks: "doctor: gives the parked job back",
        DoctorRefills: "doctor: clears the mark, if the row is as it was read",
        DoctorIsFinished: "doctor: finds nothing (more) to do for the job",
        EditCommits: "edit: commits, dies before the push",
        EditPushes: "edit: commits, sends the push",
        EditIsFenced: "edit: gives up, the epoch is another",
    }
    extraordinary {
        ApiDies: "API: commits the job, dies before the push",
        RelayDies: "relay: dies",
        RelayLosesTrack: "relay: sends the push, gets no answer",
        FetchIsLost: "worker: fetches the job, but the answer does not arrive",
        HandlerFails: "worker: reports that the handler failed",
        WorkerHandsBack: "worker: stops, and hands the job back unfinished",
        WorkerDies: "worker: dies",
        LeaseIsLost: "reaper: the lease of a stalled worker is over",
        JobExpires: "reaper: the job was still waiting when its time was over",
        RecorderDies: "recorder: dies",
        DoctorDies: "doctor: dies",
        UnparkIsLate: "doctor: sends the unpark, gets no answer",
        CancelCommits: "request: a cancel commits",
        EditParks: "edit: locks the row, parks the job",
        EditSkipsPark: "edit: locks the row",
        ParkIsLate: "edit: sends the park, gets no answer, gives up",
        EditDies: "edit: dies",
        RetryCommits: "request: a manual retry commits, its push is never sent",
        RetryPushes: "request: a manual retry commits, sends the push",
        RowIsPruned: "pruner: deletes the finished row",
        Flushall: "FAULT: FLUSHALL",
        EntryVanishes: "FAULT: the job's entry vanishes from Redis",
        RedisSaves: "Redis: this is what the next restart or failover will come back with",
        RedisRestarts: "FAULT: Redis comes back from what was saved, as another run",
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
