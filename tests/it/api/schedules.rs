//! `/schedules`.

use harness::{Client, LONG, Platform, eventually};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

async fn send(client: &Client, method: &str, path: &str, tag: Option<&str>, body: Value) -> (StatusCode, Value) {
    let mut request = client.request(method, path);
    if let Some(tag) = tag {
        request = request.header(header::IF_MATCH, tag);
    }
    let request = if body.is_null() { request } else { request.json(&body) };
    let answer = request.send().await.expect("the API answers");
    let (status, text) = (answer.status(), answer.text().await.expect("a body"));
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// A schedule that fires far from now, with some members of its definition replaced.
fn definition(name: &str, change: &Value) -> Value {
    let mut all = json!({
        "name": name, "timing": { "cron": "30 2 1 1 *", "zone": "Asia/Jakarta" },
        "job": { "kind": "thumbnail.generate", "payload": { "media_id": "{{schedule_id}}" } }
    });
    for (member, value) in change.as_object().expect("members") {
        all[member] = value.clone();
    }
    all
}

async fn create(client: &Client, body: Value) -> Value {
    let (status, schedule) = send(client, "POST", "/api/v1/schedules", None, body).await;
    assert_eq!(status, StatusCode::CREATED, "{schedule}");
    schedule
}

fn path(schedule: &Value) -> &str {
    schedule["links"]["self"].as_str().expect("a link")
}

#[tokio::test]
async fn a_schedule_is_made_read_changed_and_deleted_as_it_was_seen() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let made = create(&client, definition("nightly", &json!({}))).await;
    assert_eq!((made["state"].as_str(), made["built_in"].as_bool()), (Some("active"), Some(false)), "{made}");
    assert_eq!(made["sentence"]["en"], "At 02:30 on day 1 of the month in January (Asia/Jakarta).");
    assert!(made["next_run_at"].as_str().unwrap().ends_with("-12-31T19:30:00+00:00"), "{made}");
    let answer = client.request("GET", path(&made)).send().await.unwrap();
    let tag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(answer.json::<Value>().await.unwrap(), made);
    let changed = definition("hourly", &json!({ "timing": { "cron": "@hourly" }, "overlap": "skip" }));
    let put = async |tag: Option<&str>| send(&client, "PUT", path(&made), tag, changed.clone()).await;
    let (status, problem) = put(None).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (428, Some("precondition_required")));
    let (status, problem) = put(Some("\"17\"")).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (412, Some("precondition_failed")));
    let (status, replaced) = put(Some(&tag)).await;
    assert_eq!(status, StatusCode::OK, "{replaced}");
    assert_eq!(
        (&replaced["definition"]["name"], &replaced["definition"]["overlap"]),
        (&json!("hourly"), &json!("skip"))
    );
    assert_ne!(replaced["etag"], json!(tag));
    assert_ne!(replaced["next_run_at"], made["next_run_at"]);
    assert_eq!(put(Some(&tag)).await.0, StatusCode::PRECONDITION_FAILED, "the tag is an old one by now");
    create(&client, definition("nightly", &json!({}))).await;
    let (status, problem) = send(&client, "POST", "/api/v1/schedules", None, definition("hourly", &json!({}))).await;
    assert_eq!((status.as_u16(), problem["errors"][0]["pointer"].as_str()), (409, Some("/name")), "{problem}");
    let delete = async |tag: Option<&str>| send(&client, "DELETE", path(&made), tag, Value::Null).await.0.as_u16();
    assert_eq!((delete(None).await, delete(Some(&tag)).await), (428, 412));
    assert_eq!((delete(Some("*")).await, delete(Some("*")).await), (204, 404));
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_field_and_place() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    for (change, pointer, message) in [
        (json!({ "timing": { "cron": "0 0 31 2 *" } }), "/timing/cron", "no run before the year 2100 (at character 1)"),
        (json!({ "timing": { "cron": "0 25 * * *" } }), "/timing/cron", "(at character 3)"),
        (json!({ "timing": { "cron": "@daily", "zone": "Mars/Olympus" } }), "/timing/zone", "no time zone"),
        (json!({ "timing": { "every_s": 0 } }), "/timing/every_s", "is not from 1"),
        (json!({ "timing": { "every_s": "soon" } }), "/timing/every_s", "invalid type"),
        (
            json!({ "job": { "kind": "thumbnail.generate", "payload": { "image": 7 } } }),
            "/job/payload/image",
            "unknown",
        ),
        (json!({ "job": { "kind": "thumbnail.generate" } }), "/job/payload", "missing"),
        (json!({ "job": { "kind": "maintenance.purge_media", "payload": { "grace_s": 0 } } }), "/job/kind", "no kind"),
        (json!({ "overlap": "sometimes" }), "/overlap", "none of"),
        (json!({ "colour": "red" }), "/colour", "unknown field"),
    ] {
        let (status, problem) = send(&client, "POST", "/api/v1/schedules", None, definition("bad", &change)).await;
        assert_eq!((status.as_u16(), problem["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{problem}");
        assert!(problem["errors"][0]["message"].as_str().unwrap().contains(message), "{problem}");
    }
    assert_eq!(platform.database.count("select count(*) from schedules").await, 0, "nothing was kept");
}

#[tokio::test]
async fn a_preview_shows_runs_and_clock_changes_before_anything_is_saved() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let timing = json!({ "cron": "30 2 * 3,10 0", "zone": "Europe/Paris", "starts_at": "2027-03-20T00:00:00Z" });
    let (status, preview) = send(&client, "POST", "/api/v1/schedules/preview", None, timing.clone()).await;
    assert_eq!((status, preview["runs"].as_array().unwrap().len()), (StatusCode::OK, 20), "{preview}");
    let runs = &preview["runs"];
    assert_eq!((&runs[1]["local"], &runs[1]["effect"]), (&json!("2027-03-28T03:00:00+02:00"), &json!("moved")));
    assert_eq!((&runs[1]["offset_s"], &runs[1]["offset_changed"]), (&json!(7200), &json!(true)));
    let twice = runs.as_array().unwrap().iter().find(|run| run["effect"] == "first_of_two").unwrap();
    assert_eq!(twice["local"], "2027-10-31T02:30:00+02:00");
    assert_eq!(preview["sentence"]["id"], "Pukul 02.30 pada hari Minggu pada bulan Maret dan Oktober (Europe/Paris).");
    let made = create(&client, definition("sundays", &json!({ "timing": timing }))).await;
    let (status, saved) = client.get(made["links"]["preview"].as_str().unwrap()).await;
    assert_eq!((status, saved), (StatusCode::OK, preview));
    let (status, problem) =
        send(&client, "POST", "/api/v1/schedules/preview", None, json!({ "cron": "* * 32 * *" })).await;
    assert_eq!((status.as_u16(), problem["errors"][0]["pointer"].as_str()), (422, Some("/cron")), "{problem}");
}

