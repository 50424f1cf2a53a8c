//! A command to a Redis server, past every client of ours.

use std::{
    fmt::Write as _,
    io::{self, BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

/// Sends one command to the server on that port of 127.0.0.1, and answers the first line of its reply.
///
/// # Errors
/// When the server does not answer.
pub fn redis_command(port: u16, words: &[&str]) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        write!(request, "${}\r\n{word}\r\n", word.len()).map_err(io::Error::other)?;
    }
    stream.write_all(request.as_bytes())?;
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply)?;
    Ok(reply.trim_end().to_owned())
}

/// The port of an address such as `redis://127.0.0.1:6379/0`.
///
/// # Panics
/// When it names none.
#[must_use]
pub fn port_of(url: &str) -> u16 {
    let authority = url.split('/').nth(2).expect("an address has a host");
    authority.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address has a port")
}
