//! Just enough HTTP/1.1 for health probes and the sample upload, on plain TCP.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// No answer larger than this is of interest here.
const MAX_ANSWER: u64 = 16 * 1024 * 1024;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).context("the answer is not JSON")
    }
}

/// A request body with its headers.
#[derive(Debug, Default)]
pub struct Sending<'a> {
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}

/// `http://host:port/path` split into `host:port` and `/path`.
pub fn split(url: &str) -> Result<(&str, &str)> {
    let Some(rest) = url.strip_prefix("http://") else { bail!("{url} does not begin with http://") };
    let at = rest.find('/').unwrap_or(rest.len());
    Ok((&rest[..at], if at == rest.len() { "/" } else { &rest[at..] }))
}

pub fn connect(address: &str, limit: Duration) -> Result<TcpStream> {
    let mut last = None;
    for socket in address.to_socket_addrs().with_context(|| format!("{address} is no address"))? {
        match TcpStream::connect_timeout(&socket, limit) {
            Ok(stream) => {
                stream.set_read_timeout(Some(limit))?;
                stream.set_write_timeout(Some(limit))?;
                return Ok(stream);
            }
            Err(error) => last = Some(error),
        }
    }
    bail!("cannot reach {address}: {}", last.map_or_else(|| "no such host".to_owned(), |error| error.to_string()))
}

pub fn get(url: &str, limit: Duration) -> Result<Answer> {
    request("GET", url, &Sending::default(), limit)
}

pub fn request(method: &str, url: &str, sending: &Sending<'_>, limit: Duration) -> Result<Answer> {
    use std::fmt::Write as _;
    let (host, path) = split(url)?;
    let mut stream = connect(host, limit)?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    if !sending.body.is_empty() {
        let _ = write!(head, "Content-Length: {}\r\n", sending.body.len());
    }
    for (name, value) in sending.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(sending.body)?;
    let mut bytes = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut bytes).with_context(|| format!("{url} sent no whole answer"))?;
    parse(&bytes).with_context(|| format!("{url} sent no HTTP answer"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let chunked = head.lines().any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("transfer-encoding:") && line.contains("chunked")
    });
    let rest = &bytes[end + 4..];
    Some(Answer { status, body: if chunked { unchunk(rest)? } else { rest.to_vec() } })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_is_joined() {
        let answer =
            parse(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
        let answer = answer.expect("a whole answer");
        assert_eq!((answer.status, answer.body.as_slice()), (202, b"abcde".as_slice()));
    }

    #[test]
    fn a_cut_chunk_is_no_answer() {
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc").is_none());
    }
}
