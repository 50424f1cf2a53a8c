//! What the API counts, in the process's Prometheus registry.

use poem::http::Method;
use prometheus::{
    HistogramVec, IntCounterVec, IntGauge, exponential_buckets, register_histogram_vec, register_int_counter_vec,
    register_int_gauge,
};
use std::{sync::LazyLock, time::Duration};

struct Metrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
    uploads: IntCounterVec,
    upload_bytes: IntCounterVec,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let taken = "the names of these metrics are registered here only, once";
    let buckets = exponential_buckets(0.001, 2.5, 11).expect("the bounds of the buckets rise");
    Metrics {
        requests: register_int_counter_vec!(
            "gotong_api_requests_total",
            "Requests that were answered.",
            &["method", "route", "status"]
        )
        .expect(taken),
        duration: register_histogram_vec!(
            "gotong_api_request_duration_seconds",
            "From the request's head to the answer's head.",
            &["method", "route"],
            buckets
        )
        .expect(taken),
        in_flight: register_int_gauge!("gotong_api_requests_in_flight", "Requests under way.").expect(taken),
        uploads: register_int_counter_vec!(
            "gotong_api_uploads_total",
            "Files that were accepted, by category.",
            &["category"]
        )
        .expect(taken),
        upload_bytes: register_int_counter_vec!(
            "gotong_api_upload_bytes_total",
            "Bytes of the files that were accepted, by category.",
            &["category"]
        )
        .expect(taken),
    }
});

/// A request under way; counted out when it is dropped.
pub(crate) struct InFlight;

impl InFlight {
    pub(crate) fn start() -> Self {
        METRICS.in_flight.inc();
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        METRICS.in_flight.dec();
    }
}

/// Counts an answer. `route` is the template, never the path: its values are few.
pub(crate) fn answered(method: &Method, route: &str, status: u16, took: Duration) {
    let method = known(method);
    METRICS.requests.with_label_values(&[method, route, &status.to_string()]).inc();
    METRICS.duration.with_label_values(&[method, route]).observe(took.as_secs_f64());
}

/// Counts a file that was accepted.
pub(crate) fn uploaded(category: &str, bytes: u64) {
    METRICS.uploads.with_label_values(&[category]).inc();
    METRICS.upload_bytes.with_label_values(&[category]).inc_by(bytes);
}

/// A client may invent methods; a label may not.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
