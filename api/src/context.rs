//! What is known of a request before anything of it is done: its id and its trace.

use gotong_shared::telemetry::TraceContext;
use poem::Request;
use uuid::Uuid;

/// The longest request id that is taken over from a client.
const LONGEST_ID: usize = 64;

/// The id and the trace of a request.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// In every log line and in the header `X-Request-Id` of the answer.
    pub request_id: String,
    /// The request's span, a child of the client's if it sent a `traceparent`.
    pub trace: TraceContext,
}

impl RequestContext {
    /// Takes over what the client sent, where it is well-formed.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let given = request.header("x-request-id").filter(|id| is_acceptable(id));
        let parent = request.header("traceparent").and_then(|parent| parent.trim().parse::<TraceContext>().ok());
        Self {
            request_id: given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned),
            trace: parent.map_or_else(TraceContext::fresh, TraceContext::child),
        }
    }
}

/// An id that can stand in a log line and a header as it is.
fn is_acceptable(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_ids_and_traces_are_taken_over() {
        let trace = TraceContext::fresh();
        let request =
            Request::builder().header("x-request-id", "order-17").header("traceparent", trace.to_string()).finish();
        let context = RequestContext::of(&request);
        assert_eq!(context.request_id, "order-17");
        assert_eq!(context.trace.trace_id(), trace.trace_id());
        assert_ne!(context.trace, trace);
    }

    #[test]
    fn others_are_replaced() {
        let long = "x".repeat(65);
        for bad in ["", "two words", "<script>", long.as_str()] {
            let request = Request::builder().header("x-request-id", bad).header("traceparent", "00-1-2-3").finish();
            assert_ne!(RequestContext::of(&request).request_id, bad);
        }
    }
}
