//! A forwarder of TCP connections that can be cut.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// Forwards a port of 127.0.0.1 to another one.
pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    is_down: AtomicBool,
    cut: Notify,
}

impl Proxy {
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let state = Arc::new(State::default());
        let here = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !here.is_down.load(Ordering::SeqCst) {
                    tokio::spawn(forward(client, target, Arc::clone(&here)));
                }
            }
        });
        Self { port, state, accepting }
    }

    /// Cuts every connection, and every new one at once.
    pub fn go_down(&self) {
        self.state.is_down.store(true, Ordering::SeqCst);
        self.state.cut.notify_waiters();
    }

    pub fn come_back(&self) {
        self.state.is_down.store(false, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(mut client: TcpStream, target: u16, state: Arc<State>) {
    let cut = state.cut.notified();
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    tokio::select! {
        () = cut => {}
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
    }
}
