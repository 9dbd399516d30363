// SPDX-License-Identifier: MIT

use crate::clock::*;
use std::future::Future;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;
use tokio_util::sync::CancellationToken;

fn one_child(parent: &CancellationToken) {
    parent.child_token().cancel();
}

/// s1
pub fn ask_child(n: usize) {
    let n = unless_quick(n);
    let root = CancellationToken::new();
    let total = cpu_of(|| (0..n).for_each(|_| one_child(&root)));
    report_each("s1.child", total, n);
}

fn time_checks(key: &str, at: &CancellationToken, n: usize) {
    let mut ended = 0;
    let total = cpu_of(|| ended = (0..n).filter(|_| at.is_cancelled()).count());
    assert!(ended == 0 || ended == n);
    report_each(key, total, n);
}

/// s3
pub fn ask_check(n: usize) {
    let n = unless_quick(n);
    for depth in [1, 10] {
        let root = CancellationToken::new();
        let path: Vec<_> = (1..depth)
            .scan(root.clone(), |at, _| {
                *at = at.child_token();
                Some(at.clone())
            })
            .collect();
        let at = path.last().unwrap_or(&root);
        time_checks(&format!("s3.check.d{depth}"), at, n);
        root.cancel();
        time_checks(&format!("s3.check.d{depth}.ended"), at, n);
    }
}

/// s4
pub fn ask_fan(n: usize) {
    let mut children = Vec::with_capacity(n);
    let mut done = 0;
    let (mut create, mut cancel, mut drop) = (0, 0, 0);
    let mut warm = false;
    while done < unless_quick(1_000_000) {
        let root = CancellationToken::new();
        let made = cpu_of(|| (0..n).for_each(|_| children.push(root.child_token())));
        let canceled = cpu_of(|| root.cancel());
        let dropped = cpu_of(|| children.clear());
        if !warm {
            warm = true;
            continue;
        }
        create += made;
        cancel += canceled;
        drop += dropped;
        done += n;
    }
    report_each(&format!("s4.fan.{n}.create"), create, done);
    report_each(&format!("s4.fan.{n}.cancel"), cancel, done);
    report_each(&format!("s4.fan.{n}.total"), create + cancel + drop, done);
}

/// s5
pub fn ask_chain(n: usize) {
    let mut chain: Vec<CancellationToken> = Vec::with_capacity(n);
    let (mut create, mut cancel, mut done) = (0, 0, 0);
    while done < unless_quick(1_000_000) {
        create += cpu_of(|| {
            chain.push(CancellationToken::new());
            for i in 1..n {
                chain.push(chain[i - 1].child_token());
            }
        });
        cancel += cpu_of(|| chain[0].cancel());
        assert!(chain[n - 1].is_cancelled());
        while chain.pop().is_some() {}
        done += n;
    }
    report_each(&format!("s5.chain.{n}.create"), create, done);
    report_each(&format!("s5.chain.{n}.cancel"), cancel, done);
}

/// s6: a waker that is registered, and taken back by dropping the future.
pub fn ask_callback(n: usize) {
    let n = unless_quick(n);
    let root = CancellationToken::new();
    let mut context = Context::from_waker(Waker::noop());
    let total = cpu_of(|| {
        for _ in 0..n {
            let mut canceled = pin!(root.cancelled());
            assert!(canceled.as_mut().poll(&mut context) == Poll::Pending);
        }
    });
    report_each("s6.callback", total, n);
}

/// s8: the caller's handle is part of it.
pub fn ask_memory(n: usize) {
    let root = CancellationToken::new();
    let mut children = Vec::with_capacity(n);
    let before = resident_bytes();
    children.extend((0..n).map(|_| root.child_token()));
    report("s8.mem.rss", "B", (resident_bytes() - before) / n as f64);
}

fn time_two(key: &str, parents: [&CancellationToken; 2], n: usize) {
    let gate = Barrier::new(2);
    let run = |parent: &CancellationToken| {
        gate.wait();
        let begin = read_clock(MONOTONIC);
        (0..n).for_each(|_| one_child(parent));
        read_clock(MONOTONIC) - begin
    };
    let took: i64 = thread::scope(|scope| {
        let other = scope.spawn(|| run(parents[1]));
        run(parents[0]) + other.join().unwrap()
    });
    report_each(key, took / 2, n);
}

/// s11
pub fn ask_contended(n: usize) {
    let n = unless_quick(n);
    let (one, other) = (CancellationToken::new(), CancellationToken::new());
    time_two("s11.contended", [&one, &one], n);
    time_two("s11.own", [&one, &other], n);
}
