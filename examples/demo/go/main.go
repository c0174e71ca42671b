// Calls demo_server with Go's own net/rpc over each of its wires, a line each: client | wire | call | answer.
package main

import (
	"fmt"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
)

type Args struct {
	A, B int
}

type Quotient struct {
	Quo, Rem int
}

func main() {
	address := os.Args[1]
	wires := []struct {
		name string
		dial func() (*rpc.Client, error)
	}{
		{"gob, TCP", func() (*rpc.Client, error) { return rpc.Dial("tcp", address) }},
		{"gob, HTTP CONNECT", func() (*rpc.Client, error) { return rpc.DialHTTP("tcp", address) }},
		{"JSON-RPC 1.0, TCP", func() (*rpc.Client, error) { return jsonrpc.Dial("tcp", address) }},
	}
	failed := false
	for _, wire := range wires {
		answer := func(call string, err error, value interface{}) {
			text := fmt.Sprint(value)
			if err != nil {
				text = "error: " + err.Error()
			}
			fmt.Printf("Go|%s|%s|%s\n", wire.name, call, text)
		}
		client, err := wire.dial()
		if err != nil {
			answer("dial", err, nil)
			failed = true
			continue
		}
		var product int
		err = client.Call("Arith.Multiply", Args{6, 7}, &product)
		answer("Arith.Multiply 6 7", err, product)
		failed = failed || err != nil || product != 42
		var greeting string
		err = client.Call("HelloService.SayHello", "Go", &greeting)
		answer("HelloService.SayHello", err, greeting)
		failed = failed || err != nil || greeting != "Hello World:Go"
		err = client.Call("Arith.Divide", Args{1, 0}, &Quotient{})
		answer("Arith.Divide 1 0", err, "no error")
		failed = failed || err == nil || err.Error() != "divide by zero"
		client.Close()
	}
	if failed {
		os.Exit(1)
	}
}
