// SPDX-License-Identifier: MIT

//! tokio-util's CancellationToken, asked what ../questions asks of the C peers.

mod clock;
mod time;
mod tree;

type Question = (&'static str, fn(usize), usize);

const QUESTIONS: &[Question] = &[
    ("s1", tree::ask_child, 500_000),
    ("s2", time::ask_timeout_child, 500_000),
    ("s3", tree::ask_check, 20_000_000),
    ("s4.fan.1000", tree::ask_fan, 1000),
    ("s4.fan.100000", tree::ask_fan, 100_000),
    ("s4.fan.1000000", tree::ask_fan, 1_000_000),
    ("s5.chain.1000", tree::ask_chain, 1000),
    ("s5.chain.100000", tree::ask_chain, 100_000),
    ("s6", tree::ask_callback, 1_000_000),
    ("s8", tree::ask_memory, 1_000_000),
    ("s8.timeout", time::ask_timeout_memory, 500_000),
    ("s9.wake", time::ask_wake, 2000),
    ("s10", time::ask_arm, 1_000_000),
    ("s10.late", time::ask_late, 10_000),
    ("s11", tree::ask_contended, 1_000_000),
];

fn main() {
    let asked = std::env::args().nth(1).unwrap_or("list".into());
    if asked == "about" {
        println!("tokio\ttokio-util 0.7.20 CancellationToken");
    }
    for (name, ask, n) in QUESTIONS {
        if asked == "list" {
            println!("{name}");
        } else if asked == *name {
            ask(*n);
        }
    }
}
