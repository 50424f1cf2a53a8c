//! All routes and everything around them, on one screen.

use crate::{
    AppState, dashboard,
    envelope::envelope,
    openapi::{self, Reference},
    report_link,
    routes::health,
    unsubscribe,
};
use gotong_shared::probe;
use poem::{EndpointExt, IntoEndpoint, Response, Route, endpoint::BoxEndpoint, get, handler, middleware::Compression};

/// The whole API on that state.
#[must_use]
pub fn app(state: AppState) -> BoxEndpoint<'static, Response> {
    let service = openapi::service();
    let reference = Reference::of(&service);
    Route::new()
        .nest(openapi::PREFIX, service)
        .at("/health", get(health::health))
        .at("/health/live", get(health::live))
        .at("/health/ready", get(health::ready))
        .at("/metrics", get(metrics))
        .at("/openapi.yaml", get(openapi::document))
        .at("/docs", get(openapi::browse).with(Compression::new()))
        .at("/docs/problems", get(openapi::problems))
        .at("/reports/:token", get(report_link::download))
        .at("/unsubscribe/:token", get(unsubscribe::ask).post(unsubscribe::unsubscribe))
        .at("/dashboard", get(dashboard::page))
        .at("/dashboard/*path", get(dashboard::file).with(Compression::new()))
        .data(state)
        .data(reference)
        .around(envelope)
        .into_endpoint()
        .boxed()
}

#[handler]
fn metrics() -> Response {
    Response::builder().content_type("text/plain; version=0.0.4; charset=utf-8").body(probe::metrics())
}
