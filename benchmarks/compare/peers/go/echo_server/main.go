// Command echo_server serves Echo.Echo with Go's net/rpc. It prints "listening tcp ADDRESS", and on SIGUSR1
// "allocations N", and stops when its standard input closes.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"polyrpc/benchmarks/go/echo"
)

func main() {
	wire := flag.String("wire", "gob", "gob, gob-connect or json1")
	port := flag.Int("port", 0, "0: any")
	procs := flag.Int("procs", 1, "GOMAXPROCS")
	flag.Parse()
	runtime.GOMAXPROCS(*procs)

	if err := rpc.Register(echo.Echo{}); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	accept := func(serve func(io.ReadWriteCloser)) {
		for {
			conn, err := listener.Accept()
			if err != nil {
				log.Fatal(err)
			}
			go serve(conn)
		}
	}
	switch *wire {
	case "gob":
		go accept(rpc.ServeConn)
	case "json1":
		go accept(jsonrpc.ServeConn)
	case "gob-connect":
		rpc.HandleHTTP()
		go func() { log.Fatal(http.Serve(listener, nil)) }()
	default:
		log.Fatalf("no wire %q", *wire)
	}
	fmt.Printf("listening tcp %s\n", listener.Addr())

	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			fmt.Printf("allocations %d\n", stats.Mallocs)
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}
