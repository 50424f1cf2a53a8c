//! What is around every request: its id and trace, its log line and its count, the form of its errors, the headers that
//! every answer has.

use crate::{
    context::RequestContext,
    linger::Rest,
    metrics::{self, InFlight},
    problem::{Code, Problem, of_poem_error},
    route_template::{allowed, template},
};
use futures::FutureExt;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderMap, HeaderValue, header},
};
use std::{panic::AssertUnwindSafe, sync::Arc};
use tokio::time::Instant;
use tracing::{Instrument, info_span};

/// Calls the routes.
///
/// # Errors
/// None: every error becomes an answer here.
pub async fn envelope<E: Endpoint>(routes: Arc<E>, mut request: Request) -> poem::Result<Response> {
    let _in_flight = InFlight::start();
    let start = Instant::now();
    let context = RequestContext::of(&request);
    let (method, path) = (request.method().clone(), told(request.uri().path()));
    let waits_for_continue = request.headers().contains_key(header::EXPECT);
    let rest = Rest::keep(&mut request);
    request.set_data(context.clone());
    let span = info_span!("request", request_id = %context.request_id, trace_id = %context.trace.trace_id());
    let (mut response, route) = answer(&*routes, request, &context).instrument(span.clone()).await;
    if let Some(rest) = rest.filter(|_| !response.status().is_success()) {
        response = rest.linger(waits_for_continue, response);
    }
    complete(response.headers_mut(), &context);
    let (status, took) = (response.status().as_u16(), start.elapsed());
    metrics::answered(&method, &route, status, took);
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(%method, path, route, status, milliseconds, "answered"));
    Ok(response)
}

/// A path for the log. Whoever has the token of a link can use it.
fn told(path: &str) -> String {
    let secret = ["/unsubscribe/", "/reports/"].into_iter().find(|prefix| path.starts_with(prefix));
    secret.map_or_else(|| path.to_owned(), |prefix| format!("{prefix}\u{2026}"))
}

/// The answer, whatever happens, and the template of the route that gave it.
async fn answer<E: Endpoint>(routes: &E, request: Request, context: &RequestContext) -> (Response, String) {
    if request.uri().path_and_query().is_some_and(|target| target.as_str().contains("%00")) {
        let problem = Problem::new(Code::Malformed, "The address holds the character NUL, which names nothing.");
        return (problem.respond(&context.request_id), "unknown".into());
    }
    // What a panic leaves behind is dropped with the request; state that is shared is behind locks that tell.
    match AssertUnwindSafe(routes.call(request)).catch_unwind().await {
        Ok(Ok(output)) => {
            let response = output.into_response();
            let route = template(response.data(), response.data());
            (response, route)
        }
        Ok(Err(error)) => {
            let route = template(error.data(), error.data());
            let mut problem = of_poem_error(&error);
            if problem.code() == Code::MethodNotAllowed
                && let Ok(methods) = HeaderValue::from_str(&allowed(error.data()))
            {
                problem = problem.header(header::ALLOW, methods);
            }
            (problem.respond(&context.request_id), route)
        }
        Err(panic) => {
            let cause = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let cause = cause.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            (Problem::internal(format!("a panic: {cause}")).respond(&context.request_id), "unknown".into())
        }
    }
}

/// Headers that every answer has. What an answer has set itself stands.
fn complete(headers: &mut HeaderMap, context: &RequestContext) {
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert("x-request-id", id);
    }
    if let Ok(trace) = HeaderValue::from_str(&context.trace.to_string()) {
        headers.insert("traceresponse", trace);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
