//! What processes cost, from `/proc`.

use anyhow::{Context as _, Result};
use std::{fs, time::Duration};

/// The CPU time that all processes of these names have used, their ended children included.
pub fn cpu(names: &[&str]) -> Duration {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ticks: u64 = processes.filter_map(|entry| ticks(&entry.file_name().to_string_lossy(), names)).sum();
    // USER_HZ is 100 on every Linux that matters here.
    Duration::from_millis(ticks * 10)
}

fn ticks(pid: &str, names: &[&str]) -> Option<u64> {
    pid.parse::<u32>().ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, tail) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1;
    // The kernel keeps 15 characters of a name.
    if !names.iter().any(|wanted| wanted.get(..15).unwrap_or(wanted) == name) {
        return None;
    }
    // utime, stime, cutime and cstime are the fields 14 to 17 (proc(5)).
    let fields: Vec<u64> = tail.split_whitespace().skip(11).take(4).filter_map(|field| field.parse().ok()).collect();
    Some(fields.iter().sum())
}

/// The most memory that this process has held since [`forget_peak`], in MiB.
///
/// # Errors
/// When the kernel does not tell.
pub fn peak_memory() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel tells VmHWM")?;
    let kib: u32 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(f64::from(kib) / 1_024.0)
}

/// Lets the peak begin anew (proc(5), `clear_refs`).
///
/// # Errors
/// When the kernel refuses.
pub fn forget_peak() -> Result<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}
