//! `/events` and `/jobs/{id}/events`.

use harness::{Client, LONG, Platform, eventually, jpeg};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// One server-sent event.
#[derive(Debug)]
struct Told {
    name: String,
    id: String,
    data: Value,
}

/// An open stream of events.
struct Events {
    answer: reqwest::Response,
    read: String,
}

impl Events {
    async fn open(client: &Client, path: &str, last: Option<&str>) -> Self {
        let mut request = client.request("GET", path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { answer, read: String::new() }
    }

    /// The next event; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    lines.map(str::to_owned).collect::<String>()
                };
                let told = Told {
                    name: field("event"),
                    id: field("id"),
                    data: serde_json::from_str(&field("data")).unwrap_or_default(),
                };
                self.read = String::from(rest);
                if told.name.is_empty() {
                    continue;
                }
                return Some(told);
            }
            let chunk = timeout(LONG, self.answer.chunk()).await.expect("news or an end").unwrap()?;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The first event from here on of which that is true.
    async fn until(&mut self, what: impl Fn(&Value) -> bool) -> Told {
        loop {
            let told = self.next().await.expect("the stream goes on");
            if what(&told.data) {
                return told;
            }
        }
    }
}

#[tokio::test]
async fn a_job_is_followed_to_its_end() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client().await;
    let (_, media) = client.upload("photo.jpg", jpeg(300, 200, 1)).await;
    let path = format!("/api/v1/jobs/{}/events", media["job_id"].as_str().unwrap());
    let mut events = Events::open(&client, &path, None).await;
    let first = events.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.data["state"]), ("job", &json!("available")), "{first:?}");
    assert_eq!((&first.data["id"], &first.data["finished"]), (&media["job_id"], &json!(false)));
    // Whoever has this state already is told of the next one only.
    let mut knowing = Events::open(&client, &path, Some(&first.id)).await;
    let _worker = platform.worker();
    let after = knowing.next().await.unwrap();
    assert_ne!(after.id, first.id);
    let end = events.until(|job| job["finished"] == true).await;
    assert_eq!((&end.data["state"], &end.data["attempt"]), (&json!("completed"), &json!(1)), "{end:?}");
    assert!(end.data["finished_at"].is_string() && end.data["worker"].is_string(), "{end:?}");
    assert!(events.next().await.is_none(), "nothing follows the end");
    let mut late = Events::open(&client, &path, None).await;
    assert_eq!(late.next().await.unwrap().data, end.data);
    assert!(late.next().await.is_none());
    let known = client.request("GET", &path).header("last-event-id", &end.id).send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NO_CONTENT, "a client that knows the end need not come back");
    let (status, problem) = client.get("/api/v1/jobs/019d0000-0000-7000-8000-000000000000/events").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));
}

#[tokio::test]
async fn a_job_that_is_deleted_is_followed_no_longer() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let (_, media) = client.upload("photo.jpg", jpeg(30, 20, 1)).await;
    let path = format!("/api/v1/jobs/{}/events", media["job_id"].as_str().unwrap());
    let mut events = Events::open(&client, &path, None).await;
    assert!(events.next().await.is_some());
    platform.database.execute("delete from jobs").await;
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn the_platform_is_followed() {
    let platform = Platform::start().await;
    let _scheduler = platform.scheduler();
    platform.settled().await;
    let client = platform.client_of(platform.workspace, "viewer").await;
    let admin = platform.client().await;
    let mut events = Events::open(&client, "/api/v1/events", None).await;
    let first = events.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.data["backlog"]["ready"]), ("platform", &json!(0)), "{first:?}");
    let (_, media) = admin.upload("photo.jpg", jpeg(300, 200, 1)).await;
    let has = |data: &Value, code: &str| data["alerts"].as_array().unwrap().iter().any(|alert| alert["code"] == code);
    let waiting = events.until(|data| data["backlog"]["ready"] == 1 && has(data, "no_worker")).await;
    let images = waiting.data["queues"].as_array().unwrap().iter().find(|queue| queue["name"] == "images").unwrap();
    assert_eq!((&images["ready"], &images["paused"]), (&json!(1), &json!(false)), "{waiting:?}");
    let _worker = platform.worker();
    admin.finished(media["job_id"].as_str().unwrap()).await;
    let is_quiet = |data: &Value| data["backlog"]["ready"] == 0 && !has(data, "no_worker");
    let ended = events.until(|data| data["ended"][0]["outcomes"]["completed"] == 1 && is_quiet(data)).await;
    assert_eq!(ended.data["ended"][0]["kind"], "thumbnail.generate", "{ended:?}");
    // Another client is told the latest at once, whenever it comes.
    let mut other = Events::open(&client, "/api/v1/events", Some(&waiting.id)).await;
    let latest = other.next().await.unwrap();
    assert!(latest.id != waiting.id && is_quiet(&latest.data), "{latest:?}");
}

#[tokio::test]
async fn streams_end_when_the_process_stops() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let mut events = Events::open(&client, "/api/v1/events", None).await;
    assert!(events.next().await.is_some());
    let killed = std::process::Command::new("kill").arg(platform.api_pid().to_string()).status().unwrap();
    assert!(killed.success());
    while events.next().await.is_some() {}
}

/// An API in this process whose connections have small buffers, so that a client that reads nothing is noticed soon.
async fn cramped_api(platform: &Platform, stop: CancellationToken) -> (String, tokio::task::JoinHandle<()>) {
    let variables = platform.variables(&[("GOTONG_API_LISTEN", "127.0.0.1:0")]);
    let config = gotong_api::Config::read(gotong_shared::config::Reader::from_pairs(variables)).unwrap();
    let state = gotong_api::AppState::new(&config).await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(4_096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(16).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let drain = std::time::Duration::from_secs(2);
    let serving = gotong_api::serve(state, listener, drain, stop.cancelled_owned());
    (address, tokio::spawn(async move { serving.await.unwrap() }))
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_off_and_nothing_is_kept_for_it() {
    let platform = Platform::start().await;
    // A hundred alerts make each event some tens of kilobytes.
    let late = "insert into schedules (id, name, interval_s, kind, payload, next_run_at)
        select gen_random_uuid(), 'schedule ' || n, 86400, 'maintenance.purge_media', '{}', now() - interval '1 day'
        from generate_series(1, 100) n";
    platform.database.execute(late).await;
    let stop = CancellationToken::new();
    let (address, serving) = cramped_api(&platform, stop.clone()).await;
    let key = platform.client().await.key;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut slow = socket.connect(address.parse().unwrap()).await.unwrap();
    let head = format!("GET /api/v1/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\r\n");
    slow.write_all(head.as_bytes()).await.unwrap();
    let open = async || {
        let metrics = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("gotong_api_event_streams "));
        line.and_then(|number| number.parse::<u32>().ok()).unwrap_or(0)
    };
    eventually("the stream is open", LONG, async || (open().await == 1).then_some(())).await;
    // Every look shows something new.
    let more = "insert into queue_minutes (minute, queue, kind, completed) values (now(), 'images', 'k', 1)";
    eventually("the stream is closed", LONG, async || {
        platform.database.execute(more).await;
        (open().await == 0).then_some(())
    })
    .await;
    let mut left = Vec::new();
    drop(timeout(LONG, slow.read_to_end(&mut left)).await.expect("the connection is closed"));
    assert!(left.starts_with(b"HTTP/1.1 200"), "it was served until then");
    assert!(left.len() < 1 << 20, "{} bytes were kept for it", left.len());
    stop.cancel();
    serving.await.unwrap();
}
