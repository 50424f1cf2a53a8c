//! Progress on standard error, one line per step, so that standard output holds results only.

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const STILL_EVERY: Duration = Duration::from_secs(5);

/// `  postgres       ready …`
pub fn step(name: &str, what: impl Display) {
    eprintln!("  {name:<14} {what}");
}

/// A line between the steps.
pub fn note(what: impl Display) {
    eprintln!("{what}");
}

/// Something the user should act on.
pub fn warn(name: &str, what: impl Display) {
    if std::io::stderr().is_terminal() {
        eprintln!("  \u{1b}[33m{name:<14} {what}\u{1b}[0m");
    } else {
        eprintln!("  {name:<14} {what}");
    }
}

/// Runs `work` and says every five seconds that it is still going on.
pub fn while_running<T>(name: &str, what: &str, work: impl FnOnce() -> T) -> T {
    step(name, format_args!("{what} …"));
    let (done, wait) = mpsc::channel::<()>();
    let since = Instant::now();
    thread::scope(|scope| {
        scope.spawn(move || {
            while wait.recv_timeout(STILL_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                step(name, format_args!("{what} … {} s", since.elapsed().as_secs()));
            }
        });
        let result = work();
        drop(done);
        result
    })
}
