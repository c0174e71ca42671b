// Command cancel_client checks that a cancelled context reaches the server as _goRPC_.Cancel, with
// github.com/keegancsmith/rpc as the client. It prints a line per check and exits with 1 if one failed.
package main

import (
	"context"
	"encoding/gob"
	"errors"
	"flag"
	"fmt"
	"net"
	"time"

	"github.com/keegancsmith/rpc"

	"polyrpc/interop/check"
	"polyrpc/interop/services"
)

const forever = int64(600_000) // milliseconds; every wait for it is cancelled

var patience = flag.Duration("timeout", 60*time.Second, "how long one check may take")

func counts(c *check.T, client *rpc.Client) services.CancelCounts {
	var reply services.CancelCounts
	c.NoError(client.Call(context.Background(), "Cancellable.Counts", struct{}{}, &reply), "Counts")
	return reply
}

// until asks for the counts until they are as wanted.
func until(c *check.T, client *rpc.Client, what string, good func(services.CancelCounts) bool) {
	for end := time.Now().Add(*patience / 2); ; time.Sleep(5 * time.Millisecond) {
		now := counts(c, client)
		if good(now) {
			return
		}
		if time.Now().After(end) {
			c.Fatalf("%s: the counts stay at %+v", what, now)
		}
	}
}

func wait(ctx context.Context, client *rpc.Client, result chan<- error) {
	result <- client.Call(ctx, "Cancellable.Wait", forever, new(string))
}

func main() {
	address := flag.String("tcp", "", "the server's address")
	flag.Parse()
	suite := &check.Suite{Timeout: *patience}
	run := func(name string, f func(c *check.T, client *rpc.Client)) {
		suite.Run("cancel/"+name, func(c *check.T) {
			client, err := rpc.Dial("tcp", *address)
			c.NoError(err, "dial")
			defer client.Close()
			f(c, client)
		})
	}

	run("not_cancelled", func(c *check.T, client *rpc.Client) {
		var reply string
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c.NoError(client.Call(ctx, "Cancellable.Wait", int64(10), &reply), "Wait")
		c.Equal(reply, "waited", "reply")
	})
	run("context_is_cancelled", func(c *check.T, client *rpc.Client) {
		for round := 0; round < 10; round++ {
			before := counts(c, client)
			ctx, cancel := context.WithCancel(context.Background())
			result := make(chan error, 1)
			go wait(ctx, client, result)
			until(c, client, "the call starts", func(now services.CancelCounts) bool { return now.Started == before.Started+1 })
			cancel()
			if err := <-result; !errors.Is(err, context.Canceled) {
				c.Fatalf("the call ends with %v", err)
			}
			until(c, client, "the call is cancelled", func(now services.CancelCounts) bool {
				return now.Cancelled == before.Cancelled+1 && now.Running == before.Running
			})
		}
	})
	run("deadline_passes", func(c *check.T, client *rpc.Client) {
		before := counts(c, client)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		err := client.Call(ctx, "Cancellable.Wait", forever, new(string))
		if !errors.Is(err, context.DeadlineExceeded) {
			c.Fatalf("the call ends with %v", err)
		}
		until(c, client, "the call is cancelled", func(now services.CancelCounts) bool { return now.Cancelled == before.Cancelled+1 })
	})
	run("one_of_many", func(c *check.T, client *rpc.Client) {
		const calls = 100
		before := counts(c, client)
		rest, cancelRest := context.WithCancel(context.Background())
		one, cancelOne := context.WithCancel(context.Background())
		results, oneResult := make(chan error, calls), make(chan error, 1)
		for i := 0; i < calls; i++ {
			go wait(rest, client, results)
		}
		go wait(one, client, oneResult)
		until(c, client, "all calls start", func(now services.CancelCounts) bool { return now.Started == before.Started+calls+1 })
		cancelOne()
		if err := <-oneResult; !errors.Is(err, context.Canceled) {
			c.Fatalf("the call ends with %v", err)
		}
		until(c, client, "one is cancelled", func(now services.CancelCounts) bool { return now.Cancelled == before.Cancelled+1 })
		c.Equal(counts(c, client).Running, before.Running+calls, "calls still running")
		cancelRest()
		for i := 0; i < calls; i++ {
			if err := <-results; !errors.Is(err, context.Canceled) {
				c.Fatalf("a call ends with %v", err)
			}
		}
		until(c, client, "all are cancelled", func(now services.CancelCounts) bool { return now.Cancelled == before.Cancelled+calls+1 })
	})
	suite.Run("cancel/on_the_wire", func(c *check.T) {
		conn, err := net.Dial("tcp", *address)
		c.NoError(err, "dial")
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(*patience))
		encoder, decoder := gob.NewEncoder(conn), gob.NewDecoder(conn)
		send := func(method string, seq uint64, args interface{}) {
			type Request struct {
				ServiceMethod string
				Seq           uint64
			}
			c.NoError(encoder.Encode(Request{method, seq}), "encode the header")
			c.NoError(encoder.Encode(args), "encode the argument")
		}
		type CancelArgs struct{ Seq uint64 }
		type header struct {
			ServiceMethod string
			Seq           uint64
			Error         string
		}
		// reply reads the next one, a bool or a text; both ends agree on which by the method.
		reply := func() header {
			var head header
			c.NoError(decoder.Decode(&head), "read a header")
			var body interface{} = new(string)
			switch {
			case head.Error != "":
				body = new(struct{})
			case head.ServiceMethod == "_goRPC_.Cancel":
				body = new(bool)
			case head.ServiceMethod == "Cancellable.Counts":
				body = new(services.CancelCounts)
			}
			c.NoError(decoder.Decode(body), fmt.Sprintf("read the body after %+v", head))
			return head
		}

		// A call that was never made, or has ended, can be cancelled without harm.
		for _, seq := range []uint64{0, 77, 1<<64 - 1} {
			send("_goRPC_.Cancel", 5, CancelArgs{seq})
			c.Equal(reply(), header{ServiceMethod: "_goRPC_.Cancel", Seq: 5}, "reply")
		}
		send("Cancellable.Wait", 6, int64(1))
		c.Equal(reply(), header{ServiceMethod: "Cancellable.Wait", Seq: 6}, "reply")
		send("_goRPC_.Cancel", 7, CancelArgs{6})
		c.Equal(reply(), header{ServiceMethod: "_goRPC_.Cancel", Seq: 7}, "reply")

		// A cancelled call is answered like any other, with an error. Its start is awaited, because Go starts a
		// method at any time after it has read the request.
		counter, err := rpc.Dial("tcp", *address)
		c.NoError(err, "dial")
		defer counter.Close()
		started := counts(c, counter).Started
		send("Cancellable.Wait", 8, forever)
		until(c, counter, "the call starts", func(now services.CancelCounts) bool { return now.Started == started+1 })
		send("_goRPC_.Cancel", 9, CancelArgs{8})
		seen := map[uint64]header{}
		for i := 0; i < 2; i++ {
			head := reply()
			seen[head.Seq] = head
		}
		c.Equal(seen[9], header{ServiceMethod: "_goRPC_.Cancel", Seq: 9}, "reply to the cancelling")
		if seen[8].Error == "" {
			c.Fatalf("the reply to the cancelled call is %+v", seen[8])
		}
		send("Cancellable.Counts", 10, struct{}{})
		c.Equal(reply(), header{ServiceMethod: "Cancellable.Counts", Seq: 10}, "reply afterwards")
	})
	suite.Exit()
}
