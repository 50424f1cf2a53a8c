//! Liveness, readiness and metrics of a process, over a few lines of HTTP.
//!
//! Worker and scheduler answer no other requests, so a web framework would be too much: the server reads one request
//! line, answers, and closes.

use prometheus::{Encoder, TextEncoder};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

/// Whether a process does its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    /// It does.
    Yes,
    /// It does, and something that it looks after is amiss. Answered 200, since restarting the process would not help.
    Degraded(String),
    /// It does not, and why.
    No(String),
}

impl From<Result<(), String>> for Ready {
    fn from(ready: Result<(), String>) -> Self {
        ready.map_or_else(Self::No, |()| Self::Yes)
    }
}

/// What a process says of its readiness.
pub type Readiness = Arc<dyn Fn() -> Ready + Send + Sync>;

const PATIENCE: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 16;

/// Answers `/health/live`, `/health/ready` and `/metrics` until the process ends. Returns the bound address.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(listen: SocketAddr, ready: Readiness) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::spawn(async move {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else { continue };
            let ready = Arc::clone(&ready);
            tokio::spawn(async move {
                // A client that hangs or goes away harms nobody but itself.
                _ = timeout(PATIENCE, answer(stream, &ready)).await;
                drop(place);
            });
        }
    });
    Ok(address)
}

async fn answer(mut stream: TcpStream, ready: &Readiness) -> io::Result<()> {
    let mut request = [0; 1024];
    let mut length = 0;
    while length < request.len() && !request[..length].contains(&b'\n') {
        match stream.read(&mut request[length..]).await? {
            0 => return Ok(()),
            read => length += read,
        }
    }
    let line = String::from_utf8_lossy(&request[..length]);
    let (status, body) = match line.split(' ').nth(1).unwrap_or_default() {
        "/health/live" => ("200 OK", "live\n".to_owned()),
        "/health/ready" => match ready() {
            Ready::Yes => ("200 OK", "ready\n".to_owned()),
            Ready::Degraded(why) => ("200 OK", format!("degraded: {why}\n")),
            Ready::No(why) => ("503 Service Unavailable", format!("{why}\n")),
        },
        "/metrics" => ("200 OK", metrics()),
        _ => ("404 Not Found", "there are /health/live, /health/ready and /metrics\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// Every metric of the process in Prometheus' text format.
#[must_use]
pub fn metrics() -> String {
    let mut text = Vec::new();
    if TextEncoder::new().encode(&prometheus::gather(), &mut text).is_err() {
        return String::new();
    }
    String::from_utf8(text).unwrap_or_default()
}
