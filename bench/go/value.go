// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"runtime"
)

// s7

type key struct{ name string }

const depth = 100

var keys [depth + 1]*key // the last is never set

func timeLookup(name string, at context.Context, wanted *key, n int) {
	found := 0
	var lap lap
	lap.begin()
	for i := 0; i < n; i++ {
		if at.Value(wanted) != nil {
			found++
		}
	}
	lap.end()
	if (found == n) != (wanted != keys[depth]) {
		panic("wrong value")
	}
	lap.report(name, n)
}

func askValue(n int) {
	n = unlessQuick(n)
	stored := new(int)
	for i := range keys {
		keys[i] = new(key)
	}
	var path [depth]context.Context
	at := context.Background()
	for i := range path {
		at = context.WithValue(at, keys[i], stored)
		path[i] = at
	}
	timeLookup("s7.value.d1", path[0], keys[0], n)
	timeLookup("s7.value.d10", path[9], keys[0], n)
	timeLookup("s7.value.d100", path[depth-1], keys[0], n)
	timeLookup("s7.value.miss", path[depth-1], keys[depth], n)

	var lap lap
	lap.begin()
	for i := 0; i < n; i++ {
		path[0] = context.WithValue(context.Background(), keys[0], stored)
	}
	lap.end()
	lap.report("s7.with_value", n)
}

// s8

func weigh(stem string, n int, make1 func(parent context.Context, i int)) {
	root, cancelRoot := context.WithCancel(context.Background())
	make1(root, 0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	resident := residentBytes()
	for i := 0; i < n; i++ {
		make1(root, i)
	}
	report(stem+".rss", "B", (residentBytes()-resident)/float64(n))
	runtime.GC()
	runtime.ReadMemStats(&after)
	report(stem+".heap", "B", float64(after.HeapAlloc-before.HeapAlloc)/float64(n))
	report(stem+".allocs", "count", float64(after.Mallocs-before.Mallocs)/float64(n))
	cancelRoot()
}

func askMemory(n int) {
	cancels := touched[context.CancelFunc](n, func() {})
	weigh("s8.mem", n, func(parent context.Context, i int) {
		_, cancels[i] = context.WithCancel(parent)
	})
	runtime.KeepAlive(cancels)
}

func askTimeoutMemory(n int) {
	cancels := touched[context.CancelFunc](n, func() {})
	weigh("s8.mem_timeout", n, func(parent context.Context, i int) {
		_, cancels[i] = context.WithTimeout(parent, far)
	})
	runtime.KeepAlive(cancels)
}

func askValueMemory(n int) {
	wanted, stored := new(key), new(int)
	contexts := touched[context.Context](n, context.Background())
	weigh("s8.mem_value", n, func(parent context.Context, i int) {
		contexts[i] = context.WithValue(parent, wanted, stored)
	})
	runtime.KeepAlive(contexts)
}

func touched[T any](n int, value T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = value
	}
	return all
}
