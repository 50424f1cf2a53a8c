//! Cuts off a client that takes nothing of its answer.
//!
//! A client that does not read fills the buffers of the connection, and then holds its place for ever: the server waits
//! for room, and nothing wakes it. So a write that makes no progress for a while ends the connection.

use poem::{
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long a client may take nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// Accepts connections whose writes must make progress.
pub(crate) struct Patient<A> {
    inner: A,
    patience: Duration,
}

impl<A> Patient<A> {
    pub(crate) fn new(inner: A, patience: Duration) -> Self {
        Self { inner, patience }
    }
}

impl<A: Acceptor> Acceptor for Patient<A> {
    type Io = PatientIo<A::Io>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.inner.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, poem::http::uri::Scheme)> {
        let (inner, local, remote, scheme) = self.inner.accept().await?;
        Ok((PatientIo { inner, patience: self.patience, stalled: None }, local, remote, scheme))
    }
}

/// A connection whose writes must make progress.
pub(crate) struct PatientIo<T> {
    inner: T,
    patience: Duration,
    /// Runs while a write waits for room.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<T> PatientIo<T> {
    /// What a write came to; an error once it has waited too long.
    fn judge<R>(&mut self, context: &mut Context<'_>, end: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if end.is_ready() {
            self.stalled = None;
            return end;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(self.patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for PatientIo<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, into)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for PatientIo<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let end = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judge(context, end)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let end = Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        self.judge(context, end)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn pair() -> (PatientIo<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (server, client) = duplex(16);
        (PatientIo { inner: server, patience: Duration::from_millis(200), stalled: None }, client)
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_cut_off() {
        let (mut server, _client) = pair();
        let end = server.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_client_is_served_to_the_end() {
        let (mut server, mut client) = pair();
        let sent = tokio::spawn(async move { server.write_all(&[7; 160]).await });
        let mut taken: Vec<u8> = Vec::new();
        while taken.len() < 160 {
            tokio::time::sleep(Duration::from_millis(20)).await; // the client is slow, and takes something in time
            let mut some = [0; 16];
            let length = client.read(&mut some).await.unwrap();
            taken.extend(&some[..length]);
        }
        sent.await.unwrap().unwrap();
        assert_eq!(taken, [7; 160]);
    }
}
