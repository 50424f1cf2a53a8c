//! Requests as bytes on a socket: what no well-behaved client sends.

use harness::Client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The boundary of [`form`].
pub(crate) const BOUNDARY: &str = "a-boundary-of-our-own";

/// A multipart body with one file.
pub(crate) fn form(filename: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\r\n")
            .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// An upload under way.
pub(crate) struct RawUpload(TcpStream);

impl RawUpload {
    /// Sends the head of a request that claims a body of `length` bytes.
    pub(crate) async fn start(client: &Client, length: usize) -> Self {
        let host = client.url.strip_prefix("http://").expect("an http address");
        let mut socket = TcpStream::connect(host).await.expect("connects");
        let head = format!(
            "POST /api/v1/media HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
             content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: {length}\r\n\r\n",
            client.key
        );
        socket.write_all(head.as_bytes()).await.expect("sends");
        Self(socket)
    }

    /// Sends a part of the body.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("the server reads");
    }

    /// Reads until the answer's head and body are there; answers both as text.
    pub(crate) async fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !answer.windows(10).any(|window| window == b"\"timestamp") {
            match self.0.read(&mut buffer).await.expect("the connection holds") {
                0 => break,
                read => answer.extend_from_slice(&buffer[..read]),
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}
