//! What the doctor finds, one thing after the other, each made by hand: a look changes nothing, a repair mends it.

use diesel_async::AsyncConnection;
use gotong_queue::{EntryView, NewJob as Pushed, Parked, QueueName};
use gotong_scheduler::{
    Resources,
    doctor::{Finding, Mode, Report, examine},
};
use gotong_shared::{
    enqueue::{Dispatcher, NewJob, enqueue},
    jobs::{Contract, MaintenancePurgeMedia},
};
use harness::{Binary, Platform, Servers, Services};
use std::process::Command;
use uuid::Uuid;

/// Sixteen bytes that are nobody's id.
const NOBODY: &str = "nobody-has-this!";

struct Ward {
    platform: Platform,
    resources: Resources,
    queue: QueueName,
}

impl Ward {
    /// A platform on which nothing runs, its epochs open.
    async fn open() -> Self {
        let platform = Platform::without_api(Servers::default()).await;
        let resources = platform.resources().await;
        let ward = Self { platform, resources, queue: "maintenance".parse().unwrap() };
        let opened = ward.examine(Mode::Repair).await;
        assert_eq!(opened.of("maintenance", Finding::Epoch).mended, 1, "{opened}");
        ward
    }

    async fn examine(&self, mode: Mode) -> Report {
        examine(&self.resources, &gotong_scheduler::queues(), mode).await.unwrap()
    }

    /// Accepts a job; pushes it and marks that, or, with `lost`, only marks it.
    async fn accept(&self, lost: bool) -> Uuid {
        let job = NewJob::of(self.platform.workspace, &MaintenancePurgeMedia { grace_s: 60 }).unwrap();
        let job = job.unique(Uuid::new_v4());
        let dispatcher = Dispatcher::new(self.resources.client.clone());
        let clock = dispatcher.clock().await;
        let mut connection = self.resources.database.connection().await.unwrap();
        let accepted = connection.transaction(async |c| enqueue(c, std::slice::from_ref(&job)).await).await.unwrap();
        if lost {
            drop(accepted);
        } else {
            dispatcher.push(clock, accepted).await;
        }
        self.change(&format!("update jobs set pushed = true where id = '{}'", job.id)).await;
        job.id
    }

    async fn change(&self, statement: &str) {
        self.platform.database.execute(statement).await;
    }

    async fn entry(&self, id: Uuid) -> EntryView {
        self.resources.client.entries(&self.queue, &[id]).await.unwrap().remove(0)
    }

    fn redis(&self, words: &[&str]) -> String {
        self.platform.redis(&self.queue, words)
    }

    /// Looks twice, so that the second look shows that the first changed nothing; repairs; looks again.
    async fn finds_and_mends(&self, queue: &str, finding: Finding, example: &str) {
        for _ in 0..2 {
            let report = self.examine(Mode::Look).await;
            let noted = report.of(queue, finding);
            assert_eq!((noted.found, noted.mended), (1, 0), "{finding:?}: {report}");
            assert!(noted.examples[0].contains(example), "{finding:?}: {report}");
            assert!(report.is_anything_left());
        }
        let report = self.examine(Mode::Repair).await;
        assert_eq!(report.of(queue, finding).mended, 1, "{report}");
        assert_eq!(report.mended(), 1, "and nothing else: {report}");
        assert_eq!(self.examine(Mode::Look).await, Report::default());
    }
}

#[tokio::test]
async fn rows_that_redis_lost_go_to_the_relay_again() {
    let ward = Ward::open().await;
    let (_kept, lost) = (ward.accept(false).await, ward.accept(true).await);
    ward.finds_and_mends("maintenance", Finding::Lost, &lost.to_string()).await;
    let unpushed = format!("select count(*) from jobs where not pushed and id = '{lost}'");
    assert_eq!(ward.platform.database.count(&unpushed).await, 1);
    assert_eq!(ward.platform.database.count("select count(*) from jobs where not pushed").await, 1);
}

#[tokio::test]
async fn what_the_ledger_has_as_over_leaves_redis() {
    let ward = Ward::open().await;
    let changes = [
        "update jobs set state = 'completed', finished_at = now()",
        "update jobs set generation = 2, pushed = false",
        "delete from jobs",
    ];
    for change in changes {
        let kept = ward.accept(false).await;
        let over = ward.accept(false).await;
        ward.change(&format!("{change} where id = '{over}'")).await;
        ward.change(&format!("delete from unique_keys where job_id = '{over}'")).await;
        ward.finds_and_mends("maintenance", Finding::Over, &over.to_string()).await;
        assert!(matches!(ward.entry(over).await, EntryView::Tombstone { ended: None, .. }), "{change}");
        assert!(matches!(ward.entry(kept).await, EntryView::Waiting { .. }), "{change}");
    }
}

