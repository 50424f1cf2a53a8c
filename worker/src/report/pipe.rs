//! From a formatter, which writes and blocks, to whoever takes its bytes: a few pieces may be on their way, no more.

use bytes::{Bytes, BytesMut};
use std::io;
use tokio::sync::mpsc;

/// The size of a piece.
const PIECE: usize = 256 * 1024;
/// Pieces on their way.
const PIECES: usize = 4;

/// Where the formatter writes.
pub struct Inlet {
    buffer: BytesMut,
    pieces: mpsc::Sender<Bytes>,
}

/// Both ends.
#[must_use]
pub fn pipe() -> (Inlet, mpsc::Receiver<Bytes>) {
    let (pieces, outlet) = mpsc::channel(PIECES);
    (Inlet { buffer: BytesMut::with_capacity(PIECE), pieces }, outlet)
}

impl Inlet {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.buffer, BytesMut::with_capacity(PIECE)).freeze();
        self.pieces.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl io::Write for Inlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == PIECE {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.send() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[tokio::test]
    async fn bytes_come_through_in_their_order() {
        let (mut inlet, mut outlet) = pipe();
        let bytes: Vec<u8> = (0..3 * PIECE + 7).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let expected = bytes.clone();
        let writer = tokio::task::spawn_blocking(move || inlet.write_all(&bytes).and_then(|()| inlet.flush()));
        let mut came = Vec::new();
        while let Some(piece) = outlet.recv().await {
            assert!(piece.len() <= PIECE);
            came.extend_from_slice(&piece);
        }
        writer.await.unwrap().unwrap();
        assert!(came == expected);
    }

    #[tokio::test]
    async fn a_closed_pipe_is_an_error() {
        let (mut inlet, outlet) = pipe();
        drop(outlet);
        let written = tokio::task::spawn_blocking(move || inlet.write_all(&vec![0; 2 * PIECE])).await.unwrap();
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
