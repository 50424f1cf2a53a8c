//! Many single jobs that are asked for at the same time are written together, and each is answered for itself.

use super::{JOBS, image, rows, send, thumbnail, thumbnail_with};
use harness::{Client, Platform, answer};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Sends all of them at once.
async fn all(client: &Client, bodies: Vec<Value>) -> Vec<(StatusCode, Value)> {
    let requests: Vec<_> = bodies
        .into_iter()
        .map(|body| {
            let client = client.clone();
            tokio::spawn(async move { answer(send(&client, "POST", JOBS, &body, &[]).await).await })
        })
        .collect();
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn each_of_a_crowd_is_answered_for_itself() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    let before = rows(&platform).await;
    let id = Uuid::now_v7().to_string();
    let mut bodies = Vec::new();
    for number in 0..200 {
        bodies.push(match number % 5 {
            0 => thumbnail(&Uuid::now_v7().to_string()),
            1 => thumbnail_with(&media, &json!({ "unique_key": "one" })),
            2 => thumbnail_with(&media, &json!({ "id": id })),
            _ => thumbnail(&media),
        });
    }
    let answers = all(&client, bodies).await;
    let mut statuses: HashMap<(usize, u16), usize> = HashMap::new();
    for (number, (status, body)) in answers.iter().enumerate() {
        *statuses.entry((number % 5, status.as_u16())).or_default() += 1;
        if number % 5 == 2 {
            assert_eq!(body["id"], id, "{body}");
        }
        if number % 5 == 0 {
            assert_eq!(body["errors"][0]["pointer"], "/payload/media_id", "{body}");
        }
    }
    let expected = [((0, 422), 40), ((1, 202), 1), ((1, 409), 39), ((2, 202), 40), ((3, 202), 40), ((4, 202), 40)];
    assert_eq!(statuses, HashMap::from(expected));
    let accepted: HashSet<_> =
        answers.iter().filter(|(status, _)| status.is_success()).map(|(_, body)| body["id"].to_string()).collect();
    assert_eq!(i64::try_from(accepted.len()).unwrap(), rows(&platform).await - before, "a row for each answer");
    assert_eq!(accepted.len(), 82);
}

#[tokio::test]
async fn a_key_that_was_asked_for_in_vain_is_free() {
    let platform = Platform::start().await;
    let client = platform.client().await;
    let media = image(&client).await;
    // An id of long ago is refused by the ledger, after the key was taken for it.
    let old = json!({ "unique_key": "one", "id": "019a0000-0000-7000-8000-000000000000" });
    let answers = all(&client, vec![thumbnail_with(&media, &old)]).await;
    assert_eq!(answers[0].0, StatusCode::UNPROCESSABLE_ENTITY, "{}", answers[0].1);
    let new = thumbnail_with(&media, &json!({ "unique_key": "one" }));
    let answers = all(&client, vec![new]).await;
    assert_eq!(answers[0].0, StatusCode::ACCEPTED, "{}", answers[0].1);
    assert_eq!(platform.database.count("select count(*) from unique_keys").await, 1);
}
