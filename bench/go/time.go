// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// s9

// timeWakes is from cancel() until a goroutine that sleeps on Done() runs.
func timeWakes(stem string, tries int, locked bool) {
	type bed struct{ ctx context.Context }
	goes, awake := make(chan bed), make(chan int64)
	go func() {
		if locked {
			runtime.LockOSThread()
		}
		for bed := range goes {
			<-bed.ctx.Done()
			awake <- clock(monotonic)
		}
	}()
	if locked {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	took := make([]int64, tries)
	for i := range took {
		ctx, cancel := context.WithCancel(context.Background())
		goes <- bed{ctx}
		time.Sleep(100 * time.Microsecond)
		begin := clock(monotonic)
		cancel()
		took[i] = <-awake - begin
	}
	close(goes)
	reportSpread(stem, "ns", took, 1)
}

func askWake(tries int) {
	tries = unlessQuick(tries)
	timeWakes("s9.wake", tries, false)
	timeWakes("s9.wake_locked_threads", tries, true)
	runtime.GOMAXPROCS(1)
	timeWakes("s9.wake_1cpu", tries, false)
}

// s10

var random uint64 = 88172645463325252

// farOff is between one hour and two, the same sequence for everybody.
func farOff() time.Duration {
	random ^= random << 13
	random ^= random >> 7
	random ^= random << 17
	return time.Hour + time.Duration(random%uint64(time.Hour))
}

func askArm(live int) {
	const batch, batches = 10000, 10
	root, cancelRoot := context.WithCancel(context.Background())
	cancels := make([]context.CancelFunc, live)
	for i := range cancels {
		_, cancels[i] = context.WithTimeout(root, farOff())
	}
	more := make([]context.CancelFunc, batch)
	var arm, stop lap
	for b := -1; b < batches; b++ {
		if b == 0 {
			arm, stop = lap{}, lap{}
		}
		arm.begin()
		for i := range more {
			_, more[i] = context.WithTimeout(root, farOff())
		}
		arm.end()
		stop.begin()
		for i := range more {
			more[i]()
		}
		stop.end()
	}
	arm.report("s10.arm_1M", batch*batches)
	stop.report("s10.cancel_1M", batch*batches)
	runtime.KeepAlive(cancels)
	cancelRoot()
}

func askLate(n int) {
	due, lateBy := make([]time.Time, n), make([]int64, n)
	begin := time.Now().Add(500 * time.Millisecond)
	root, cancelRoot := context.WithCancel(context.Background())
	defer cancelRoot()
	var told atomic.Int64
	cancels := make([]context.CancelFunc, n)
	for i := range due {
		due[i] = begin.Add(time.Duration(i*7919%n) * 100 * time.Microsecond)
		var ctx context.Context
		ctx, cancels[i] = context.WithDeadline(root, due[i])
		context.AfterFunc(ctx, func() {
			lateBy[i] = int64(time.Since(due[i]))
			told.Add(1)
		})
	}
	cpu := clock(processClock)
	for told.Load() < int64(n) {
		time.Sleep(50 * time.Millisecond)
	}
	report("s10.late_10k.cpu", "ms", float64(clock(processClock)-cpu)/1e6)
	reportSpread("s10.late_10k", "us", lateBy, 1000)
}

func askIdle(waiters int) {
	waiters = unlessQuick(waiters)
	root, cancelRoot := context.WithCancel(context.Background())
	cancels := make([]context.CancelFunc, aMillion)
	for i := range cancels {
		_, cancels[i] = context.WithTimeout(root, 2*time.Hour)
	}
	for range waiters {
		go func() { <-root.Done() }()
	}
	runtime.GC()
	time.Sleep(500 * time.Millisecond)

	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	cpu := clock(processClock)
	time.Sleep(time.Second)
	cpu = clock(processClock) - cpu
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	report("s10.idle.waiters", "count", float64(waiters))
	report("s10.idle.wakeups", "/s", float64(after.Nvcsw-before.Nvcsw))
	report("s10.idle.cpu", "us", float64(cpu)/1000)
	cancelRoot()
	runtime.KeepAlive(cancels)
}
