// SPDX-License-Identifier: MIT

// Go's context, asked what ../questions asks of the C peers.  CPU time is that
// of the process, so that the collector counts.
package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unsafe"
)

const (
	monotonic    = 1
	processClock = 2
)

// Not time.Now(), so that deadlines and wakes use the clock that C reads.
func clock(id uintptr) int64 {
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}

var costOfReading int64

// lap sums CPU time, less what reading it costs.
type lap struct{ total, since int64 }

func (l *lap) begin() { l.since = clock(processClock) }
func (l *lap) end()   { l.total += clock(processClock) - l.since - costOfReading }

func (l *lap) report(key string, n int) {
	report(key, "ns", float64(l.total)/float64(n))
}

func report(key, unit string, value float64) {
	fmt.Printf("%s\tgo\t%s\t%.3f\n", key, unit, value)
}

func reportSpread(stem, unit string, values []int64, perUnit float64) {
	slices.Sort(values)
	n := len(values)
	report(stem+".p50", unit, float64(values[n/2])/perUnit)
	report(stem+".p99", unit, float64(values[n*99/100])/perUnit)
}

// unlessQuick returns a tenth of n in a quick run.
func unlessQuick(n int) int {
	if quick := os.Getenv("BENCH_QUICK"); quick != "" && quick[0] != '0' {
		return n / 10
	}
	return n
}

func residentBytes() float64 {
	rollup, _ := os.ReadFile("/proc/self/smaps_rollup")
	for _, line := range strings.Split(string(rollup), "\n") {
		var kib float64
		if n, _ := fmt.Sscanf(line, "Rss: %f kB", &kib); n == 1 {
			return kib * 1024
		}
	}
	return 0
}

var questions = []struct {
	name string
	ask  func(n int)
	n    int
}{
	{"s1", askChild, 1000000},
	{"s2", askTimeoutChild, 500000},
	{"s3", askCheck, 20000000},
	{"s4.fan.1000", askFan, 1000},
	{"s4.fan.100000", askFan, 100000},
	{"s4.fan.1000000", askFan, 1000000},
	{"s5.chain.1000", askChain, 1000},
	{"s5.chain.100000", askChain, 100000},
	{"s6", askAfter, 500000},
	{"s7", askValue, 2000000},
	{"s8", askMemory, 1000000},
	{"s8.timeout", askTimeoutMemory, 1000000},
	{"s8.value", askValueMemory, 1000000},
	{"s9.wake", askWake, 2000},
	{"s10", askArm, 1000000},
	{"s10.late", askLate, 10000},
	{"s10.idle", askIdle, 100000},
	{"s11", askContended, 1000000},
	{"s12", askLock, 5000000},
	{"s13", askPass, 50000},
	{"s14.jobs", askJobs, 100000},
	{"s14.small", askSmall, 5000},
}

func main() {
	asked := "list"
	if len(os.Args) == 2 {
		asked = os.Args[1]
	}
	if asked == "serve" {
		serve()
		return
	}
	if asked == "about" {
		fmt.Printf("go\tcontext, %s\n", runtime.Version())
	}
	const readings = 2000
	begin := clock(processClock)
	for i := 0; i < readings; i++ {
		clock(processClock)
	}
	costOfReading = (clock(processClock) - begin) / readings

	for _, question := range questions {
		if asked == "list" {
			fmt.Println(question.name)
		} else if asked == question.name {
			question.ask(question.n)
		}
	}
}
