//! Queries of workspaces: what they read, and what they cannot do. The role is tried past every check of ours.

use super::{Stage, day};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gotong_shared::reports::{parameters::Parameter, statement};
use harness::answer;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_query_reads_its_own_workspace_with_its_parameters() {
    let stage = Stage::new().await;
    let sql = "
        select kind, count(*) as jobs, avg(attempt)::numeric(10, 3) as attempts, max(finished_at) as last,
            (:from at time zone :zone)::date as day, :since as since, :note as note, array_agg(distinct state) as states,
            interval '1.5 s' as pause, null::bool as nothing
        from jobs where created_at >= :from and created_at < :to and state = any (:states) and attempt >= :least
        group by kind order by kind;";
    let parameters = json!([
        { "name": "states", "type": "list", "required": true },
        { "name": "least", "type": "integer", "default": 1 },
        { "name": "since", "type": "date" },
        { "name": "note", "type": "text" }
    ]);
    let id = stage.define(&json!({ "name": "by kind", "sql": sql, "parameters": parameters })).await;
    let (_, definition) = stage.client.get(&format!("/api/v1/report-definitions/{id}")).await;
    let types: Vec<_> = definition["columns"].as_array().unwrap().iter().map(|column| &column["type"]).collect();
    let expected =
        ["text", "bigint", "numeric", "timestamp with time zone", "date", "date", "text", "text[]", "interval"];
    assert_eq!(types[..9], expected, "{definition}");
    let ask = |parameters: serde_json::Value| {
        day(json!({ "data_set": null, "definition": { "id": id }, "format": "jsonl", "time_zone": "Asia/Jakarta",
            "parameters": parameters }))
    };
    let note = "x'); drop table jobs; -- ${1} :least";
    let report =
        stage.report(&ask(json!({ "states": ["completed", "dead"], "since": "2026-02-28", "note": note }))).await;
    assert_eq!(report["state"], "ready", "{report}");
    assert_eq!(report["definition"], json!({ "id": id, "version": 1 }));
    let rows = String::from_utf8(stage.content(&report).await).unwrap();
    let rows: Vec<serde_json::Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(
        (&rows[0]["kind"], &rows[0]["jobs"]),
        (&json!("email.send"), &json!(4)),
        "the foreign one is not counted"
    );
    assert_eq!((&rows[0]["day"], &rows[0]["since"]), (&json!("2026-10-05"), &json!("2026-02-28")));
    assert_eq!((&rows[0]["note"], &rows[0]["states"]), (&json!(note), &json!("{completed,dead}")));
    assert_eq!((&rows[0]["pause"], &rows[0]["nothing"]), (&json!(1500), &json!(null)));

    for (parameters, pointer) in [
        (json!({}), "/parameters/states"),
        (json!({ "states": "completed" }), "/parameters/states"),
        (json!({ "states": [], "least": "1" }), "/parameters/least"),
        (json!({ "states": [], "since": "2026-02-30" }), "/parameters/since"),
        (json!({ "states": [], "other": 1 }), "/parameters/other"),
    ] {
        let request = stage.client.request("POST", "/api/v1/reports").json(&ask(parameters));
        let (status, problem) = answer(request.send().await.unwrap()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[tokio::test]
async fn versions_stay_and_a_report_says_of_which_it_is() {
    let stage = Stage::new().await;
    let id = stage.define(&json!({ "name": "one", "sql": "select 1 as n" })).await;
    let path = format!("/api/v1/report-definitions/{id}");
    let second = json!({ "name": "one", "sql": "select 2 as n" });
    let put = async |tag: Option<&str>| {
        let mut request = stage.client.request("PUT", &path).json(&second);
        if let Some(tag) = tag {
            request = request.header("If-Match", tag);
        }
        answer(request.send().await.unwrap()).await
    };
    assert_eq!(put(None).await.0, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(put(Some("\"v9\"")).await.0, StatusCode::PRECONDITION_FAILED);
    let (status, definition) = put(Some("\"v1\"")).await;
    assert_eq!((status, &definition["version"]), (StatusCode::OK, &json!(2)), "{definition}");
    for (version, n) in [(json!(1), "1"), (json!(2), "2"), (json!(null), "2")] {
        let request = json!({ "definition": { "id": id, "version": version } });
        let report = stage.report(&request).await;
        let csv = String::from_utf8(stage.content(&report).await).unwrap();
        assert_eq!(csv.lines().nth(1), Some(n), "version {version}: {csv}");
        assert_eq!(report["definition"]["version"].to_string(), n, "what was meant is kept: {report}");
    }
    let (_, first) = stage.client.get(&format!("{path}/versions/1")).await;
    assert_eq!((&first["sql"], &first["latest_version"]), (&json!("select 1 as n"), &json!(2)));
    let (status, problem) =
        answer(stage.client.request("POST", "/api/v1/report-definitions").json(&second).send().await.unwrap()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("name_taken")), "{problem}");
    let deleted = stage.client.request("DELETE", &path).header("If-Match", "*").send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    let request = stage.client.request("POST", "/api/v1/reports").json(&json!({ "definition": { "id": id } }));
    let (status, problem) = answer(request.send().await.unwrap()).await;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("/definition/id"))
    );
}

#[tokio::test]
async fn what_is_no_reading_query_is_refused_in_words() {
    let stage = Stage::new().await;
    for (sql, words) in [
        ("delete from jobs", "begins with \"delete\""),
        ("select 1; drop table jobs", "more than one statement (at character 11)"),
        ("with gone as (delete from jobs returning id) select * from gone", "WITH clause containing a data-modifying"),
        ("select * from public.jobs", "permission denied for table jobs"),
        ("select hash from public.api_keys", "permission denied for table api_keys"),
        ("select hash from api_keys", "column \"hash\" does not exist"),
        ("select report_ticket from public.workspaces", "permission denied for table workspaces"),
        ("select * from tea", "relation \"tea\" does not exist"),
        ("select 1 as a, 2 as a", "two columns are called \"a\""),
        ("select row(1, 2) as a", "of the type record"),
        ("select :tea", "names the parameter :tea"),
        ("select id from jobs for update", "permission denied for view jobs"),
        ("select nextval('x')", "does not exist"),
        ("selec 1", "begins with \"selec\""),
    ] {
        let definition = json!({ "name": sql, "sql": sql });
        let request = stage.client.request("POST", "/api/v1/report-definitions").json(&definition);
        let (status, problem) = answer(request.send().await.unwrap()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{sql}: {problem}");
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], "/sql", "{sql}: {problem}");
        assert!(error["message"].as_str().unwrap().contains(words), "{sql}: {problem}");
    }
    let operator = stage.platform.client_of(stage.platform.workspace, "operator").await;
    let request =
        operator.request("POST", "/api/v1/report-definitions").json(&json!({ "name": "x", "sql": "select 1" }));
    assert_eq!(answer(request.send().await.unwrap()).await.0, StatusCode::FORBIDDEN);
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// What PostgreSQL answers to a query that is handed to the role as it is, in a transaction that may write.
async fn past_every_check(connection: &mut AsyncPgConnection, query: &str, columns: &str) -> Result<usize, String> {
    let statement = format!("select * from reporting.run($q${query}$q$, '{{}}') as t({columns})");
    diesel::sql_query(statement).execute(connection).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_role_holds_where_validation_is_bypassed() {
    let stage = Stage::new().await;
    let mut connection = AsyncPgConnection::establish(&stage.platform.database.url).await.unwrap();
    let jobs = stage.platform.database.count("select count(*) from jobs").await;
    for (query, words) in [
        ("delete from public.jobs returning id::text", "not allowed in a non-volatile function"),
        ("select 'a'; delete from public.jobs", "cannot open multi-query plan as cursor"),
        ("select 'a'; select 'b'", "cannot open multi-query plan as cursor"),
        ("create table public.t (x int)", "cannot open CREATE TABLE query as cursor"),
        ("select set_config('role', 'none', true)", "cannot set parameter \"role\""),
        (
            "select set_config('session_authorization', 'default', true)",
            "cannot set parameter \"session_authorization\"",
        ),
        (
            "select query_to_xml('delete from public.jobs', true, true, '')::text",
            "not allowed in a non-volatile function",
        ),
        ("select query_to_xml('table public.api_keys', true, true, '')::text", "permission denied for table api_keys"),
        ("select id::text from public.api_keys", "permission denied for table api_keys"),
        ("select pg_read_file('/etc/passwd')", "permission denied for function pg_read_file"),
    ] {
        let refused = past_every_check(&mut connection, query, "a text").await.expect_err(query);
        assert!(refused.contains(words), "{query}: {refused}");
    }
    // The role itself, without the function that it runs in.
    connection.batch_execute("begin; set local role gotong_reports").await.unwrap();
    let written = connection.batch_execute("update public.jobs set state = 'dead'").await.unwrap_err().to_string();
    assert!(written.contains("permission denied"), "{written}");
    connection.batch_execute("rollback").await.unwrap();
    assert_eq!(stage.platform.database.count("select count(*) from jobs").await, jobs);

    // Without a ticket, or with one that is none, there is nothing to see; a ticket shows one workspace.
    let count = async |connection: &mut AsyncPgConnection, ticket: &str| {
        connection.batch_execute(&format!("set gotong.report_ticket = '{ticket}'")).await.unwrap();
        let seen = "select a as value from reporting.run('select count(*)::text from jobs', '{}') as t(a text)";
        diesel::sql_query(seen).get_result::<Row>(connection).await.map(|row| row.value)
    };
    assert_eq!(count(&mut connection, "").await.unwrap(), "0");
    assert_eq!(count(&mut connection, &"00".repeat(32)).await.unwrap(), "0");
    let ticket = format!(
        "select encode(report_ticket, 'hex') as value from workspaces where id = '{}'",
        stage.platform.workspace
    );
    let ticket = stage.platform.database.values(&ticket).await.remove(0);
    assert_eq!(count(&mut connection, &ticket).await.unwrap(), "10", "and not the eleventh");
}

#[tokio::test]
async fn a_dump_without_owners_runs_nothing() {
    let stage = Stage::new().await;
    let database = &stage.platform.database;
    database.execute("alter function reporting.run(text, jsonb) owner to current_user").await;
    let mut connection = AsyncPgConnection::establish(&database.url).await.unwrap();
    let refused = past_every_check(&mut connection, "select 'a'", "a text").await.unwrap_err();
    assert!(refused.contains("does not belong to the role gotong_reports"), "{refused}");
}

#[test]
fn a_prepared_query_stands_where_only_a_query_may() {
    let none: [Parameter; 0] = [];
    let query = statement::prepare("select 1 -- the end", &none).unwrap();
    let limited = gotong_shared::reports::source::limited(&query, 3);
    assert_eq!(limited, "select * from (\nselect 1 -- the end\n) as report limit 3");
}
