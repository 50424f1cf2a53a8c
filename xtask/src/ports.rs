//! Free TCP ports on 127.0.0.1.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

/// Below the range from which Linux takes the local ports of outgoing connections (32768 and up), so that a remembered
/// port is not lost to a passing connection.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// Whether a server could listen there now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port that is free now, not in `taken`, and not given out before by this process.
pub fn find_free(taken: &[u16]) -> Result<u16> {
    static STEP: AtomicU32 = AtomicU32::new(0);
    static START: OnceLock<u32> = OnceLock::new();
    let start = *START.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
        now.wrapping_add(std::process::id().wrapping_mul(40_503)) % COUNT
    });
    for _ in 0..COUNT {
        let step = STEP.fetch_add(1, Ordering::Relaxed);
        let Ok(port) = u16::try_from(FIRST + (start + step) % COUNT) else { continue };
        if !taken.contains(&port) && is_free(port) {
            return Ok(port);
        }
    }
    bail!("no free port on 127.0.0.1 between {FIRST} and {}; stop some programs and try again", FIRST + COUNT)
}
