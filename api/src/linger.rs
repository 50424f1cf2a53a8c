//! Lets a client that is still sending read why it was refused.
//!
//! A server that answers in the middle of an upload and closes makes the client's system throw the answer away, because
//! bytes arrive at a closed socket. So after a refusal the rest of the body is read and thrown away for a while, within
//! bounds, before the answer's end is sent (what nginx calls a lingering close). The answer itself goes out at once.

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use poem::{Body, Request, Response, http::header};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// How long a client may send nothing.
const SILENCE: Duration = Duration::from_secs(2);
/// How long the rest of a body is read at most.
const LONGEST: Duration = Duration::from_secs(15);
/// How much of it is read at most, in bytes.
const MOST: usize = 128 * 1024 * 1024;

type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// The body of a request, shared between who reads it and who throws its rest away.
pub(crate) struct Rest(Arc<Mutex<Shared>>);

struct Shared {
    chunks: Chunks,
    begun: bool,
    ended: bool,
}

impl Rest {
    /// Keeps a hand on the request's body, if it has one that may still be under way when the answer is sent.
    pub(crate) fn keep(request: &mut Request) -> Option<Self> {
        let is_http1 = request.version() <= poem::http::Version::HTTP_11;
        let has_body = request.headers().contains_key(header::TRANSFER_ENCODING)
            || request.header(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
        if !is_http1 || !has_body {
            return None;
        }
        let chunks = Box::pin(request.take_body().into_bytes_stream());
        let shared = Arc::new(Mutex::new(Shared { chunks, begun: false, ended: false }));
        request.set_body(Body::from_bytes_stream(read(Arc::clone(&shared))));
        Some(Self(shared))
    }

    /// Adds the reading of the rest to a refusal.
    pub(crate) fn linger(self, waits_for_continue: bool, response: Response) -> Response {
        let state = {
            let shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            (shared.begun, shared.ended)
        };
        let (begun, ended) = state;
        // A client that waits for `100 Continue` sends nothing when it is refused instead.
        if ended || (waits_for_continue && !begun) {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONNECTION, poem::http::HeaderValue::from_static("close"));
        let rest = stream::once(throw_away(self.0)).filter_map(|()| async { None });
        Response::from_parts(parts, Body::from_bytes_stream(body.into_bytes_stream().chain(rest)))
    }
}

fn read(shared: Arc<Mutex<Shared>>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::poll_fn(move |context| {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.begun = true;
        if shared.ended {
            return Poll::Ready(None);
        }
        let chunk = shared.chunks.as_mut().poll_next(context);
        shared.ended = matches!(chunk, Poll::Ready(None | Some(Err(_))));
        chunk
    })
}

async fn throw_away(shared: Arc<Mutex<Shared>>) {
    let end = Instant::now() + LONGEST;
    let mut rest = Box::pin(read(shared));
    let mut thrown = 0;
    while let Ok(Some(Ok(chunk))) = timeout(SILENCE, rest.next()).await {
        thrown += chunk.len();
        if thrown > MOST || Instant::now() > end {
            return;
        }
    }
}
