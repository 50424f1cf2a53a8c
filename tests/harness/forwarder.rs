//! A TCP forwarder: an address whose server can be exchanged, held up or cut off.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    thread,
    time::Duration,
};

/// How often a thread looks whether it is to do something else.
const TICK: Duration = Duration::from_millis(10);

/// Forwards a port of 127.0.0.1 to another one. Dropping it cuts every connection.
pub struct Forwarder {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    target: AtomicU16,
    is_held: AtomicBool,
    is_over: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Forwarder {
    /// To that port.
    ///
    /// # Panics
    /// When there is no port to listen on.
    #[must_use]
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener can be polled");
        let port = listener.local_addr().expect("it listens").port();
        let shared = Arc::new(Shared { target: AtomicU16::new(target), ..Shared::default() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { port, shared }
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection, and forwards new ones to that port; 0: to none.
    pub fn switch(&self, target: u16) {
        self.shared.target.store(target, Ordering::SeqCst);
        self.shared.cut();
    }

    /// From now on nothing that a client sends goes through. What was held up goes on with [`Forwarder::release`], unless
    /// [`Forwarder::switch`] comes first.
    pub fn hold(&self) {
        self.shared.is_held.store(true, Ordering::SeqCst);
    }

    /// Ends a [`Forwarder::hold`].
    pub fn release(&self) {
        self.shared.is_held.store(false, Ordering::SeqCst);
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.shared.cut();
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        while !self.is_over.load(Ordering::SeqCst) {
            match listener.accept() {
                Ok((client, _)) => self.join(&client),
                Err(_) => thread::sleep(TICK),
            }
        }
    }

    fn join(self: &Arc<Self>, client: &TcpStream) {
        let target = self.target.load(Ordering::SeqCst);
        let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { return };
        let pair = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
        let (Some((from, to)), Some((back_to, back_from)), Some(kept)) = (pair(), pair(), pair()) else { return };
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.push(kept.0);
            open.push(kept.1);
        }
        let (forth, back) = (Arc::clone(self), Arc::clone(self));
        thread::spawn(move || forth.pump(from, to, true));
        thread::spawn(move || back.pump(back_from, back_to, false));
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, can_be_held: bool) {
        _ = from.set_nonblocking(false);
        _ = from.set_read_timeout(Some(TICK));
        _ = to.set_nodelay(true);
        let mut buffer = vec![0; 64 * 1024];
        while !self.is_over.load(Ordering::SeqCst) {
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    while can_be_held && self.is_held.load(Ordering::SeqCst) {
                        thread::sleep(TICK);
                    }
                    if to.write_all(&buffer[..read]).is_err() {
                        break;
                    }
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => break,
            }
        }
        _ = from.shutdown(Shutdown::Both);
        _ = to.shutdown(Shutdown::Both);
    }

    fn cut(&self) {
        for stream in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            _ = stream.shutdown(Shutdown::Both);
        }
    }
}
