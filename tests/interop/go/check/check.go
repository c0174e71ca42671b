// Package check runs named checks and prints a line for each: "ok NAME", "FAIL NAME: why", "skip NAME: why".
package check

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

type T struct {
	why     string
	skipped bool
}

// Fatalf ends the check, which must be called from the goroutine that it was started in.
func (t *T) Fatalf(format string, args ...interface{}) {
	t.why = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (t *T) Skip(why string) {
	t.why, t.skipped = why, true
	runtime.Goexit()
}

func (t *T) NoError(err error, doing string) {
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

// Error wants exactly that text.
func (t *T) Error(err error, want string) {
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	if err.Error() != want {
		t.Fatalf("error %q, want %q", err.Error(), want)
	}
}

// ErrorPrefix wants a text that starts so.
func (t *T) ErrorPrefix(err error, prefix string) {
	if err == nil {
		t.Fatalf("no error, want one that starts with %q", prefix)
	}
	if !strings.HasPrefix(err.Error(), prefix) {
		t.Fatalf("error %q, want one that starts with %q", err.Error(), prefix)
	}
}

func (t *T) Equal(got, want interface{}, what string) {
	if difference := Same(got, want); difference != "" {
		t.Fatalf("%s: %s", what, difference)
	}
}

type Suite struct {
	Only, Skip *regexp.Regexp // nil: all, none
	List       bool           // only print the names
	Timeout    time.Duration
	ran        int
	failed     int
}

// Run runs the check unless it was not asked for. One that panics or takes longer than Timeout has failed.
func (s *Suite) Run(name string, f func(t *T)) {
	if s.Only != nil && !s.Only.MatchString(name) || s.Skip != nil && s.Skip.MatchString(name) {
		return
	}
	if s.List {
		fmt.Println(name)
		return
	}
	s.ran++
	result := make(chan *T, 1)
	go func() {
		t := &T{why: "ended early"}
		defer func() {
			if r := recover(); r != nil {
				t.why = fmt.Sprintf("panic: %v", r)
				debug.PrintStack()
			}
			result <- t
		}()
		f(t)
		t.why = ""
	}()
	timer := time.NewTimer(s.Timeout)
	defer timer.Stop()
	var t *T
	select {
	case t = <-result:
	case <-timer.C:
		t = &T{why: fmt.Sprintf("no result within %v", s.Timeout)}
	}
	why := strings.ReplaceAll(strings.TrimSpace(t.why), "\n", "; ")
	switch {
	case t.skipped:
		fmt.Printf("skip %s: %s\n", name, why)
	case why != "":
		s.failed++
		fmt.Printf("FAIL %s: %s\n", name, why)
	default:
		fmt.Printf("ok %s\n", name)
	}
}

// Exit ends the program: with 1 if a check failed, with 2 if none was run.
func (s *Suite) Exit() {
	switch {
	case s.List:
		os.Exit(0)
	case s.failed > 0:
		os.Exit(1)
	case s.ran == 0:
		fmt.Fprintln(os.Stderr, "no check was run")
		os.Exit(2)
	}
	os.Exit(0)
}
