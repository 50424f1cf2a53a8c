//! E-mails of the ledger to a mail server, beside a bare loop of lettre over as many connections to the same one.

use crate::figures::tell;
use anyhow::{Context as _, Result, ensure};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gotong_queue::Client;
use gotong_shared::{
    config::{QueueConfig, Reader},
    enqueue::{Dispatcher, NewJob, enqueue},
    jobs::EmailSend,
    process,
};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, transport::smtp::PoolConfig};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const WORKSPACE: Uuid = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0002);
const LIMIT: Duration = Duration::from_mins(5);
const SUBJECT: &str = "Undangan: rapat orang tua";
const TEXT: &str = "Yth. Bapak dan Ibu,\n\nkami mengundang Anda ke rapat hari Sabtu pukul 9.\n\nTerima kasih.\n";

const ROWS: &str = "
    with rows as (
        insert into emails (id, workspace_id, message_id, sender, return_path, subject, text_body)
        select id, $2, '<' || id || '@localhost>', 'gotong@localhost', 'gotong@localhost', $3, $4
        from unnest($1) as each (id) returning id)
    insert into email_recipients (email_id, position, workspace_id, field, address, domain)
    select id, 0, $2, 'to', 'siti@example.org', 'example.org' from rows";

/// Measures `rounds` times `messages` messages, both ways in turn, over so many connections.
pub async fn run(messages: usize, rounds: usize, connections: usize) -> Result<()> {
    process::choose_tls();
    let url = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set: use `cargo xtask bench`"));
    let (server, database) = (url("GOTONG_SMTP_URL")?, url("GOTONG_DATABASE_URL")?);
    let mut ledger = AsyncPgConnection::establish(&database).await?;
    let workspace = format!("insert into workspaces (id, name) values ('{WORKSPACE}', 'bench') on conflict do nothing");
    ledger.batch_execute(&workspace).await?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(rate(messages, loop_of_lettre(&server, messages, connections).await?));
        accept(&mut ledger, messages).await?;
        ours.push(rate(messages, worker(&mut ledger, messages, connections).await?));
    }
    let ratios: Vec<f64> = ours.iter().zip(&bare).map(|(ours, bare)| ours / bare).collect();
    tell(&format!("a bare loop of lettre, {connections} connections"), "messages/s", &bare);
    tell("e-mails of the ledger, guard and answers committed", "messages/s", &ours);
    tell("ours of the bare loop (goal: 0.7)", "", &ratios);
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "counts of a benchmark")]
fn rate(messages: usize, took: Duration) -> f64 {
    messages as f64 / took.as_secs_f64()
}

/// As many tasks as there are connections, each sending one message after the other.
async fn loop_of_lettre(server: &str, messages: usize, connections: usize) -> Result<Duration> {
    let pool = PoolConfig::new().max_size(u32::try_from(connections)?);
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(server)?.pool_config(pool).build();
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let send = async || -> Result<()> {
        while next.fetch_add(1, Ordering::Relaxed) < messages {
            let message = Message::builder()
                .from("gotong@localhost".parse()?)
                .to("siti@example.org".parse()?)
                .subject(SUBJECT)
                .body(TEXT.to_owned())?;
            transport.send(message).await?;
        }
        Ok(())
    };
    futures::future::try_join_all((0..connections).map(|_| send())).await?;
    Ok(start.elapsed())
}

/// Rows, jobs and their push, before anything is measured.
async fn accept(ledger: &mut AsyncPgConnection, messages: usize) -> Result<()> {
    let client = Client::connect(QueueConfig::read(&mut Reader::from_environment()).engine()).await?;
    let dispatcher = Dispatcher::new(client);
    for start in (0..messages).step_by(1_000) {
        let clock = dispatcher.clock().await;
        let ids: Vec<Uuid> = (start..messages.min(start + 1_000)).map(|_| Uuid::now_v7()).collect();
        let job = |id: &Uuid| Ok(NewJob { id: *id, ..NewJob::of(WORKSPACE, &EmailSend { email_id: *id })? });
        let jobs = ids.iter().map(job).collect::<Result<Vec<_>>>()?;
        diesel::sql_query(ROWS)
            .bind::<Array<SqlUuid>, _>(&ids)
            .bind::<SqlUuid, _>(WORKSPACE)
            .bind::<diesel::sql_types::Text, _>(SUBJECT)
            .bind::<diesel::sql_types::Text, _>(TEXT)
            .execute(ledger)
            .await?;
        let enqueued = enqueue(ledger, &jobs).await?;
        dispatcher.push(clock, enqueued).await;
    }
    wait(ledger, "select count(*) as count from jobs where not pushed", 0).await
}

/// The production runner, from its start until the server has accepted every message and the ledger knows it.
async fn worker(ledger: &mut AsyncPgConnection, messages: usize, connections: usize) -> Result<Duration> {
    let variables = std::env::vars().filter(|(name, _)| {
        !["GOTONG_WORKER_QUEUES", "GOTONG_MAIL_CONNECTIONS", "GOTONG_PROBE_LISTEN"].contains(&name.as_str())
    });
    let more = [
        ("GOTONG_WORKER_QUEUES".to_owned(), format!("mail:{}", connections * 2)),
        ("GOTONG_MAIL_CONNECTIONS".to_owned(), connections.to_string()),
    ];
    let settings = gotong_worker::Settings::read(Reader::from_pairs(variables.chain(more)))?;
    let stop = CancellationToken::new();
    let start = Instant::now();
    let running = tokio::spawn(gotong_worker::run(settings, stop.clone()));
    wait(ledger, "select count(*) as count from email_recipients where state <> 'sent'", 0).await?;
    let took = start.elapsed();
    stop.cancel();
    running.await??;
    let accepted = "select count(*) as count from email_recipients where sends = 1";
    ensure!(count(ledger, accepted).await? == i64::try_from(messages)?, "every message goes out once");
    ledger.batch_execute("delete from emails").await?;
    Ok(took)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(ledger: &mut AsyncPgConnection, query: &str) -> Result<i64> {
    Ok(diesel::sql_query(query).get_result::<Count>(ledger).await?.count)
}

async fn wait(ledger: &mut AsyncPgConnection, query: &str, left: i64) -> Result<()> {
    let start = Instant::now();
    while count(ledger, query).await? > left {
        ensure!(start.elapsed() < LIMIT, "it takes too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
