//! What breaks in the middle.

use super::{PATIENCE, found, in_state, plain, platform, send};
use harness::{Binary, Process, eventually, mail::MailServer};

#[tokio::test]
async fn a_worker_that_dies_before_the_answer_leaves_a_second_copy_that_can_be_told_as_one() {
    let server = MailServer::start(&[]);
    let platform = platform(&server, &[]).await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let variables = platform.variables(&[("GOTONG_WORKER_QUEUES", "mail:2")]);
    let worker = Process::spawn(Binary::Worker, &variables);
    let id = send(&client, &plain("stall-1@a.example")).await;
    eventually("the server has the message", PATIENCE, async || (!server.received().is_empty()).then_some(())).await;
    let sending = found(&client, &id).await;
    assert_eq!(sending["recipients"][0]["state"], "sending", "committed before the message: {sending}");
    assert_eq!(sending["recipients"][0]["possibly_duplicate"], false);
    worker.kill9();
    let _worker = Process::spawn(Binary::Worker, &variables);
    let sent = in_state(&client, &id, "sent").await;
    assert_eq!(sent["recipients"][0]["possibly_duplicate"], true, "{sent}");
    assert_eq!(sent["recipients"][0]["sends"], 2);
    let copies = server.examined(None);
    assert_eq!(copies.len(), 2);
    for copy in copies {
        assert_eq!(copy["message_id"], sent["message_id"]);
    }
    let received = server.received();
    assert_eq!(received[0]["data"], received[1]["data"], "the same bytes");
}

#[tokio::test]
async fn messages_wait_for_a_server_that_is_down() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = MailServer::start(&[]);
    let nobody = ("GOTONG_SMTP_URL", format!("smtp://127.0.0.1:{port}"));
    let platform = platform(&server, std::slice::from_ref(&nobody)).await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let worker = platform.worker();
    let id = send(&client, &plain("ok-1@a.example")).await;
    eventually("an attempt has failed", PATIENCE, async || {
        let (_, job) = client.get(&format!("/api/v1/jobs/{id}")).await;
        (job["error"]["class"] == "smtp_unavailable").then_some(())
    })
    .await;
    assert_eq!(found(&client, &id).await["recipients"][0]["state"], "queued");
    worker.stop().await;
    let variables = platform.variables(&[("GOTONG_SMTP_URL", &server.url()), ("GOTONG_WORKER_QUEUES", "mail:2")]);
    let _worker = Process::spawn(Binary::Worker, &variables);
    let sent = in_state(&client, &id, "sent").await;
    assert_eq!(sent["recipients"][0]["possibly_duplicate"], false);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_domain_that_asks_for_it_is_given_time_by_all_workers() {
    let server = MailServer::start(&[]);
    let platform = platform(&server, &[]).await;
    let (_one, _two, _scheduler) = (platform.worker_on("mail:2"), platform.worker_on("mail:2"), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    // The domain is slow already: one message an hour, and the hour has just begun.
    let slow = "insert into email_domains values
        ('slow.example', 3600000, now() + interval '1 hour', now(), 'slow down')";
    platform.database.execute(slow).await;
    let waiting = send(&client, &plain("ok-1@slow.example")).await;
    let other = send(&client, &plain("ok-1@fast.example")).await;
    in_state(&client, &other, "sent").await;
    eventually("the message is put off without an attempt being spent", PATIENCE, async || {
        let (_, job) = client.get(&format!("/api/v1/jobs/{waiting}")).await;
        let snoozed = job["attempts"].as_array()?.iter().any(|attempt| attempt["outcome"] == "snoozed");
        (snoozed || job["state"] == "scheduled").then_some(())
    })
    .await;
    assert_eq!(found(&client, &waiting).await["recipients"][0]["state"], "queued");
    assert!(server.received().iter().all(|line| line["to"][0] == "ok-1@fast.example"));
}
