//! Figures from times, and how they are told.

use std::time::Duration;

/// Tells the median, the tail and the worst.
pub(crate) fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| millis(times[(times.len() * part / 100).min(times.len() - 1)]);
    let (median, tail, worst) = (at(50), at(95), at(99));
    println!("  {what}: median {median}, p95 {tail}, p99 {worst} (n = {})", times.len());
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

/// How many processes want a core, of late.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

/// A memory figure of a process, in MB.
pub(crate) fn memory(pid: u64, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1_024.0 / 1_000_000.0
}
