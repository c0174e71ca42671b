package peer

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/rpc"
	"os"

	"polyrpc/interop/protorpc/arith"
)

// Serve is a whole program that serves ../arith with codec. snappy and checksum are what the codec sends, for the command
// line to set.
//
// It prints "listening tcp ADDRESS" and then "ready", and stops when its standard input closes.
func Serve(codec func(io.ReadWriteCloser) rpc.ServerCodec, snappy, checksum *bool) {
	tcp := flag.String("tcp", "127.0.0.1:0", "address to listen on")
	flag.BoolVar(snappy, "snappy", true, "compress replies")
	flag.BoolVar(checksum, "checksum", true, "send checksums")
	flag.Parse()
	server, err := arith.Register()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *tcp)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening tcp %s\nready\n", listener.Addr())
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go server.ServeCodec(codec(connection))
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}
