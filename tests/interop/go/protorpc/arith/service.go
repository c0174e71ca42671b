// Package arith has the messages and the services of the protorpc peers.
//
//go:generate protoc --go_out=. --go_opt=paths=source_relative arith.proto
package arith

import (
	"errors"
	"net/rpc"
	"time"
)

// Arith has Go's classic methods, with messages as arguments.
type Arith struct{}

func (Arith) Multiply(args *Args, reply *Number) error {
	reply.Value = args.A * args.B
	return nil
}

func (Arith) Divide(args *Args, reply *Number) error {
	if args.B == 0 {
		return errors.New("divide by zero")
	}
	reply.Value = args.A / args.B
	return nil
}

// Sleep answers with its argument after so many milliseconds.
func (Arith) Sleep(args *Number, reply *Number) error {
	time.Sleep(time.Duration(args.Value) * time.Millisecond)
	reply.Value = args.Value
	return nil
}

func (Arith) Echo(args *Blob, reply *Blob) error {
	reply.Data = args.Data
	return nil
}

// Fail fails with exactly that text.
func (Arith) Fail(args *Text, _ *Number) error {
	return errors.New(args.Text)
}

// Register makes a server with the services.
func Register() (*rpc.Server, error) {
	server := rpc.NewServer()
	return server, server.Register(Arith{})
}