#[tokio::test]
async fn a_paused_schedule_rests_and_a_resumed_one_begins_with_what_lies_ahead() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let made = create(&client, definition("often", &json!({ "timing": { "every_s": 1 } }))).await;
    let act = async |action: &str| {
        let (status, schedule) = send(&client, "POST", &format!("{}/{action}", path(&made)), None, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{schedule}");
        schedule
    };
    for _ in 0..2 {
        let paused = act("pause").await;
        assert_eq!((&paused["state"], paused.get("next_run_at")), (&json!("paused"), None), "{paused}");
    }
    let _scheduler = platform.scheduler();
    let other = create(&client, definition("other", &json!({ "timing": { "every_s": 1 } }))).await;
    let count = async |schedule: &Value| {
        let id = schedule["id"].as_str().unwrap();
        platform.database.count(&format!("select count(*) from jobs where schedule_id = '{id}'")).await
    };
    eventually("the other one fires", LONG, async || (count(&other).await >= 2).then_some(())).await;
    assert_eq!(count(&made).await, 0, "a paused one does not");
    act("resume").await;
    eventually("it fires again", LONG, async || (count(&made).await >= 1).then_some(())).await;
    let missed = "select count(*) from schedule_ticks where outcome = 'missed'";
    assert_eq!(platform.database.count(missed).await, 0, "what it did not do while it was paused is not missed");
}

#[tokio::test]
async fn a_run_can_be_asked_for_and_the_history_tells_what_became_of_it() {
    let platform = Platform::start().await;
    let (_worker, _scheduler) = (platform.worker(), platform.scheduler());
    platform.settled().await;
    let client = platform.client().await;
    let made = create(&client, definition("rare", &json!({}))).await;
    let ask = async || {
        let request = client.request("POST", &format!("{}/run-now", path(&made))).header("idempotency-key", "once");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        (answer.headers().contains_key("idempotency-replayed"), answer.json::<Value>().await.unwrap())
    };
    let ((first, run), (second, replayed)) = (ask().await, ask().await);
    assert_eq!((first, second), (false, true));
    assert_eq!(run["job_id"], replayed["job_id"]);
    assert_eq!((&run["manual"], &run["outcome"]), (&json!(true), &json!("enqueued")));
    // There is no such image, so its handler calls the job off.
    let job = client.finished(run["job_id"].as_str().unwrap()).await;
    assert_eq!(job["state"], "cancelled");
    let (status, runs) = client.get(made["links"]["runs"].as_str().unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(runs["meta"]["count"], 1, "{runs}");
    assert_eq!((&runs["data"][0]["job_id"], &runs["data"][0]["job_state"]), (&run["job_id"], &json!("cancelled")));
    let paging = format!(
        "insert into schedule_ticks (schedule_id, tick, outcome)
         select '{}', now() - n * interval '1 hour', 'overlapped' from generate_series(1, 4) n",
        made["id"].as_str().unwrap()
    );
    platform.database.execute(&paging).await;
    let (_, page) = client.get(&format!("{}/runs?per_page=3", path(&made))).await;
    assert!(page["data"][1]["lateness_ms"].as_i64().unwrap() >= 3_600_000, "{page}");
    let (_, last) = client.get(page["links"]["next"].as_str().unwrap()).await;
    assert_eq!((last["meta"]["count"].as_i64(), last["links"].get("next")), (Some(2), None), "{last}");
    let (_, first) = client.get(last["links"]["prev"].as_str().unwrap()).await;
    assert_eq!(first["data"], page["data"]);
}

#[tokio::test]
async fn a_repeated_creation_is_answered_alike() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let post = async |name: &str| {
        let request = client.request("POST", "/api/v1/schedules").header("idempotency-key", "s-1");
        let answer = request.json(&definition(name, &json!({}))).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (first, second) = (post("once").await, post("once").await);
    assert_eq!((first.0, &first), (201, &second));
    let (status, problem) = post("another").await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("idempotency_mismatch")));
    assert_eq!(platform.database.count("select count(*) from schedules").await, 1);
}

