// A stock Go net/rpc client of the arith service. Usage: go run ./client [address]
package main

import (
	"fmt"
	"log"
	"net/rpc"
	"os"

	"arith/api"
)

func main() {
	address := "127.0.0.1:1234"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	client, err := rpc.DialHTTP("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	var product int
	if err := client.Call("Arith.Multiply", api.Args{A: 7, B: 8}, &product); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Arith: 7*8=%d\n", product)
	var quotient api.Quotient
	divide := client.Go("Arith.Divide", api.Args{A: 17, B: 5}, &quotient, nil)
	if call := <-divide.Done; call.Error != nil {
		log.Fatal(call.Error)
	}
	fmt.Printf("Arith: 17/5=%d remainder %d\n", quotient.Quo, quotient.Rem)
	fmt.Println("Arith: 1/0:", client.Call("Arith.Divide", api.Args{A: 1}, &quotient))
}
