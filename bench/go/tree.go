// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	far      = time.Hour
	aMillion = 1000000
)

// s1

func askChild(n int) {
	n = unlessQuick(n)
	root, cancelRoot := context.WithCancel(context.Background())
	defer cancelRoot()
	var lap lap
	lap.begin()
	for i := 0; i < n; i++ {
		_, cancel := context.WithCancel(root)
		cancel()
	}
	lap.end()
	lap.report("s1.child", n)
}

// s2

func askTimeoutChild(n int) {
	n = unlessQuick(n)
	root, cancelRoot := context.WithCancel(context.Background())
	defer cancelRoot()
	var lap lap
	lap.begin()
	for i := 0; i < n; i++ {
		_, cancel := context.WithTimeout(root, far)
		cancel()
	}
	lap.end()
	lap.report("s2.timeout_child", n)
}

// s3

func timeErr(key string, at context.Context, n int) {
	ended := 0
	var lap lap
	lap.begin()
	for i := 0; i < n; i++ {
		if at.Err() != nil {
			ended++
		}
	}
	lap.end()
	if ended != 0 && ended != n {
		panic("half ended")
	}
	lap.report(key, n)
}

func timeSelect(key string, at context.Context, n int) {
	done := at.Done()
	var lap lap
	lap.begin()
	for i := 0; i < n; i++ {
		select {
		case <-done:
			panic("ended")
		default:
		}
	}
	lap.end()
	lap.report(key, n)
}

func askCheck(n int) {
	n = unlessQuick(n)
	for _, depth := range []int{1, 10} {
		root, cancel := context.WithCancel(context.Background())
		at := root
		for i := 1; i < depth; i++ {
			var cancelThis context.CancelFunc
			at, cancelThis = context.WithCancel(at)
			defer cancelThis()
		}
		timeErr(fmt.Sprintf("s3.check.d%d", depth), at, n)
		timeSelect(fmt.Sprintf("s3.check_select_hoisted.d%d", depth), at, n)
		cancel()
		timeErr(fmt.Sprintf("s3.check.d%d.ended", depth), at, n)
	}
}

// s4

type fan struct {
	contexts                 []context.Context
	cancels                  []context.CancelFunc
	create, cancel, giveBack lap
}

func (f *fan) run() {
	root, cancelRoot := context.WithCancel(context.Background())
	f.create.begin()
	for i := range f.contexts {
		f.contexts[i], f.cancels[i] = context.WithCancel(root)
	}
	f.create.end()
	f.cancel.begin()
	cancelRoot()
	f.cancel.end()
	f.giveBack.begin()
	for i := range f.contexts {
		f.cancels[i]()
		f.contexts[i], f.cancels[i] = nil, nil
	}
	f.giveBack.end()
}

func askFan(n int) {
	f := fan{contexts: make([]context.Context, n), cancels: make([]context.CancelFunc, n)}
	f.run()
	f.create, f.cancel, f.giveBack = lap{}, lap{}, lap{}
	done := 0
	for done < unlessQuick(aMillion) {
		f.run()
		done += n
	}
	total := lap{total: f.create.total + f.cancel.total + f.giveBack.total}
	f.create.report(fmt.Sprintf("s4.fan.%d.create", n), done)
	f.cancel.report(fmt.Sprintf("s4.fan.%d.cancel", n), done)
	total.report(fmt.Sprintf("s4.fan.%d.total", n), done)
}

// s5

func askChain(n int) {
	chain := make([]context.Context, n)
	cancels := make([]context.CancelFunc, n)
	var create, ending lap
	run := func() {
		create.begin()
		chain[0], cancels[0] = context.WithCancel(context.Background())
		for i := 1; i < n; i++ {
			chain[i], cancels[i] = context.WithCancel(chain[i-1])
		}
		create.end()
		ending.begin()
		cancels[0]()
		ending.end()
		if chain[n-1].Err() == nil {
			panic("live")
		}
	}
	run()
	create, ending = lap{}, lap{}
	done := 0
	for done < unlessQuick(aMillion) {
		run()
		done += n
	}
	create.report(fmt.Sprintf("s5.chain.%d.create", n), done)
	ending.report(fmt.Sprintf("s5.chain.%d.cancel", n), done)
}

// s6

func askAfter(n int) {
	n = unlessQuick(n)
	root, cancelRoot := context.WithCancel(context.Background())
	defer cancelRoot()
	var lap lap
	lap.begin()
	for i := 0; i < n; i++ {
		stop := context.AfterFunc(root, func() {})
		if !stop() {
			panic("started")
		}
	}
	lap.end()
	lap.report("s6.after", n)
}

// s11

func timeTwo(name string, parents [2]context.Context, n int) {
	var gate, done sync.WaitGroup
	gate.Add(2)
	var took [2]int64
	for i, parent := range parents {
		done.Add(1)
		go func() {
			defer done.Done()
			gate.Done()
			gate.Wait()
			begin := clock(monotonic)
			for range n {
				_, cancel := context.WithCancel(parent)
				cancel()
			}
			took[i] = clock(monotonic) - begin
		}()
	}
	done.Wait()
	report(name, "ns", float64(took[0]+took[1])/2/float64(n))
}

func askContended(n int) {
	n = unlessQuick(n)
	one, cancelOne := context.WithCancel(context.Background())
	other, cancelOther := context.WithCancel(context.Background())
	defer cancelOne()
	defer cancelOther()
	timeTwo("s11.contended", [2]context.Context{one, one}, n)
	timeTwo("s11.own", [2]context.Context{one, other}, n)
}
