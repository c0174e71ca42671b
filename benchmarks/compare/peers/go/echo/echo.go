// Package echo is the call that all benchmarks make.
package echo

import "time"

type Args struct {
	A, B int64
	S    []byte
}

// Echo is registered under its own name, so that the method is Echo.Echo.
type Echo struct{}

func (Echo) Echo(args Args, reply *Args) error {
	*reply = args
	return nil
}

// Slow sleeps; other calls go on, as each has a goroutine.
func (Echo) Slow(args Args, reply *Args) error {
	time.Sleep(5 * time.Millisecond)
	*reply = args
	return nil
}

// Work takes about 20 microseconds of processor time, as support/work.hpp does.
func (Echo) Work(args Args, reply *Args) error {
	state := uint64(args.A)
	for i := 0; i < 16000; i++ {
		state = state*6364136223846793005 + 1442695040888963407
	}
	*reply = args
	if state == 0 {
		reply.B = 0
	}
	return nil
}
