// SPDX-License-Identifier: MIT

// Runs programs with Go's context, as ../run.c does with Belay.  A test, for
// only a test has a clock that it can move; it is built and run as a program.
package differential

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// How often each deviation of ../README.md was met.  What makes up for it is
// where it is counted.
var deviations = map[string]int{}

// Where the time of each program starts.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

var out = bufio.NewWriter(os.Stdout)

// The words of a line; those that are not there are 0.
type line []string

func (l line) word(i int) string {
	if i < len(l) {
		return l[i]
	}
	return "0"
}

func (l line) number(i int) int {
	n, _ := strconv.Atoi(l.word(i))
	return n
}

type key int

func (k key) String() string { return fmt.Sprintf("k%d", int(k)) }

type value int

func (v value) String() string {
	deviations["value-text"]++ // Belay cannot know how to write a value
	return "..."
}

type reason int

func (r reason) Error() string { return fmt.Sprintf("reason %d", int(r)) }

// The error that a code stands for, and back.
func errorOf(code int) error {
	switch code {
	case 0:
		return nil
	case -int(syscall.ECANCELED):
		return context.Canceled
	case -int(syscall.ETIME):
		return context.DeadlineExceeded
	}
	return reason(code)
}

func codeOf(err error) int {
	switch err {
	case context.Canceled:
		return -int(syscall.ECANCELED)
	case context.DeadlineExceeded:
		return -int(syscall.ETIME)
	}
	return int(err.(reason))
}

// A context, and whose it is.
type handle struct {
	ctx    context.Context
	cancel func(cause error) // nil: it has no end of its own
	refs   int
	owned  bool
}

func (h *handle) isGone() bool { return h == nil || !h.owned && h.refs == 0 }

func (h *handle) end() {
	if h.owned && h.cancel != nil {
		h.cancel(nil)
	}
	h.owned = false
}

type after struct {
	runs atomic.Int32
	stop func() bool // nil: given back
}

// What one program works on.
type machine struct {
	handles [64]*handle
	afters  [200]*after
	caused  [64]bool // a later line says why it cancels this one
}

// A context that shows only what is below it.
type unseen struct {
	context.Context
	below context.Context
}

func (u unseen) String() string { return fmt.Sprint(u.below) }

// The parent that a word names, or nil if it is gone.
func (m *machine) parent(word string) context.Context {
	switch word {
	case "nil":
		deviations["null-parent"]++ // Go panics
		return context.Background()
	case "background":
		return context.Background()
	case "todo":
		return context.TODO()
	}
	if h := m.handles[line{word}.number(0)]; !h.isGone() {
		return h.ctx
	}
	return nil
}

func (m *machine) makeEndable(parent context.Context, l line) (context.Context, func(error)) {
	verb, id, n, cause := l[0], l.number(1), l.number(3), errorOf(l.number(4))
	if verb != "with_cancel" && n == math.MaxInt64 {
		deviations["forever"]++ // to Go, a deadline in 292 years
		verb = "with_cancel"
	}
	if verb == "with_cancel" && m.caused[id] {
		return context.WithCancelCause(parent)
	}
	because := func(error) {}
	if m.caused[id] {
		deviations["cause-before-deadline"]++ // Go has no function for it
		inner, cancel := context.WithCancelCause(parent)
		parent, because = unseen{inner, parent}, cancel
	}
	var ctx context.Context
	var cancel context.CancelFunc
	after, when := time.Duration(n), epoch.Add(time.Duration(n))
	switch verb {
	case "with_cancel":
		ctx, cancel = context.WithCancel(parent)
	case "with_timeout":
		ctx, cancel = context.WithTimeout(parent, after)
	case "with_timeout_cause":
		ctx, cancel = context.WithTimeoutCause(parent, after, cause)
	case "with_deadline":
		ctx, cancel = context.WithDeadline(parent, when)
	case "with_deadline_cause":
		ctx, cancel = context.WithDeadlineCause(parent, when, cause)
	}
	return ctx, func(cause error) {
		because(cause)
		cancel()
	}
}

