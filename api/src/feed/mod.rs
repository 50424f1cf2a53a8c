//! Live views: what changes, told to whoever listens.
//!
//! One task per process looks, however many clients listen, and keeps only the latest view. A client is given the
//! latest when its connection takes more, so nothing is kept for a slow one; one that takes nothing at all is cut off by
//! [`crate::patience`].

mod job;
mod platform;

pub use job::{JobEvent, JobFeed};
pub use platform::{PlatformEvent, PlatformFeed, Snapshot};

use crate::{
    AppState,
    problem::{Code, Problem},
};
use futures::{Stream, stream};
use poem::web::sse::Event;
use poem_openapi::types::ToJSON;
use prometheus::IntGauge;
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// How many streams a process serves at once.
const STREAMS: usize = 256;
/// After how long a stream ends, so that whoever may no longer listen does not; a client then comes back by itself.
const LONGEST: Duration = Duration::from_hours(1);
/// How often a stream without news shows that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

static OPEN: LazyLock<IntGauge> = LazyLock::new(|| {
    prometheus::register_int_gauge!("gotong_api_event_streams", "Event streams that clients hold open.")
        .expect("the metric's name is unique and valid")
});

/// The live views of a process.
pub struct Feeds {
    /// Of the platform.
    pub platform: PlatformFeed,
    /// Of single jobs.
    pub jobs: JobFeed,
    places: Arc<Semaphore>,
}

impl Default for Feeds {
    fn default() -> Self {
        Self { platform: PlatformFeed::default(), jobs: JobFeed::default(), places: Arc::new(Semaphore::new(STREAMS)) }
    }
}

impl Feeds {
    /// A place for one more stream.
    ///
    /// # Errors
    /// 503 when as many are open as a process serves.
    pub fn place(&self) -> Result<Place, Problem> {
        let full = |_| Problem::new(Code::TooManyStreams, "As many event streams are open as this server holds.");
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(full)?;
        OPEN.inc();
        Ok(Place { _permit: permit })
    }
}

/// A place among the open streams; free again when it is dropped.
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        OPEN.dec();
    }
}

/// Looks for everybody, until the process stops.
pub async fn run(state: AppState) {
    tokio::join!(platform::run(&state), job::run(&state));
}

/// What is told: a whole view, so that whoever has the latest has missed nothing.
pub trait View: ToJSON + Send + Sync + 'static {
    /// Tells this view from the one before; what a client sends back as `Last-Event-ID`.
    fn id(&self) -> String;

    /// Whether no other follows it.
    fn is_last(&self) -> bool;
}

/// The views that `read` makes of what is published, but for those that the client has; until the last one, the end of
/// the process, or [`LONGEST`].
pub fn listen<P, V: View>(
    mut news: watch::Receiver<P>,
    read: impl Fn(&P) -> Option<V> + Send + 'static,
    known: Option<String>,
    stop: CancellationToken,
    place: Place,
) -> impl Stream<Item = V> + Send + 'static
where
    P: Send + Sync + 'static,
{
    let until = Instant::now() + LONGEST;
    // What is there already is news to this client.
    news.mark_changed();
    let listener = (news, read, known, false, place);
    stream::unfold(listener, move |(mut news, read, mut known, over, place)| {
        let stop = stop.clone();
        async move {
            if over {
                return None;
            }
            loop {
                tokio::select! {
                    changed = news.changed() => changed.ok()?,
                    () = stop.cancelled() => return None,
                    () = sleep_until(until) => return None,
                }
                let view = read(&news.borrow_and_update());
                if let Some(view) = view.filter(|view| known.as_ref() != Some(&view.id())) {
                    let over = view.is_last();
                    known = Some(view.id());
                    return Some((view, (news, read, known, over, place)));
                }
            }
        }
    })
}

/// A view on the wire.
pub fn told<V: View>(kind: &'static str) -> impl FnMut(V) -> Event + Send + 'static {
    move |view| Event::message(view.to_json_string()).event_type(kind).id(view.id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;

    #[derive(Clone, poem_openapi::Object)]
    struct Number {
        n: u32,
    }

    impl View for Number {
        fn id(&self) -> String {
            self.n.to_string()
        }

        fn is_last(&self) -> bool {
            self.n == 9
        }
    }

    fn stream(
        feeds: &Feeds,
        news: &watch::Sender<u32>,
        known: Option<&str>,
        stop: &CancellationToken,
    ) -> impl Stream<Item = Number> + use<> {
        let read = |n: &u32| (*n > 0).then_some(Number { n: *n });
        listen(news.subscribe(), read, known.map(str::to_owned), stop.clone(), feeds.place().unwrap())
    }

    #[tokio::test]
    async fn a_client_is_given_the_latest_view_and_none_that_it_has() {
        let (feeds, news, stop) = (Feeds::default(), watch::Sender::new(0), CancellationToken::new());
        let mut all = Box::pin(stream(&feeds, &news, None, &stop));
        for n in 1..=5 {
            news.send_replace(n);
        }
        assert_eq!(all.next().await.map(|view| view.n), Some(5), "what a slow client has missed is not kept");
        let mut knowing = Box::pin(stream(&feeds, &news, Some("5"), &stop));
        news.send_replace(5);
        news.send_replace(9);
        assert_eq!(knowing.next().await.map(|view| view.n), Some(9));
        assert_eq!(all.next().await.map(|view| view.n), Some(9));
        assert!(all.next().await.is_none(), "nothing follows the last one");
    }

    #[tokio::test]
    async fn streams_end_with_the_process_and_there_is_a_limit_to_them() {
        let (feeds, news, stop) = (Feeds::default(), watch::Sender::new(0), CancellationToken::new());
        let mut open: Vec<_> = (0..STREAMS).map(|_| Box::pin(stream(&feeds, &news, None, &stop))).collect();
        assert_eq!(feeds.place().err().map(|problem| problem.code()), Some(Code::TooManyStreams));
        drop(open.pop());
        drop(feeds.place().unwrap());
        stop.cancel();
        for mut stream in open {
            assert!(stream.next().await.is_none());
        }
        assert!(feeds.place().is_ok());
    }
}
