//! Statements on `documents`, each within the caller's workspace.

use super::resource::{DocumentResource, etag};
use crate::{
    AppState,
    auth::Actor,
    problem::{Code, Problem},
    state::Session,
    transaction::{Fault, transact},
};
use gotong_shared::{
    documents::{self, Change, DocumentKey, Written},
    enqueue::{Enqueued, NewJob},
    jobs::SearchIndex,
    telemetry::TraceContext,
};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// A change that is to be made.
pub struct Wanted(pub Change);

impl Wanted {
    /// A document is to be as given, in its normal form.
    pub fn put(key: DocumentKey, document: Value, actor: &Actor, trace: TraceContext) -> Result<Self, Problem> {
        Self::new(key, Some(document), actor, trace)
    }

    /// A document is to be deleted.
    pub fn delete(key: DocumentKey, actor: &Actor, trace: TraceContext) -> Result<Self, Problem> {
        if !documents::is_id(&key.id) {
            return Err(Problem::not_found("document"));
        }
        Self::new(key, None, actor, trace)
    }

    fn new(key: DocumentKey, body: Option<Value>, actor: &Actor, trace: TraceContext) -> Result<Self, Problem> {
        let payload = SearchIndex { kind: key.kind, id: key.id.clone() };
        let job = NewJob::of(key.workspace_id, &payload)?.created_by(actor.id).trace(Some(trace.to_string()));
        Ok(Self(Change { key, body, job }))
    }
}

/// The document, unless it is deleted.
pub async fn find(state: &AppState, key: &DocumentKey) -> Result<DocumentResource, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let found = deadline.bound(documents::find(connection, key)).await?;
    found.map(DocumentResource::found).ok_or_else(|| Problem::not_found("document"))
}

/// Makes one change, if the document is as `if_match` says.
pub async fn change(
    state: &AppState,
    wanted: &Wanted,
    if_match: Option<&str>,
) -> Result<(DocumentResource, Enqueued), Fault> {
    transact(state, async |session| {
        if let Some(tag) = if_match {
            check(session, &wanted.0.key, tag).await?;
        }
        let key = &wanted.0.key;
        let (written, enqueued) = write(session, key.workspace_id, &[wanted]).await?;
        let row = written.get(key).ok_or_else(|| Problem::not_found("document"))?;
        Ok((DocumentResource::written(key.kind, row, wanted.0.body.clone()), enqueued))
    })
    .await
}

async fn check(session: &mut Session, key: &DocumentKey, tag: &str) -> Result<(), Problem> {
    let (connection, deadline) = session.ledger();
    let version = deadline.bound(documents::locked_version(connection, key)).await?;
    let fits = |version: i64| tag.trim() == "*" || tag.split(',').any(|tag| tag.trim() == etag(version));
    if version.is_some_and(fits) {
        return Ok(());
    }
    let detail = match version {
        Some(version) => format!("The document is of version {version} now."),
        None => "There is no such document now.".to_owned(),
    };
    Err(Problem::new(Code::PreconditionFailed, detail).about("/header/If-Match"))
}

/// Makes changes within the caller's transaction. What was to be deleted and is not there is missing from the answer.
pub async fn write(
    session: &mut Session,
    workspace_id: Uuid,
    wanted: &[&Wanted],
) -> Result<(HashMap<DocumentKey, Written>, Enqueued), Problem> {
    if wanted.is_empty() {
        return Ok((HashMap::new(), Enqueued::default()));
    }
    let changes: Vec<Change> = wanted.iter().map(|wanted| wanted.0.clone()).collect();
    let (connection, deadline) = session.ledger();
    Ok(deadline.within(documents::write(connection, workspace_id, &changes)).await??)
}
