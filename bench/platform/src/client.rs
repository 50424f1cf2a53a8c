//! A client of HTTP/1.1 that costs next to nothing, so that two processors can carry it beside what it measures.

use anyhow::{Context as _, Result, bail};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A connection that is kept.
pub struct Client {
    stream: BufReader<TcpStream>,
    head: String,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects to `address`, `host:port`.
    pub async fn connect(address: &str, key: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let head = format!("Host: {address}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n");
        Ok(Self { stream: BufReader::new(stream), head, buffer: Vec::new() })
    }

    /// Posts a body; answers the status and how long it took.
    pub async fn post(&mut self, path: &str, body: &str) -> Result<(u16, Duration)> {
        self.send("POST", path, body).await
    }

    /// Sends a body; answers the status and how long it took.
    pub async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, Duration)> {
        let start = Instant::now();
        let request = format!("{method} {path} HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{body}", self.head, body.len());
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let status = self.read_answer().await?;
        Ok((status, start.elapsed()))
    }

    async fn read_answer(&mut self) -> Result<u16> {
        self.buffer.clear();
        let end = loop {
            let byte = self.stream.read_u8().await.context("the server closed the connection")?;
            self.buffer.push(byte);
            if self.buffer.ends_with(b"\r\n\r\n") {
                break self.buffer.len();
            }
            if self.buffer.len() > 16 * 1024 {
                bail!("an answer's head is too long");
            }
        };
        let head = std::str::from_utf8(&self.buffer[..end])?;
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).context("an answer without a status")?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        self.buffer.resize(length.context("an answer without a length")?, 0);
        self.stream.read_exact(&mut self.buffer).await?;
        Ok(status)
    }
}