func (m *machine) make(l line) {
	parent := m.parent(l.word(2))
	if parent == nil {
		return
	}
	h := &handle{owned: true}
	switch l[0] {
	case "with_value":
		var v any
		if l.number(4) != 0 {
			v = value(l.number(4))
		}
		h.ctx = context.WithValue(parent, key(l.number(3)), v)
	case "without_cancel":
		h.ctx = context.WithoutCancel(parent)
	default:
		h.ctx, h.cancel = m.makeEndable(parent, l)
	}
	m.handles[l.number(1)] = h
}

func (h *handle) cancelNow(l line) {
	was := h.ctx.Err()
	if h.cancel != nil {
		h.cancel(errorOf(l.number(2)))
	} else {
		deviations["no-end-of-its-own"]++ // Go has no function for it
	}
	fmt.Fprintf(out, "%s %s: %t\n", l[0], l[1], was != h.ctx.Err())
}

func state(done <-chan struct{}) string {
	if done == nil {
		return "endless"
	}
	select {
	case <-done:
		return "done"
	default:
		return "open"
	}
}

func (h *handle) see(id int) {
	if h.isGone() {
		return
	}
	fmt.Fprintf(out, "%d: %s", id, state(h.ctx.Done()))
	err, cause := h.ctx.Err(), context.Cause(h.ctx)
	if err != nil || cause != nil {
		fmt.Fprintf(out, ", %v, cause %d \"%v\"", err, codeOf(cause), cause)
	}
	if when, limited := h.ctx.Deadline(); limited {
		fmt.Fprintf(out, ", deadline %d", when.Sub(epoch))
		if err == nil {
			fmt.Fprintf(out, ", left %d", time.Until(when))
		}
	}
	for k := range key(10) {
		if v := h.ctx.Value(k); v != nil {
			fmt.Fprintf(out, ", %v %d", k, int(v.(value)))
		}
	}
	text := strings.ReplaceAll(fmt.Sprint(h.ctx), ", <nil>)", ", ...)")
	fmt.Fprintf(out, ", %s\n", text)
}

func (m *machine) stop(l line) {
	a := m.afters[l.number(1)]
	if a == nil || a.stop == nil {
		return
	}
	fmt.Fprintf(out, "%s %s: %t\n", l[0], l[1], a.stop())
	a.stop = nil
}

func (m *machine) seeAfters() {
	synctest.Wait()
	for i, a := range m.afters {
		if a != nil {
			fmt.Fprintf(out, "after %d: %d\n", i, a.runs.Load())
		}
	}
}

func (m *machine) use(h *handle, l line) {
	switch l[0] {
	case "see":
		h.see(l.number(1))
	case "after":
		a := &after{}
		a.stop = context.AfterFunc(h.ctx, func() { a.runs.Add(1) })
		m.afters[l.number(2)] = a
	case "ref":
		h.refs++
	case "unref":
		h.refs = max(h.refs-1, 0)
	case "end":
		h.end()
	case "cancel_now", "cause_now":
		if h.owned {
			h.cancelNow(l)
		}
	}
}

func (m *machine) runLine(l line) {
	switch l[0] {
	case "program":
		fmt.Fprintf(out, "program %s\n", l[1])
	case "observe":
		m.seeAfters()
		for id, h := range m.handles {
			h.see(id)
		}
	case "advance", "jump":
		time.Sleep(time.Duration(l.number(1)))
		synctest.Wait()
	case "stop", "join":
		m.stop(l)
	case "finish":
		for _, h := range m.handles {
			if h != nil {
				h.end()
			}
		}
		m.seeAfters()
	default:
		if strings.HasPrefix(l[0], "with") {
			m.make(l)
		} else if h := m.handles[l.number(1)]; !h.isGone() {
			m.use(h, l)
		}
	}
}

func runProgram(t *testing.T, program []line) {
	m := &machine{}
	for _, l := range program {
		if l[0] == "cause_now" {
			m.caused[l.number(1)] = true
		}
	}
	synctest.Test(t, func(*testing.T) {
		for _, l := range program {
			m.runLine(l)
		}
	})
}

func TestPrograms(t *testing.T) {
	time.Local = time.UTC
	var program []line
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		program = append(program, strings.Fields(in.Text()))
		if strings.HasPrefix(in.Text(), "finish") {
			runProgram(t, program)
			program = nil
		}
	}
	for name, count := range deviations {
		fmt.Fprintln(os.Stderr, name, count)
	}
	out.Flush()
	os.Exit(0) // before the test says that it has passed
}
