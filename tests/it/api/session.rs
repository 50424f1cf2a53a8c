//! Signing in and out in a browser.

use gotong_api::commands::create_admin;
use harness::Platform;
use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};

async fn sign_in(platform: &Platform, body: &Value) -> Response {
    let url = format!("{}/api/v1/session", platform.client().await.url);
    reqwest::Client::new().post(url).json(body).send().await.expect("the API answers")
}

/// The cookie as a browser sends it back.
fn cookie_of(answer: &Response) -> String {
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("visible characters");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{cookie}");
    cookie.split(';').next().expect("a pair").to_owned()
}

async fn send(platform: &Platform, method: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, Value) {
    let url = format!("{}{path}", platform.client().await.url);
    let request = reqwest::Client::new().request(method.parse().expect("a method"), url);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.expect("the API answers");
    let status = answer.status();
    (status, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn an_administrator_signs_in_and_out() {
    let platform = Platform::start().await;
    let admin = create_admin(&platform.database.pool(), "ibu.sari@example.org", None).await.unwrap();
    let body = json!({ "email": "Ibu.Sari@example.org", "password": admin.password });
    let answer = sign_in(&platform, &body).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = cookie_of(&answer);
    let token = cookie.split_once('=').unwrap().1;
    let kept = platform.database.values("select encode(hash, 'hex') as value from sessions").await;
    assert_ne!(kept[0], token, "the token itself is not kept");
    let (status, session) = send(&platform, "GET", "/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!((status, session["role"].as_str()), (StatusCode::OK, Some("admin")), "{session}");
    assert_eq!(session["workspace_id"].as_str(), Some(admin.workspace_id.to_string().as_str()));
    let (status, problem) = send(&platform, "DELETE", "/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "another site may have made the browser send it: {problem}");
    let ours = [("cookie", cookie.as_str()), ("x-gotong-csrf", "1")];
    assert_eq!(send(&platform, "DELETE", "/api/v1/session", &ours).await.0, StatusCode::NO_CONTENT);
    assert_eq!(send(&platform, "GET", "/api/v1/media", &[("cookie", &cookie)]).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_of_a_key_ends_with_the_key() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let answer = sign_in(&platform, &json!({ "api_key": client.key })).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = cookie_of(&answer);
    assert_eq!(send(&platform, "GET", "/api/v1/media", &[("cookie", &cookie)]).await.0, StatusCode::OK);
    platform.database.execute("update api_keys set revoked_at = now()").await;
    assert_eq!(send(&platform, "GET", "/api/v1/media", &[("cookie", &cookie)]).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_is_slow_and_bad_bodies_are_pointed_at() {
    let platform = Platform::start().await;
    create_admin(&platform.database.pool(), "ibu.sari@example.org", None).await.unwrap();
    let wrong = json!({ "email": "ibu.sari@example.org", "password": "what could it be" });
    for _ in 0..10 {
        assert_eq!(sign_in(&platform, &wrong).await.status(), StatusCode::UNAUTHORIZED);
    }
    let slowed = sign_in(&platform, &wrong).await;
    assert_eq!(slowed.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(slowed.headers().contains_key(header::RETRY_AFTER));
    let nobody = json!({ "email": "nobody@example.org", "password": "what could it be" });
    assert_eq!(sign_in(&platform, &nobody).await.status(), StatusCode::UNAUTHORIZED);
    for (body, pointer) in [
        (json!({ "email": 17, "password": "x" }), "/email"),
        (json!({ "email": "a@example.org", "password": "x", "remember": true }), "/remember"),
        (json!({ "email": "a@example.org" }), ""),
    ] {
        let answer = sign_in(&platform, &body).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["pointer"], pointer, "{body}");
    }
    let url = format!("{}/api/v1/session", platform.client().await.url);
    let broken = reqwest::Client::new().post(url).header("content-type", "application/json").body("{").send().await;
    assert_eq!(broken.unwrap().status(), StatusCode::BAD_REQUEST);
}