#[tokio::test]
async fn what_an_edit_left_parked_is_given_back_once_the_edit_is_over() {
    let ward = Ward::open().await;
    let id = ward.accept(false).await;
    let job = Pushed::new(id, MaintenancePurgeMedia::KIND, r#"{"grace_s":60}"#);
    let mut connection = ward.resources.database.connection().await.unwrap();
    // While the edit holds the row's lock, it is nobody's business.
    let edit = connection.transaction(async |connection| {
        assert!(gotong_shared::ledger::lock_open(connection, id, 1).await?);
        let parked = ward.resources.client.park(&ward.queue, &job, Uuid::new_v4()).await.unwrap();
        assert!(matches!(parked, Parked::Parked { .. }), "{parked:?}");
        for mode in [Mode::Look, Mode::Repair] {
            assert_eq!(ward.examine(mode).await, Report::default());
        }
        Ok::<_, diesel::result::Error>(())
    });
    edit.await.unwrap();
    ward.finds_and_mends("maintenance", Finding::Parked, &id.to_string()).await;
    assert!(matches!(ward.entry(id).await, EntryView::Waiting { parked: None, .. }));
}

#[tokio::test]
async fn leases_and_locks_without_owners_go() {
    let ward = Ward::open().await;
    ward.accept(false).await;
    ward.redis(&["ZADD", "{}leases", "9000000000000", NOBODY]);
    let nobody = Uuid::from_slice(NOBODY.as_bytes()).unwrap().to_string();
    ward.finds_and_mends("maintenance", Finding::Lease, &nobody).await;
    ward.redis(&["HSET", "{}running", NOBODY, "a run that nobody knows"]);
    ward.finds_and_mends("maintenance", Finding::Lease, &nobody).await;
    assert_eq!(ward.redis(&["EXISTS", "{}running", "{}leases"]), ":0");
    ward.redis(&["HSET", "{}unique", "nightly", NOBODY]);
    ward.finds_and_mends("maintenance", Finding::Lock, "nightly").await;
    assert_eq!(ward.redis(&["EXISTS", "{}unique"]), ":0");
}

#[tokio::test]
async fn a_job_that_stands_in_no_list_is_put_back() {
    let ward = Ward::open().await;
    let id = ward.accept(false).await;
    ward.redis(&["DEL", "{}ready:0", "{}ready:1", "{}ready:2", "{}ready:3", "{}ready:4"]);
    ward.finds_and_mends("maintenance", Finding::Stranded, &id.to_string()).await;
    let counts = ward.resources.client.counts(&ward.queue).await.unwrap();
    assert_eq!(counts.ready.iter().sum::<u64>(), 1);
}

#[tokio::test]
async fn unique_keys_of_the_ledger_whose_job_is_over_are_freed() {
    let ward = Ward::open().await;
    let (_live, over) = (ward.accept(true).await, ward.accept(true).await);
    ward.change("update jobs set pushed = false").await;
    let end = format!("update jobs set state = 'dead', finished_at = now() where id = '{over}'");
    ward.change(&end).await;
    ward.finds_and_mends("", Finding::Key, &over.to_string()).await;
    assert_eq!(ward.platform.database.count("select count(*) from unique_keys").await, 1, "that of the live job");
}

#[tokio::test]
async fn an_epoch_that_is_missing_another_or_of_another_run_is_named_anew() {
    let ward = Ward::open().await;
    let named = "select name as value from queue_epochs where queue = 'maintenance'";
    let changes: [(&[&str], &str); 3] = [
        (&["HDEL", "{}meta", "e"], "lost everything"),
        (&["HSET", "{}meta", "e", "an-older-one"], "old data"),
        (&["HSET", "{}meta", "o", "another-run"], "restarted or failed over"),
    ];
    for (change, word) in changes {
        let before = ward.platform.database.values(named).await;
        ward.redis(change);
        ward.finds_and_mends("maintenance", Finding::Epoch, word).await;
        assert_ne!(ward.platform.database.values(named).await, before, "{word}");
        assert!(ward.resources.client.epoch(&ward.queue).await.unwrap().is_open());
    }
}

#[tokio::test]
async fn the_command_prints_a_table_and_tells_by_its_exit_code() {
    let ward = Ward::open().await;
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = Command::new(Services::get().programs.join(Binary::Scheduler.name()));
        command.arg("doctor").args(arguments).env_clear().envs(ward.platform.variables(variables));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = run(&["--dry-run"], &[]);
    assert_eq!((code, text.trim()), (Some(0), "Nothing found: ledger and Redis agree."));
    let lost = ward.accept(true).await.to_string();
    let (code, table) = run(&["--dry-run"], &[]);
    assert_eq!(code, Some(3), "{table}");
    let line = table.lines().find(|line| line.contains(&lost)).unwrap();
    assert_eq!(line.split_whitespace().take(4).collect::<Vec<_>>(), ["maintenance", "lost", "1", "0"]);
    let (code, table) = run(&["--repair"], &[]);
    assert_eq!(code, Some(0), "{table}");
    assert_eq!(run(&["--dry-run"], &[]).0, Some(0));
    assert_eq!(run(&[], &[]).0, Some(2), "it must be told which");
    assert_eq!(run(&["--dry-run", "--repair"], &[]).0, Some(2), "not both");
    assert_eq!(run(&["--dry-run"], &[("GOTONG_REDIS_URL", "redis://127.0.0.1:1")]).0, Some(1));
}
