// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"sync"
	"sync/atomic"
)

// s14

// group does what golang.org/x/sync/errgroup does, in its order: what is not
// in the standard library is not fetched for a benchmark.
type group struct {
	cancel  context.CancelCauseFunc
	wait    sync.WaitGroup
	limit   chan struct{}
	errOnce sync.Once
	err     error
}

func withGroup(parent context.Context, limit int) (*group, context.Context) {
	ctx, cancel := context.WithCancelCause(parent)
	g := &group{cancel: cancel}
	if limit > 0 {
		g.limit = make(chan struct{}, limit)
	}
	return g, ctx
}

func (g *group) done() {
	if g.limit != nil {
		<-g.limit
	}
	g.wait.Done()
}

func (g *group) goes(f func() error) {
	if g.limit != nil {
		g.limit <- struct{}{}
	}
	g.wait.Add(1)
	go func() {
		defer g.done()
		if err := f(); err != nil {
			g.errOnce.Do(func() {
				g.err = err
				g.cancel(err)
			})
		}
	}()
}

func (g *group) waits() error {
	g.wait.Wait()
	g.cancel(g.err)
	return g.err
}

func timeGroups(stem string, limit, groups, jobs int) {
	var done atomic.Int64
	begin, cpu := clock(monotonic), clock(processClock)
	for i := 0; i < groups; i++ {
		g, _ := withGroup(context.Background(), limit)
		for k := 0; k < jobs; k++ {
			g.goes(func() error {
				done.Add(1)
				return nil
			})
		}
		g.waits()
	}
	count := float64(groups * jobs)
	wall, spent := clock(monotonic)-begin, clock(processClock)-cpu
	if done.Load() != int64(groups*jobs) {
		panic("lost a job")
	}
	report(stem, "ns", float64(wall)/count)
	report(stem+".cpu", "ns", float64(spent)/count)
}

func askJobs(n int) {
	timeGroups("s14.jobs", 0, 1, n)
	timeGroups("s14.limit", 2, 1, n)
	timeGroups("s14.queue", 2, 1, n)
}

func askSmall(n int) {
	timeGroups("s14.small", 0, unlessQuick(n), 3)
}
