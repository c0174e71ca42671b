package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"net/rpc"
	"strings"
	"sync"

	"polyrpc/interop/check"
	"polyrpc/interop/services"
)

// stillWorks makes a good call, to see that the connection has survived what was done to it.
func stillWorks(c *check.T, client *rpc.Client) {
	var product int64
	c.NoError(client.Call("Arith.Multiply", services.Args{A: 6, B: 7}, &product), "the call afterwards")
	c.Equal(product, int64(42), "the reply afterwards")
}

func pattern256(size int, seed byte) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i*7+i>>8) + seed
	}
	return data
}

// callChecks are those that go through a client, and so are the same for every wire.
func callChecks(suite *check.Suite, t target) {
	run := func(name string, f func(c *check.T, client *rpc.Client)) {
		suite.Run(t.wire+"/"+name, func(c *check.T) {
			client := t.client(c)
			defer client.Close()
			f(c, client)
		})
	}

	run("multiply", func(c *check.T, client *rpc.Client) {
		for _, args := range []services.Args{{A: 7, B: 8}, {}, {A: -1, B: 1}, {A: 1 << 31, B: 1 << 31}, {A: math.MinInt64, B: 1}} {
			product := int64(-12345)
			c.NoError(client.Call("Arith.Multiply", args, &product), "call")
			c.Equal(product, args.A*args.B, fmt.Sprint(args))
		}
	})
	run("multiply_by_pointer", func(c *check.T, client *rpc.Client) {
		var product int64
		c.NoError(client.Call("Arith.Multiply", &services.Args{A: 7, B: 8}, &product), "call")
		c.Equal(product, int64(56), "product")
	})
	run("divide", func(c *check.T, client *rpc.Client) {
		var quotient services.Quotient
		c.NoError(client.Call("Arith.Divide", services.Args{A: 17, B: 5}, &quotient), "call")
		c.Equal(quotient, services.Quotient{Quo: 3, Rem: 2}, "quotient")
	})
	run("upper", func(c *check.T, client *rpc.Client) {
		for _, text := range []string{"hello, wire 42", "", "gr\u00fc\u00dfe", "a\"b\\c\n\t\u0001", "<b>&amp;</b>", "\U0001F600 \u2028"} {
			var reply string
			c.NoError(client.Call("Arith.Upper", text, &reply), "call")
			var want string
			c.NoError(services.Arith{}.Upper(text, &want), "local")
			c.Equal(reply, want, text)
		}
	})
	run("sum", func(c *check.T, client *rpc.Client) {
		for _, numbers := range [][]int64{{3, -4, 5}, {7}, {}} {
			reply := map[string]int64{}
			c.NoError(client.Call("Arith.Sum", numbers, &reply), "call")
			var want map[string]int64
			c.NoError(services.Arith{}.Sum(numbers, &want), "local")
			c.Equal(reply, want, fmt.Sprint(numbers))
		}
	})
	run("nothing", func(c *check.T, client *rpc.Client) {
		var reply struct{}
		c.NoError(client.Call("Arith.Nothing", struct{}{}, &reply), "call")
		stillWorks(c, client)
	})
	run("echo", func(c *check.T, client *rpc.Client) {
		for _, size := range []int{0, 1, 32, 127, 128, 255, 256, 1 << 10, 4 << 10, 65535, 65536, 1 << 17} {
			args := services.EchoArgs{A: int64(size), B: -1, S: pattern256(size, 1)}
			var reply services.EchoArgs
			c.NoError(client.Call("Arith.Echo", args, &reply), "call")
			c.Equal(reply, args, fmt.Sprintf("%d bytes", size))
		}
	})
	run("echo_mebibyte", func(c *check.T, client *rpc.Client) {
		for i := 0; i < 4; i++ {
			args := services.EchoArgs{A: math.MaxInt64, B: math.MinInt64, S: pattern256(1<<20, byte(i))}
			var reply services.EchoArgs
			c.NoError(client.Call("Arith.Echo", args, &reply), "call")
			c.Equal(reply, args, "reply")
		}
	})
	run("echo_mebibytes_at_once", func(c *check.T, client *rpc.Client) {
		var calls []*rpc.Call
		for i := 0; i < 16; i++ {
			args := services.EchoArgs{A: int64(i), S: pattern256(1<<20, byte(i))}
			calls = append(calls, client.Go("Arith.Echo", args, new(services.EchoArgs), make(chan *rpc.Call, 1)))
		}
		for _, call := range calls {
			<-call.Done
			c.NoError(call.Error, "call")
			c.Equal(*call.Reply.(*services.EchoArgs), call.Args, "reply")
		}
	})
	run("hello", func(c *check.T, client *rpc.Client) {
		var reply string
		c.NoError(client.Call("HelloService.SayHello", "hello", &reply), "call")
		c.Equal(reply, "Hello World:hello", "SayHello")
		c.NoError(client.Call("HelloService.Hello", "wire", &reply), "call")
		c.Equal(reply, "hello:wire", "Hello")
	})

	// Every error text, and that the connection survives each.
	exact := []struct {
		name, method string
		args         interface{}
		want         string
	}{
		{"unknown_service", "Nobody.Multiply", services.Args{A: 1}, "rpc: can't find service Nobody.Multiply"},
		{"unknown_service_with_dots", "a.b.Arith.Multiply", services.Args{A: 1}, "rpc: can't find service a.b.Arith.Multiply"},
		{"unknown_method", "Arith.Modulo", services.Args{A: 1}, "rpc: can't find method Arith.Modulo"},
		{"method_in_lower_case", "Arith.multiply", services.Args{A: 1}, "rpc: can't find method Arith.multiply"},
		{"empty_method", "Arith.", services.Args{A: 1}, "rpc: can't find method Arith."},
		{"empty_service", ".Multiply", services.Args{A: 1}, "rpc: can't find service .Multiply"},
		{"name_without_dot", "Multiply", services.Args{A: 1}, "rpc: service/method request ill-formed: Multiply"},
		{"empty_name", "", services.Args{A: 1}, "rpc: service/method request ill-formed: "},
		{"handler_error", "Arith.Divide", services.Args{A: 1}, "divide by zero"},
		{"handler_error_of_any_text", "Arith.Fail", "50% \u00fcber \"quoted\"\nand a second line", "50% \u00fcber \"quoted\"\nand a second line"},
		{"unknown_with_large_body", "Arith.Nothing2", pattern256(300000, 0), "rpc: can't find method Arith.Nothing2"},
	}
	for _, e := range exact {
		e := e
		run("error/"+e.name, func(c *check.T, client *rpc.Client) {
			for i := 0; i < 2; i++ { // the second time, types and names are known
				reply := int64(77)
				err := client.Call(e.method, e.args, &reply)
				c.Error(err, e.want)
				if _, ok := err.(rpc.ServerError); !ok {
					c.Fatalf("the error is a %T, not one from the server", err)
				}
				c.Equal(reply, int64(77), "the reply of a failed call")
				stillWorks(c, client)
			}
		})
	}
	run("error/long_text", func(c *check.T, client *rpc.Client) {
		text := strings.Repeat("a long way to say no. ", 2000)
		c.Error(client.Call("Arith.Fail", text, new(services.Empty)), text)
		stillWorks(c, client)
	})
	type noneOfThem struct{ P, Q string }
	type textA struct{ A, B string }
	type int64Only struct{ Int8 int64 }
	prefixes := []struct {
		name, method string
		args         interface{}
		gob, json    string
	}{
		{"text_for_struct", "Arith.Multiply", "seven", "gob: type mismatch in decoder: want struct type ", "json: cannot unmarshal string"},
		{"no_field_in_common", "Arith.Multiply", noneOfThem{"x", "y"}, "gob: type mismatch: no fields matched compiling decoder for ", ""},
		{"field_of_wrong_type", "Arith.Multiply", textA{"x", "y"}, "gob: wrong type (", "json: cannot unmarshal string"},
		{"number_for_text", "Arith.Upper", int64(3), "gob: decoding into local type ", "json: cannot unmarshal number"},
		{"struct_for_list", "Arith.Sum", services.Args{A: 1}, "gob: ", "json: cannot unmarshal object"},
		{"number_out_of_range", "Types.Integers", int64Only{300}, "value for \"Int8\" out of range", "json: cannot unmarshal number"},
	}
	for _, p := range prefixes {
		p := p
		run("error/"+p.name, func(c *check.T, client *rpc.Client) {
			want := p.gob
			if t.isJSON() {
				want = p.json
			}
			if want == "" {
				c.Skip("no error in JSON")
			}
			for i := 0; i < 2; i++ {
				err := client.Call(p.method, p.args, nil)
				c.ErrorPrefix(err, want)
				if _, ok := err.(rpc.ServerError); !ok {
					c.Fatalf("the error is a %T, not one from the server", err)
				}
				stillWorks(c, client)
			}
		})
	}

	run("pipeline", func(c *check.T, client *rpc.Client) {
		const calls = 1000
		done := make(chan *rpc.Call, calls)
		for i := int64(0); i < calls; i++ {
			client.Go("Arith.Multiply", services.Args{A: i, B: i + 1}, new(int64), done)
		}
		for i := 0; i < calls; i++ {
			call := <-done
			c.NoError(call.Error, "call")
			args := call.Args.(services.Args)
			c.Equal(*call.Reply.(*int64), args.A*args.B, "product")
		}
	})
	run("pipeline_mixed", func(c *check.T, client *rpc.Client) {
		// Good calls, handler errors, name errors and argument errors, all on their way at once.
		const calls = 1000
		done := make(chan *rpc.Call, calls)
		for i := int64(0); i < calls; i++ {
			switch i % 5 {
			case 0:
				client.Go("Arith.Divide", services.Args{A: i, B: 3}, new(services.Quotient), done)
			case 1:
				client.Go("Arith.Divide", services.Args{A: i}, new(services.Quotient), done)
			case 2:
				client.Go("Arith.Modulo", services.Args{A: i}, new(int64), done)
			case 3:
				client.Go("Arith.Multiply", "text", new(int64), done)
			case 4:
				client.Go("Arith.Echo", services.EchoArgs{A: i, S: pattern256(int(i)*3, byte(i))}, new(services.EchoArgs), done)
			}
		}
		for i := 0; i < calls; i++ {
			call := <-done
			switch reply := call.Reply.(type) {
			case *services.Quotient:
				args := call.Args.(services.Args)
				if args.B == 0 {
					c.Error(call.Error, "divide by zero")
				} else {
					c.NoError(call.Error, "divide")
					c.Equal(*reply, services.Quotient{Quo: args.A / 3, Rem: args.A % 3}, "quotient")
				}
			case *services.EchoArgs:
				c.NoError(call.Error, "echo")
				c.Equal(*reply, call.Args, "echo")
			default:
				if call.ServiceMethod == "Arith.Modulo" {
					c.Error(call.Error, "rpc: can't find method Arith.Modulo")
				} else if call.Error == nil {
					c.Fatalf("text was taken for a struct")
				}
			}
		}
		stillWorks(c, client)
	})
	run("fast_overtakes_slow", func(c *check.T, client *rpc.Client) {
		done := make(chan *rpc.Call, 3)
		client.Go("Arith.Sleep", int64(400), new(int64), done)
		client.Go("Arith.Sleep", int64(200), new(int64), done)
		client.Go("Arith.Multiply", services.Args{A: 2, B: 3}, new(int64), done)
		for _, want := range []int64{6, 200, 400} {
			call := <-done
			c.NoError(call.Error, "call")
			c.Equal(*call.Reply.(*int64), want, "reply, in order of completion")
		}
	})
	run("sleepers_sleep_at_once", func(c *check.T, client *rpc.Client) {
		// One after the other they would take 100 seconds.
		done := make(chan *rpc.Call, 200)
		for i := 0; i < 200; i++ {
			client.Go("Arith.Sleep", int64(500), new(int64), done)
		}
		for i := 0; i < 200; i++ {
			c.NoError((<-done).Error, "call")
		}
	})
	suite.Run(t.wire+"/many_clients", func(c *check.T) {
		const clients, calls = 50, 100
		failures := make(chan error, clients)
		for i := 0; i < clients; i++ {
			go func(seed int64) { failures <- manyCalls(t, seed, calls) }(int64(i))
		}
		for i := 0; i < clients; i++ {
			c.NoError(<-failures, "one of the clients")
		}
	})
	suite.Run(t.wire+"/one_client_many_goroutines", func(c *check.T) {
		client := t.client(c)
		defer client.Close()
		var group sync.WaitGroup
		failures := make(chan error, 50)
		for i := 0; i < 50; i++ {
			group.Add(1)
			go func(seed int64) {
				defer group.Done()
				failures <- callsOn(client, seed, 50)
			}(int64(i))
		}
		group.Wait()
		for i := 0; i < 50; i++ {
			c.NoError(<-failures, "one of the goroutines")
		}
	})
	suite.Run(t.wire+"/close_with_calls_in_flight", func(c *check.T) {
		for round := 0; round < 5; round++ {
			client := t.client(c)
			done := make(chan *rpc.Call, 100)
			for i := 0; i < 100; i++ {
				client.Go("Arith.Sleep", int64(300), new(int64), done)
			}
			c.NoError(client.Close(), "close")
			for i := 0; i < 100; i++ {
				if call := <-done; call.Error == nil {
					c.Fatalf("a call succeeded on a closed client")
				}
			}
			c.Error(client.Call("Arith.Multiply", services.Args{}, new(int64)), "connection is shut down")
			c.Error(client.Close(), "connection is shut down")
			other := t.client(c)
			stillWorks(c, other)
			other.Close()
		}
	})
	suite.Run(t.wire+"/reset_with_calls_in_flight", func(c *check.T) {
		conn := t.conn(c)
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			conn.Close()
			c.Skip("not TCP")
		}
		client := t.wrap(conn)
		for i := 0; i < 100; i++ {
			client.Go("Arith.Sleep", int64(100), new(int64), make(chan *rpc.Call, 1))
		}
		tcp.SetLinger(0)
		client.Close()
		other := t.client(c)
		defer other.Close()
		c.NoError(other.Call("Arith.Sleep", int64(200), new(int64)), "a call that outlasts the others")
		stillWorks(c, other)
	})
	run("reader_that_waits", func(c *check.T, client *rpc.Client) {
		// Another client asks for much and does not read; this one must not notice.
		conn := t.conn(c)
		defer conn.Close()
		gate := &gatedConn{Conn: conn, open: make(chan struct{})}
		slow := t.wrap(gate)
		done := make(chan *rpc.Call, 64)
		go func() {
			for i := 0; i < 64; i++ {
				slow.Go("Arith.Echo", services.EchoArgs{A: int64(i), S: pattern256(1<<20, byte(i))}, new(services.EchoArgs), done)
			}
		}()
		if err := callsOn(client, 5, 500); err != nil {
			c.Fatalf("the other client: %v", err)
		}
		close(gate.open)
		for i := 0; i < 64; i++ {
			call := <-done
			c.NoError(call.Error, "a call of the one that waited")
			c.Equal(*call.Reply.(*services.EchoArgs), call.Args, "its reply")
		}
	})
}

// gatedConn reads nothing before it is opened.
type gatedConn struct {
	net.Conn
	open chan struct{}
}

func (g *gatedConn) Read(into []byte) (int, error) {
	<-g.open
	return g.Conn.Read(into)
}

func manyCalls(t target, seed int64, calls int) error {
	client, err := t.dial()
	if err != nil {
		return err
	}
	defer client.Close()
	return callsOn(client, seed, calls)
}

func callsOn(client *rpc.Client, seed int64, calls int) error {
	for i := int64(0); i < int64(calls); i++ {
		var product int64
		if err := client.Call("Arith.Multiply", services.Args{A: seed, B: i}, &product); err != nil {
			return err
		}
		if product != seed*i {
			return fmt.Errorf("%d times %d is said to be %d", seed, i, product)
		}
		if i%10 != 0 {
			continue
		}
		args := services.EchoArgs{A: seed, B: i, S: pattern256(int(i)*20, byte(seed))}
		var reply services.EchoArgs
		if err := client.Call("Arith.Echo", args, &reply); err != nil {
			return err
		}
		if reply.A != args.A || reply.B != args.B || !bytes.Equal(reply.S, args.S) {
			return errors.New("an echo came back changed")
		}
	}
	return nil
}
