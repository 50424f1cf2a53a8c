//! What a role may do, on every route that the document names.

use harness::{Platform, answer};
use reqwest::StatusCode;

/// What changes nothing of the workspace, though its method is not GET.
const HARMLESS: [&str; 4] = [
    "POST /api/v1/session",
    "DELETE /api/v1/session",
    "POST /api/v1/schedules/preview",
    "POST /api/v1/email-templates/{name}/preview",
];

/// Every operation of the document, as `METHOD /path`.
fn operations(document: &str) -> Vec<String> {
    let mut path = "";
    let mut found = Vec::new();
    let paths = document.lines().skip_while(|line| *line != "paths:").skip(1).take_while(|line| line.starts_with(' '));
    for line in paths {
        let Some(name) = line.trim_start().strip_suffix(':') else { continue };
        match line.len() - line.trim_start().len() {
            2 => path = name,
            4 if ["get", "put", "post", "patch", "delete"].contains(&name) => {
                found.push(format!("{} {path}", name.to_uppercase()));
            }
            _ => {}
        }
    }
    found
}

#[tokio::test]
async fn a_viewer_is_refused_by_every_route_that_changes_something() {
    let platform = Platform::start().await;
    let viewer = platform.client_of(platform.workspace, "viewer").await;
    let (_, document) = viewer.bytes("/openapi.yaml").await;
    let operations = operations(&String::from_utf8(document).unwrap());
    let changing: Vec<_> = operations.iter().filter(|operation| !operation.starts_with("GET ")).collect();
    assert!(operations.len() > 35 && changing.len() > 15, "the document was misread: {operations:?}");
    for operation in changing {
        if HARMLESS.contains(&operation.as_str()) {
            continue;
        }
        let (method, path) = operation.split_once(' ').unwrap();
        let path = path.replace("{id}", &uuid::Uuid::now_v7().to_string()).replace("{name}", "images");
        let path = path.replace("{type}", "project");
        assert!(!path.contains('{'), "{path} has a part that this test does not fill in");
        let request = viewer.request(method, &path).json(&serde_json::json!({}));
        let (status, problem) = answer(request.send().await.unwrap()).await;
        assert_eq!((status, problem["code"].as_str()), (StatusCode::FORBIDDEN, Some("forbidden")), "{operation}");
    }
}