#[tokio::test]
async fn roles_and_workspaces_keep_schedules_apart() {
    let platform = Platform::start().await;
    let foreign = Uuid::now_v7();
    platform.database.execute(&format!("insert into workspaces (id, name) values ('{foreign}', 'foreign')")).await;
    let _scheduler = platform.scheduler();
    let built_in = "select count(*) from schedules where workspace_id is null";
    eventually("the built-in ones are there", LONG, async || {
        (platform.database.count(built_in).await > 0).then_some(())
    })
    .await;
    let [admin, operator, viewer] =
        ["admin", "operator", "viewer"].map(|role| platform.client_of(platform.workspace, role));
    let (admin, operator, viewer) = (admin.await, operator.await, viewer.await);
    let foreigner = platform.client_of(foreign, "admin").await;
    let made = create(&operator, definition("ours", &json!({}))).await;
    assert_eq!(viewer.get(path(&made)).await.0, StatusCode::OK);
    let (status, _) = send(&viewer, "POST", "/api/v1/schedules", None, definition("theirs", &json!({}))).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    for (method, path) in [
        ("GET", path(&made).to_owned()),
        ("GET", format!("{}/runs", path(&made))),
        ("GET", format!("{}/preview", path(&made))),
        ("POST", format!("{}/pause", path(&made))),
        ("POST", format!("{}/run-now", path(&made))),
        ("DELETE", path(&made).to_owned()),
    ] {
        let (status, _) = send(&foreigner, method, &path, Some("*"), Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
    }
    create(&foreigner, definition("ours", &json!({}))).await;
    let names = async |client: &Client| {
        let (_, list) = client.get("/api/v1/schedules?per_page=100").await;
        let data = list["data"].as_array().unwrap();
        let names =
            data.iter().map(|each| (each["definition"]["name"].as_str().unwrap().to_owned(), each["built_in"] == true));
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&viewer).await, [("ours".to_owned(), false)]);
    assert_eq!(names(&operator).await, [("ours".to_owned(), false)]);
    assert!(names(&admin).await.contains(&("purge-deleted-media".to_owned(), true)));
    let (_, list) = admin.get("/api/v1/schedules?per_page=100").await;
    let purge = list["data"].as_array().unwrap().iter().find(|s| s["definition"]["name"] == "purge-deleted-media");
    let purge = purge.unwrap().clone();
    let (status, problem) = send(&admin, "DELETE", path(&purge), Some("*"), Value::Null).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (409, Some("built_in")));
    let mut changed = purge["definition"].clone();
    changed["job"]["payload"]["grace_s"] = json!(60);
    let (status, edited) = send(&admin, "PUT", path(&purge), purge["etag"].as_str(), changed.clone()).await;
    assert_eq!((status, &edited["definition"]["job"]["payload"]["grace_s"]), (StatusCode::OK, &json!(60)), "{edited}");
    changed["name"] = json!("mine");
    let (status, problem) = send(&admin, "PUT", path(&purge), Some("*"), changed).await;
    assert_eq!((status.as_u16(), problem["errors"][0]["pointer"].as_str()), (422, Some("/name")));
    let (status, run) = send(&admin, "POST", &format!("{}/run-now", path(&purge)), None, Value::Null).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{run}");
    let job = format!("/api/v1/jobs/{}", run["job_id"].as_str().unwrap());
    let (status, found) = admin.get(&job).await;
    assert_eq!((status, found["kind"].as_str()), (StatusCode::OK, Some("maintenance.purge_media")), "{found}");
    assert_eq!(operator.get(&job).await.0, StatusCode::NOT_FOUND);
}
