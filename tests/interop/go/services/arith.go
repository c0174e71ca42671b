// Package services holds what both ends of the interop tests agree on: the services, and the types that they carry.
// tests/interop/README.md declares the same for C++.
package services

import (
	"errors"
	"strings"
	"time"
)

type Args struct {
	A, B int64
}

type Quotient struct {
	Quo, Rem int64
}

type EchoArgs struct {
	A, B int64
	S    []byte
}

// Empty travels as a struct without fields.
type Empty struct{}

type Arith struct{}

func (Arith) Multiply(args Args, reply *int64) error {
	*reply = args.A * args.B
	return nil
}

// Divide takes a pointer, which looks the same on the wire.
func (Arith) Divide(args *Args, reply *Quotient) error {
	if args.B == 0 {
		return errors.New("divide by zero")
	}
	*reply = Quotient{args.A / args.B, args.A % args.B}
	return nil
}

// Sleep answers after so many milliseconds, with their number.
func (Arith) Sleep(milliseconds int64, reply *int64) error {
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	*reply = milliseconds
	return nil
}

// Upper makes ASCII letters upper case.
func (Arith) Upper(text string, reply *string) error {
	*reply = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, text)
	return nil
}

// Sum gives "count" and "sum", and, if there is a number, "min" and "max".
func (Arith) Sum(numbers []int64, reply *map[string]int64) error {
	result := map[string]int64{"count": int64(len(numbers)), "sum": 0}
	for i, n := range numbers {
		result["sum"] += n
		if i == 0 || n < result["min"] {
			result["min"] = n
		}
		if i == 0 || n > result["max"] {
			result["max"] = n
		}
	}
	*reply = result
	return nil
}

func (Arith) Nothing(_ struct{}, _ *struct{}) error { return nil }

func (Arith) Echo(args EchoArgs, reply *EchoArgs) error {
	*reply = args
	return nil
}

// Fail fails with the text it is given.
func (Arith) Fail(text string, _ *Empty) error { return errors.New(text) }

// HelloService is the service of many a tutorial.
type HelloService struct{}

func (HelloService) SayHello(name string, reply *string) error {
	*reply = "Hello World:" + name
	return nil
}

func (HelloService) Hello(name string, reply *string) error {
	*reply = "hello:" + name
	return nil
}

// CancelCounts is what the service Cancellable, which Go's own net/rpc cannot serve, says of its method Wait.
type CancelCounts struct {
	Started, Running, Cancelled int64
}
