// A stock Go net/rpc server with the arith service, on TCP and through HTTP. Usage: go run ./server [address]
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/rpc"
	"os"

	"arith/api"
)

type Arith struct{}

func (Arith) Multiply(args api.Args, reply *int) error {
	*reply = args.A * args.B
	return nil
}

func (Arith) Divide(args api.Args, reply *api.Quotient) error {
	if args.B == 0 {
		return errors.New("divide by zero")
	}
	*reply = api.Quotient{Quo: args.A / args.B, Rem: args.A % args.B}
	return nil
}

func main() {
	address := "127.0.0.1:1234"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := rpc.Register(Arith{}); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on tcp://" + listener.Addr().String())
	rpc.Accept(listener)
}
