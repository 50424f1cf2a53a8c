//! The page behind `List-Unsubscribe`: a form without a script, in Indonesian and English. A mail program posts to it
//! directly (RFC 8058); whoever opens it is asked first, since programs that look at links open it too.

use crate::{AppState, problem::Problem};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use gotong_shared::{
    db::schema::{email_recipients, emails, workspaces},
    mail::{
        SuppressionReason,
        suppression::{NewSuppression, suppress},
        unsubscribe::Claim,
    },
};
use poem::{
    Response, handler,
    http::{StatusCode, header},
    web::{Data, Path},
};
use uuid::Uuid;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

const STYLE: &str = ":root{color-scheme:light dark}body{font:17px/1.5 system-ui,sans-serif;max-width:34rem;\
    margin:12vh auto;padding:0 1.25rem}h1{font-size:1.5rem;margin:0 0 .25rem}p{margin:.25rem 0}\
    p[lang=en]{opacity:.75}form{margin:1.75rem 0}button{font:inherit;font-weight:600;padding:.7rem 1.4rem;border:0;\
    border-radius:.5rem;background:#0b5cad;color:#fff;cursor:pointer}button:focus-visible{outline:3px solid;\
    outline-offset:3px}";

/// Who a token stands for.
struct Subscriber {
    workspace_id: Uuid,
    workspace: String,
    email_id: Uuid,
    address: String,
}

/// Asks.
#[handler]
pub async fn ask(Data(state): Data<&AppState>, Path(token): Path<String>) -> Response {
    match find(state, &token).await {
        Ok(Some(who)) => {
            let (workspace, address) = (escaped(&who.workspace), escaped(&masked(&who.address)));
            let body = format!(
                "<h1>Berhenti berlangganan?</h1>\
                 <p>{address} tidak akan menerima kabar massal lagi dari {workspace}.</p>\
                 <p lang=\"en\">Unsubscribe? {address} will get no more bulk mail from {workspace}.</p>\
                 <form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
                 <button>Berhenti berlangganan / <span lang=\"en\">Unsubscribe</span></button></form>"
            );
            page(StatusCode::OK, &body)
        }
        Ok(None) => unknown(),
        Err(problem) => unavailable(&problem),
    }
}

/// Unsubscribes.
#[handler]
pub async fn unsubscribe(Data(state): Data<&AppState>, Path(token): Path<String>) -> Response {
    let who = match find(state, &token).await {
        Ok(Some(who)) => who,
        Ok(None) => return unknown(),
        Err(problem) => return unavailable(&problem),
    };
    match note(state, &who).await {
        Ok(()) => page(
            StatusCode::OK,
            "<h1>Anda sudah berhenti berlangganan.</h1><p>Pesan tentang akun Anda tetap dikirim.</p>\
             <p lang=\"en\">You are unsubscribed. Messages about your own account are still sent.</p>",
        ),
        Err(problem) => unavailable(&problem),
    }
}

async fn find(state: &AppState, token: &str) -> Result<Option<Subscriber>, Problem> {
    let Some(claim) = Claim::read(token) else { return Ok(None) };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query = email_recipients::table
        .inner_join(emails::table.inner_join(workspaces::table.on(workspaces::id.eq(emails::workspace_id))))
        .filter(email_recipients::email_id.eq(claim.email_id).and(email_recipients::position.eq(claim.position)))
        .select((workspaces::id, workspaces::name, workspaces::unsubscribe_secret, email_recipients::address));
    let found = deadline.bound(async { query.first::<(Uuid, String, Vec<u8>, String)>(connection).await.optional() });
    let genuine = found.await?.filter(|(_, _, secret, _)| claim.is_signed_by(secret));
    Ok(genuine.map(|(workspace_id, workspace, _, address)| Subscriber {
        workspace_id,
        workspace,
        email_id: claim.email_id,
        address,
    }))
}

async fn note(state: &AppState, who: &Subscriber) -> Result<(), Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let new = NewSuppression {
        workspace_id: who.workspace_id,
        address: &who.address,
        reason: SuppressionReason::Unsubscribe,
        detail: None,
        email_id: Some(who.email_id),
        created_by: None,
    };
    deadline.bound(suppress(connection, new)).await?;
    Ok(())
}

fn unknown() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "<h1>Tautan ini tidak berlaku.</h1><p>Silakan buka lagi dari pesan yang terbaru.</p>\
         <p lang=\"en\">This link is not valid. Please open it from the latest message.</p>",
    )
}

fn unavailable(problem: &Problem) -> Response {
    tracing::warn!(%problem, "nobody could be unsubscribed");
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        "<h1>Sedang ada gangguan.</h1><p>Silakan coba lagi sebentar lagi.</p>\
         <p lang=\"en\">Something is out of order. Please try again in a while.</p>",
    )
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"id\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>Berhenti berlangganan / Unsubscribe</title>\
         <style>{STYLE}</style><main>{body}</main></html>"
    );
    Response::builder()
        .status(status)
        .content_type("text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "no-referrer")
        .body(html)
}

/// Enough for its owner to know it, and for nobody else to learn it from a forwarded message.
fn masked(address: &str) -> String {
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}\u{2026}@{domain}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
