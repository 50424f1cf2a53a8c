//! Reports on a schedule, and the platform's own week.

use super::{Stage, found};
use harness::answer;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn run_now(stage: &Stage, schedule: &str) -> String {
    let path = format!("/api/v1/schedules/{schedule}/run-now");
    let (status, run) = answer(stage.client.request("POST", &path).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{run}");
    run["job_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_schedule_makes_reports_of_the_time_before_it() {
    let stage = Stage::new().await;
    let schedule = |payload: Value| {
        json!({ "name": format!("jobs {payload}").chars().take(60).collect::<String>(),
            "timing": { "cron": "0 6 * * 1", "zone": "Asia/Jakarta" },
            "job": { "kind": "report.generate", "payload": payload } })
    };
    let keep = async |payload: Value| {
        let request = stage.client.request("POST", "/api/v1/schedules").json(&schedule(payload));
        answer(request.send().await.unwrap()).await
    };
    let (status, problem) = keep(json!({ "data_set": "tea", "period": "last_week" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(problem["errors"][0]["pointer"], "/job/payload/data_set");

    let payload = json!({ "data_set": "jobs_by_kind", "period": "yesterday", "time_zone": "Asia/Jakarta" });
    let (status, kept) = keep(payload).await;
    assert_eq!(status, StatusCode::CREATED, "{kept}");
    let job = run_now(&stage, kept["id"].as_str().unwrap()).await;
    assert_eq!(stage.client.finished(&job).await["state"], "completed");
    let report = found(&stage.client, &job).await;
    assert_eq!(report["state"], "ready", "{report}");
    for end in ["from", "to"] {
        assert!(report[end].as_str().unwrap().ends_with("T17:00:00+00:00"), "midnight in Jakarta: {report}");
    }

    let template = json!({ "data_set": "jobs", "from": "{{previous_tick}}", "to": "{{tick}}", "only_if_rows": true,
        "parameters": { "kind": "tea.brew" } });
    let (status, kept) = keep(template).await;
    assert_eq!(status, StatusCode::CREATED, "{kept}");
    let job = run_now(&stage, kept["id"].as_str().unwrap()).await;
    assert_eq!(stage.client.finished(&job).await["result"]["empty"], true);
    assert_eq!(found(&stage.client, &job).await["state"], "empty");
}

#[tokio::test]
async fn the_platforms_week_is_there_by_default_for_administrators() {
    let stage = Stage::new().await;
    let query = "select id::text as value from schedules where workspace_id is null and name = 'weekly-report'";
    let schedule = stage.platform.database.values(query).await.remove(0);
    let job = run_now(&stage, &schedule).await;
    let ended = stage.client.finished(&job).await;
    assert_eq!(ended["state"], "completed", "{ended}");
    let report = found(&stage.client, &job).await;
    assert_eq!((&report["platform"], &report["format"]), (&json!(true), &json!("pdf")), "{report}");
    assert!(stage.content(&report).await.starts_with(b"%PDF-"));
    let operator = stage.platform.client_of(stage.platform.workspace, "operator").await;
    assert_eq!(operator.get(&format!("/api/v1/reports/{job}")).await.0, StatusCode::NOT_FOUND);
}
