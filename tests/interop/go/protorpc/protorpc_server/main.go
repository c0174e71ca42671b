// Command protorpc_server serves the services of ../arith in the envelope of chai2010/protorpc.
//
// It prints "listening tcp ADDRESS" and then "ready", and stops when its standard input closes.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"polyrpc/interop/protorpc/arith"
	"polyrpc/interop/protorpc/envelope"
)

func main() {
	tcp := flag.String("tcp", "127.0.0.1:0", "address to listen on")
	flag.BoolVar(&envelope.UseSnappy, "snappy", true, "compress replies")
	flag.BoolVar(&envelope.UseChecksum, "checksum", true, "send checksums")
	flag.Parse()
	server, err := arith.Register()
	if err != nil {
		log.Fatalf("protorpc_server: %v", err)
	}
	listener, err := net.Listen("tcp", *tcp)
	if err != nil {
		log.Fatalf("protorpc_server: %v", err)
	}
	fmt.Printf("listening tcp %s\nready\n", listener.Addr())
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go server.ServeCodec(envelope.NewServerCodec(connection))
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}
