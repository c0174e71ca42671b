// Command cancel_server serves with github.com/keegancsmith/rpc, Go's net/rpc with cancellation as _goRPC_.Cancel.
//
// It prints "listening tcp ADDRESS" and then "ready", and stops when its standard input closes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"time"

	"github.com/keegancsmith/rpc"

	"polyrpc/interop/services"
)

// Cancellable is a service whose calls can be cancelled, and that counts them.
type Cancellable struct {
	mutex  *sync.Mutex
	counts *services.CancelCounts
}

// Wait waits for so many milliseconds, or until it is cancelled.
func (c Cancellable) Wait(ctx context.Context, milliseconds int64, reply *string) error {
	c.count(func(counts *services.CancelCounts) { counts.Started++; counts.Running++ })
	timer := time.NewTimer(time.Duration(milliseconds) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		c.count(func(counts *services.CancelCounts) { counts.Running-- })
		*reply = "waited"
		return nil
	case <-ctx.Done():
		c.count(func(counts *services.CancelCounts) { counts.Running--; counts.Cancelled++ })
		return ctx.Err()
	}
}

func (c Cancellable) Counts(_ context.Context, _ struct{}, reply *services.CancelCounts) error {
	c.count(func(counts *services.CancelCounts) { *reply = *counts })
	return nil
}

func (c Cancellable) count(f func(*services.CancelCounts)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	f(c.counts)
}

func main() {
	tcp := flag.String("tcp", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	if err := rpc.Register(Cancellable{new(sync.Mutex), new(services.CancelCounts)}); err != nil {
		log.Fatalf("cancel_server: %v", err)
	}
	listener, err := net.Listen("tcp", *tcp)
	if err != nil {
		log.Fatalf("cancel_server: %v", err)
	}
	fmt.Printf("listening tcp %s\nready\n", listener.Addr())
	go rpc.Accept(listener)
	io.Copy(io.Discard, os.Stdin)
}
