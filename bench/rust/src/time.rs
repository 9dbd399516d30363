// SPDX-License-Identifier: MIT

use crate::clock::*;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep_until, Sleep};
use tokio_util::sync::CancellationToken;

const HOUR: Duration = Duration::from_secs(3600);

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// A child, and a timer that is armed: tokio does so when it is first polled.
struct TimeoutChild {
    token: CancellationToken,
    _timer: Pin<Box<Sleep>>,
}

impl TimeoutChild {
    fn new(parent: &CancellationToken, after: Duration) -> Self {
        let mut timer = Box::pin(sleep_until((Instant::now() + after).into()));
        let pending = timer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(pending.is_pending());
        TimeoutChild {
            token: parent.child_token(),
            _timer: timer,
        }
    }

    fn finish(self) {
        self.token.cancel();
    }
}

/// s2
pub fn ask_timeout_child(n: usize) {
    let n = unless_quick(n);
    let root = CancellationToken::new();
    let runtime = one_thread();
    let _inside = runtime.enter();
    let total = cpu_of(|| (0..n).for_each(|_| TimeoutChild::new(&root, HOUR).finish()));
    report_each("s2.timeout_child", total, n);
}

/// s8
pub fn ask_timeout_memory(n: usize) {
    let root = CancellationToken::new();
    let runtime = one_thread();
    let _inside = runtime.enter();
    let mut children = Vec::with_capacity(n);
    let before = resident_bytes();
    children.extend((0..n).map(|_| TimeoutChild::new(&root, HOUR)));
    let grown = resident_bytes() - before;
    report("s8.mem_timeout.rss", "B", grown / n as f64);
}

/// Between one hour and two, the same sequence for everybody.
fn far_off(state: &mut u64) -> Duration {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    HOUR + Duration::from_nanos(*state % HOUR.as_nanos() as u64)
}

/// s10
pub fn ask_arm(live: usize) {
    const BATCH: usize = 10_000;
    const BATCHES: usize = 10;
    let mut random = 88172645463325252;
    let root = CancellationToken::new();
    let runtime = one_thread();
    let _inside = runtime.enter();
    let mut make = || TimeoutChild::new(&root, far_off(&mut random));
    let _far: Vec<_> = (0..live).map(|_| make()).collect();

    let mut more = Vec::with_capacity(BATCH);
    let (mut arm, mut stop) = (0, 0);
    for batch in 0..=BATCHES {
        let armed = cpu_of(|| (0..BATCH).for_each(|_| more.push(make())));
        let stopped = cpu_of(|| more.drain(..).for_each(TimeoutChild::finish));
        if batch > 0 {
            arm += armed;
            stop += stopped;
        }
    }
    report_each("s10.arm_1M", arm, BATCH * BATCHES);
    report_each("s10.cancel_1M", stop, BATCH * BATCHES);
}

/// s9
pub fn ask_wake(tries: usize) {
    pin(0);
    time_wakes("s9.wake", 1, unless_quick(tries));
    time_wakes("s9.wake_1cpu", 0, unless_quick(tries));
}

/// A thread in block_on(cancelled()).
fn time_wakes(stem: &str, cpu: usize, tries: usize) {
    let (go, goes) = mpsc::channel::<CancellationToken>();
    let (awake, woken) = mpsc::channel::<i64>();
    let sleeper = thread::spawn(move || {
        pin(cpu);
        let runtime = one_thread();
        for token in goes {
            runtime.block_on(token.cancelled());
            awake.send(read_clock(MONOTONIC)).unwrap();
        }
    });
    let mut took = Vec::with_capacity(tries);
    for _ in 0..tries {
        let token = CancellationToken::new();
        go.send(token.clone()).unwrap();
        thread::sleep(Duration::from_micros(100));
        let begin = read_clock(MONOTONIC);
        token.cancel();
        took.push(woken.recv().unwrap() - begin);
    }
    drop(go);
    sleeper.join().unwrap();
    report_spread(stem, "ns", &mut took, 1.0);
}

/// s10.late: tasks of one thread, each with a timer of its own.
pub fn ask_late(n: usize) {
    let runtime = one_thread();
    let mut late: Vec<i64> = runtime.block_on(async {
        let begin = Instant::now() + Duration::from_millis(500);
        let tasks: Vec<_> = (0..n)
            .map(|i| begin + Duration::from_micros((i * 7919 % n) as u64 * 100))
            .map(|due| {
                tokio::spawn(async move {
                    sleep_until(due.into()).await;
                    due.elapsed().as_nanos() as i64
                })
            })
            .collect();
        let cpu = read_clock(PROCESS);
        let mut late = Vec::with_capacity(n);
        for task in tasks {
            late.push(task.await.unwrap());
        }
        let spent = read_clock(PROCESS) - cpu;
        report("s10.late_10k.cpu", "ms", spent as f64 / 1e6);
        late
    });
    report_spread("s10.late_10k", "us", &mut late, 1000.0);
}
