// SPDX-License-Identifier: MIT

//! Clocks, and the lines that report.

use std::fs;
use std::mem::size_of_val;

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, now: *mut Timespec) -> i32;
    fn sched_setaffinity(pid: i32, size: usize, mask: *const u64) -> i32;
}

/// Keeps this thread on one processor; where that is not to be had, anywhere.
pub fn pin(cpu: usize) {
    let mask = [1u64 << cpu];
    unsafe { sched_setaffinity(0, size_of_val(&mask), mask.as_ptr()) };
}

pub const MONOTONIC: i32 = 1;
pub const PROCESS: i32 = 2;
pub const THREAD: i32 = 3;

pub fn read_clock(clock: i32) -> i64 {
    let mut now = Timespec {
        seconds: 0,
        nanoseconds: 0,
    };
    unsafe { clock_gettime(clock, &mut now) };
    now.seconds * 1_000_000_000 + now.nanoseconds
}

/// CPU time of this thread, less what reading it costs.
pub fn cpu_of(work: impl FnOnce()) -> i64 {
    const READINGS: i64 = 200;
    let begin = read_clock(THREAD);
    for _ in 0..READINGS {
        read_clock(THREAD);
    }
    let cost = (read_clock(THREAD) - begin) / READINGS;

    let begin = read_clock(THREAD);
    work();
    read_clock(THREAD) - begin - cost
}

pub fn report(key: &str, unit: &str, value: f64) {
    println!("{key}\ttokio\t{unit}\t{value:.3}");
}

pub fn report_each(key: &str, total: i64, n: usize) {
    report(key, "ns", total as f64 / n as f64);
}

pub fn report_spread(stem: &str, unit: &str, values: &mut [i64], per_unit: f64) {
    values.sort_unstable();
    let n = values.len();
    report(
        &format!("{stem}.p50"),
        unit,
        values[n / 2] as f64 / per_unit,
    );
    report(
        &format!("{stem}.p99"),
        unit,
        values[n * 99 / 100] as f64 / per_unit,
    );
}

/// A tenth of n in a quick run.
pub fn unless_quick(n: usize) -> usize {
    match std::env::var("BENCH_QUICK") {
        Ok(quick) if !quick.is_empty() && !quick.starts_with('0') => n / 10,
        _ => n,
    }
}

pub fn resident_bytes() -> f64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let rss = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib = rss.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}
