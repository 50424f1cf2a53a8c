//! Days are made ahead, kept while anything in them matters, and dropped whole.

use harness::TestDatabase;

const ROW: &str = "insert into jobs (id, workspace_id, kind, queue, priority, state, payload, run_at, max_attempts,
    timeout_ms, backoff_base_ms, backoff_cap_ms, retention_s, finished_at)";

fn row(day: &str, state: &str, finished: &str) -> String {
    format!(
        "{ROW} select uuid_floor(timestamptz '{day} 12:00+00'), gen_random_uuid(), 'k', 'q', 2, '{state}', '{{}}', now(),
            1, 1, 1, 1, 3600, {finished}"
    )
}

#[tokio::test]
async fn a_day_is_dropped_only_when_everything_in_it_is_over() {
    let database = TestDatabase::create().await;
    database.execute("select create_job_partitions('2020-01-01'), create_job_partitions('2020-01-02')").await;
    database.execute(&row("2020-01-01", "completed", "now() - interval '2 hours'")).await;
    database.execute(&row("2020-01-02", "available", "null")).await;
    let drop = |day: &str| format!("select count(*) from (select drop_job_partitions('{day}') as done) d where done");
    assert_eq!(database.count(&drop("20200101")).await, 1);
    assert_eq!(database.count(&drop("20200102")).await, 0, "an open job keeps its day");
    assert_eq!(database.count("select count(*) from jobs").await, 1);
    database.execute("update jobs set state = 'dead', finished_at = now()").await;
    assert_eq!(database.count(&drop("20200102")).await, 0, "a retained job keeps its day");
    database.execute("update jobs set finished_at = now() - interval '2 hours'").await;
    assert_eq!(database.count(&drop("20200102")).await, 1);
}

#[tokio::test]
async fn a_row_outside_every_partition_moves_into_its_day_when_that_is_made() {
    let database = TestDatabase::create().await;
    database.execute(&row("2020-01-01", "available", "null")).await;
    assert_eq!(database.count("select count(*) from jobs_default").await, 1);
    database.execute("select create_job_partitions('2020-01-01'), create_job_partitions('2020-01-01')").await;
    assert_eq!(database.count("select count(*) from jobs_default").await, 0);
    assert_eq!(database.count("select count(*) from jobs_20200101").await, 1);
    assert_eq!(database.count("select count(*) from jobs").await, 1);
}
