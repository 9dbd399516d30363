// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"sync"
)

// s12

func askLock(n int) {
	n = unlessQuick(n)
	var mutex sync.Mutex
	count := 0
	lockOften := func() {
		for range n {
			mutex.Lock()
			count++
			mutex.Unlock()
		}
	}
	var alone lap
	alone.begin()
	lockOften()
	alone.end()
	alone.report("s12.lock", n)

	var both sync.WaitGroup
	begin := clock(monotonic)
	for range 2 {
		both.Add(1)
		go func() {
			lockOften()
			both.Done()
		}()
	}
	both.Wait()
	report("s12.contended", "ns", float64(clock(monotonic)-begin)/float64(n))
}

// s13

// timeLine is wall time for each element, there or there and back.
func timeLine(key string, capacity int, isRound, locked bool, n int) {
	there, back := make(chan int, capacity), make(chan int, capacity)
	done := make(chan bool)
	if locked {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	go func() {
		if locked {
			runtime.LockOSThread()
		}
		for range n {
			value := <-there
			if isRound {
				back <- value
			}
		}
		close(done)
	}()
	begin := clock(monotonic)
	for i := range n {
		there <- i
		if isRound {
			<-back
		}
	}
	<-done
	report(key, "ns", float64(clock(monotonic)-begin)/float64(n))
}

func askPass(n int) {
	n = unlessQuick(n)
	timeLine("s13.pass.0", 0, false, false, n)
	timeLine("s13.pass.100", 100, false, false, n*10)
	timeLine("s13.there_and_back.0", 0, true, false, n)
	timeLine("s13.there_and_back.1", 1, true, false, n)
	timeLine("s13.there_and_back_locked_threads.0", 0, true, true, n)
}
