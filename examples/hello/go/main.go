// Calls HelloService.SayHello with Go's own net/rpc, over each of its three wires. Usage: go run ./go [host:port]
package main

import (
	"fmt"
	"log"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
)

func main() {
	address := "127.0.0.1:1234"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	dials := []func() (*rpc.Client, error){
		func() (*rpc.Client, error) { return rpc.Dial("tcp", address) },
		func() (*rpc.Client, error) { return rpc.DialHTTP("tcp", address) },
		func() (*rpc.Client, error) { return jsonrpc.Dial("tcp", address) },
	}
	for _, dial := range dials {
		client, err := dial()
		if err != nil {
			log.Fatal(err)
		}
		var greeting string
		if err := client.Call("HelloService.SayHello", "hello", &greeting); err != nil {
			log.Fatal(err)
		}
		fmt.Println("Go:", greeting)
		client.Close()
	}
}
