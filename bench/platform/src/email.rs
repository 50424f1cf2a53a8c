//! E-mails of the ledger to a mail server, beside a bare loop of lettre over as many connections to the same one.

use crate::{
    figures::{number, ratios, tell},
    place::{self, WORKSPACE, Worker},
};
use anyhow::{Result, ensure};
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
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
use uuid::Uuid;

/// How often we look.
const TICK: Duration = Duration::from_millis(20);
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
    let server = place::variable("GOTONG_SMTP_URL")?;
    let mut ledger = place::ledger().await?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(rate(messages, loop_of_lettre(&server, messages, connections).await?));
        accept(&mut ledger, messages).await?;
        ours.push(rate(messages, worker(&mut ledger, messages, connections).await?));
    }
    tell(&format!("a bare loop of lettre, {connections} connections"), "messages/s", &bare);
    tell("e-mails of the ledger, guard and answers committed", "messages/s", &ours);
    tell("ours of the bare loop (goal: 0.7)", "", &ratios(&ours, &bare));
    Ok(())
}

fn rate(messages: usize, took: Duration) -> f64 {
    number(messages) / took.as_secs_f64()
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
    place::wait_for_none(ledger, "select count(*) as count from jobs where not pushed", TICK).await
}

/// The production runner, from its start until the server has accepted every message and the ledger knows it.
async fn worker(ledger: &mut AsyncPgConnection, messages: usize, connections: usize) -> Result<Duration> {
    let start = Instant::now();
    let worker = Worker::start(&[
        ("GOTONG_WORKER_QUEUES", format!("mail:{}", connections * 2)),
        ("GOTONG_MAIL_CONNECTIONS", connections.to_string()),
    ])?;
    let open = "select count(*) as count from email_recipients where state <> 'sent'";
    place::wait_for_none(ledger, open, TICK).await?;
    let took = start.elapsed();
    worker.stop().await?;
    let accepted = "select count(*) as count from email_recipients where sends = 1";
    ensure!(place::count(ledger, accepted).await? == i64::try_from(messages)?, "every message goes out once");
    ledger.batch_execute("delete from emails").await?;
    Ok(took)
}
