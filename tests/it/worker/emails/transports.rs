//! TLS, a password, and files in the place of a server.

use super::{in_state, plain, platform, send};
use harness::{
    Binary, Process, eventually,
    mail::{MailServer, certificate, examine},
};

#[tokio::test]
async fn a_server_that_asks_for_starttls_and_a_password_gets_both() {
    tls_and_a_password(&[], |port| format!("smtp://gotong:s%C3%A4cret%2F1@localhost:{port}?tls=required")).await;
}

#[tokio::test]
async fn a_server_that_speaks_tls_from_the_start_gets_a_password_too() {
    tls_and_a_password(&["--wrapped"], |port| format!("smtps://gotong:s%C3%A4cret%2F1@localhost:{port}")).await;
}

async fn tls_and_a_password(options: &[&str], url: impl Fn(u16) -> String) {
    let (certificate, key) = certificate();
    let folder = std::env::temp_dir().join(format!("gotong-tls-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).unwrap();
    let (both, roots) = (folder.join("server.pem"), folder.join("roots.pem"));
    std::fs::write(&both, format!("{certificate}{key}")).unwrap();
    std::fs::write(&roots, certificate).unwrap();
    let server = MailServer::start(&[&["--certificate", both.to_str().unwrap()], options].concat());
    let platform = platform(&server, &[("GOTONG_SMTP_URL", url(server.port))]).await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let id = send(&client, &plain("ok-1@a.example")).await;

    // Without trust in the certificate nothing is said to the server.
    let variables = platform.variables(&[("GOTONG_WORKER_QUEUES", "mail:1")]);
    let distrustful = Process::spawn(Binary::Worker, &variables);
    let job = eventually("the certificate is refused", super::PATIENCE, async || {
        let (_, job) = client.get(&format!("/api/v1/jobs/{id}")).await;
        (job["error"]["class"] == "smtp_unavailable").then_some(job)
    })
    .await;
    assert!(!job.to_string().contains("cret"), "the password is told to nobody: {job}");
    distrustful.kill9();

    let trusting =
        platform.variables(&[("GOTONG_WORKER_QUEUES", "mail:1"), ("SSL_CERT_FILE", roots.to_str().unwrap())]);
    let _worker = Process::spawn(Binary::Worker, &trusting);
    in_state(&client, &id, "sent").await;
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!((&received[0]["encrypted"], &received[0]["user"]), (&true.into(), &"gotong".into()));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn without_a_server_messages_become_files() {
    let folder = std::env::temp_dir().join(format!("gotong-outbox-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).unwrap();
    let server = MailServer::start(&[]);
    let platform = platform(&server, &[("GOTONG_SMTP_URL", format!("file://{}", folder.display()))]).await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let id = send(&client, &plain("siti@example.org")).await;
    let sent = in_state(&client, &id, "sent").await;
    let read = examine(&std::fs::read(folder.join(format!("{id}-0.eml"))).unwrap());
    assert_eq!((&read["message_id"], &read["subject"]), (&sent["message_id"], &"Halo".into()));
    assert!(server.received().is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}
